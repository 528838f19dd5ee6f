#include "cli/reach_answer.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "cli/decider.h"
#include "compiler/diagnostics/render.h"
#include "compiler/registry/registry.h"

namespace portpolicy::cli {

namespace {

using review::Access;
using review::Question;
using review::Reach;
using review::Reached;

constexpr std::size_t widest = 46;  // columns of a list
constexpr std::size_t most_services = 40, most_rows = 25, most_boxes = 6, most_words = 8;

/// Two columns: who, in lines that are not too long, and beside it why.
struct Row {
  std::string verdict;
  std::vector<std::string> who, why;
};

/// Whether a set is all that was asked about, in the families that there are.
bool is_asked(const AddressSet& set, const AddressSet& asked, const AddressSet& families_of) {
  return (families_of.v4.empty() || set.v4 == asked.v4) && (families_of.v6.empty() || set.v6 == asked.v6);
}

class Text {
 public:
  Text(const Graph& graph, const SetWords& words, const Question& question, const std::string& asked,
       const SourceMap& sources)
      : graph_(graph), words_(words), question_(question), asked_(asked), sources_(sources) {}

  std::string of(const Reach& reach) const;

 private:
  std::string heading() const;
  std::string services(const Reached& reached, bool is_last, bool is_only) const;
  std::vector<Row> rows(const Reached& reached) const;
  /// What is allowed first; the default last when it takes many words.
  std::vector<const Access*> in_order(const Reached& reached) const;
  bool is_long(const Access& access) const;
  std::vector<std::string> who(const Box& box, const Box& asked) const;
  std::vector<std::string> conditions(const Box& box, const Box& asked) const;
  std::vector<std::string> who(const std::vector<Box>& boxes, const Box& asked) const;
  std::vector<std::string> why(const Access& access) const;
  std::string addresses(const AddressSet& set) const { return listed(words_.addresses(set), most_words); }

  const Graph& graph_;
  const SetWords& words_;
  const Question& question_;
  const std::string& asked_;
  const SourceMap& sources_;
};

/// ` (http, https)` where the registry knows these very ports.
std::string names_of(const std::vector<Transport>& services) {
  std::vector<std::string> names;
  const auto add = [&](Protocol protocol, Interval<std::uint16_t> range) {
    for (const registry::Service& service : registry::services())
      for (const registry::Use& use : service.uses)
        if (use.protocol == protocol && use.first.number() == range.first && use.last.number() == range.last &&
            std::ranges::find(names, service.name) == names.end())
          names.emplace_back(service.name);
  };
  for (const Transport& transport : services) {
    if (!has_ports(transport.protocol) || transport.ports.intervals().size() > most_words) return {};
    for (const Interval<std::uint16_t>& range : transport.ports.intervals()) add(transport.protocol, range);
  }
  return names.empty() ? "" : " (" + listed(names, most_words) + ")";
}

std::string Text::services(const Reached& reached, bool is_last, bool is_only) const {
  if (question_.services.empty() && is_only) return "every service";
  if (question_.services.empty() && is_last) return "every other service";
  return listed_services(reached.services, most_words) + names_of(reached.services);
}

std::string Text::heading() const {
  const std::string text = std::string(to_string(question_.direction)) + escaped(asked_);
  switch (question_.direction) {
    case Direction::inbound:
      return text + ", by source:";
    case Direction::outbound:
      return text + ", by destination:";
    case Direction::forward:
      return text + ", by source and destination:";
  }
  std::unreachable();
}

/// Words in lines; those behind the first are set in.
std::vector<std::string> lines_of(const std::vector<std::string>& words) {
  std::vector<std::string> lines;
  for (const std::string& word : words) {
    if (lines.empty()) lines.push_back(word);
    else if (lines.back().size() + 1 + word.size() > widest) lines.push_back("  " + word);
    else lines.back() += " " + word;
  }
  return lines;
}

/// The first words of a list, each with its comma.
std::vector<std::string> punctuated(std::vector<std::string> words) {
  const std::size_t count = words.size();
  words.resize(std::min(count, most_words));
  for (std::size_t i = 0; i + 1 < words.size(); ++i) words[i] += ",";
  if (count > most_words) words.push_back("and " + std::to_string(count - most_words) + " more");
  return words;
}

std::string ports(const PortSet& set) {
  std::vector<std::string> words;
  for (const auto& range : set.intervals()) words.push_back(to_string(PortSet::of(range)));
  return listed(words, most_words);
}

std::vector<std::string> Text::conditions(const Box& box, const Box& asked) const {
  std::vector<std::string> only;
  if (question_.direction == Direction::inbound && !is_asked(box.destination, asked.destination, box.source))
    only.push_back("to " + addresses(box.destination));
  if (question_.direction == Direction::outbound && !is_asked(box.source, asked.source, box.destination))
    only.push_back("from " + addresses(box.source));
  if (box.in != asked.in) only.push_back("in " + words_.interfaces(box.in));
  if (box.out != asked.out) only.push_back("out " + words_.interfaces(box.out));
  if (box.source_ports != asked.source_ports) only.push_back("source port " + ports(box.source_ports));
  for (std::size_t i = 0; i < only.size(); ++i) only[i].insert(0, i == 0 ? "only " : "and ");
  return only;
}

std::vector<std::string> Text::who(const Box& box, const Box& asked) const {
  const auto side = [&](const AddressSet& set, const AddressSet& all, const AddressSet& question) {
    return set == all && question.is_all() ? std::vector<std::string>{"any"} : punctuated(words_.addresses(set));
  };
  std::vector<std::string> words;
  if (question_.direction != Direction::outbound) words = side(box.source, asked.source, question_.from);
  if (question_.direction == Direction::forward) words.push_back("->");
  if (question_.direction != Direction::inbound)
    std::ranges::move(side(box.destination, asked.destination, question_.to), std::back_inserter(words));
  std::vector<std::string> only = conditions(box, asked);
  if (!only.empty()) words.back() += ",";
  std::ranges::move(only, std::back_inserter(words));
  return lines_of(words);
}

std::vector<std::string> Text::who(const std::vector<Box>& boxes, const Box& asked) const {
  std::vector<std::string> lines;
  for (const Box& box : std::span(boxes).first(std::min(boxes.size(), most_boxes)))
    std::ranges::move(who(box, asked), std::back_inserter(lines));
  if (boxes.size() > most_boxes) lines.push_back("and " + std::to_string(boxes.size() - most_boxes) + " more");
  return lines;
}

std::vector<std::string> Text::why(const Access& access) const {
  constexpr std::size_t most = 4;
  const auto by = [&](const Decision& decision) { return decider(graph_, decision, question_.direction, sources_); };
  std::vector<std::string> lines{by(access.decision)};
  if (access.over_limit.empty()) return lines;
  lines.push_back("limited to " + to_string(*access.decision.rule->limit));
  const std::size_t count = access.over_limit.size();
  if (count > 1) lines.push_back("with limits exhausted, one of these:");
  for (const Access& over : std::span(access.over_limit).first(std::min(count, most)))
    lines.push_back((count == 1 ? "with limits exhausted: " : "  ") + std::string(verdict_word(over.decision)) +
                    "  by " + by(over.decision));
  if (count > most) lines.push_back("  and " + std::to_string(count - most) + " more");
  return lines;
}

/// Whether a row says this of all packets of its addresses.
bool is_whole(const Box& box, const Box& asked, Direction direction) {
  const bool sources = direction == Direction::outbound;
  const bool whole =
      direction == Direction::forward || (sources ? is_asked(box.source, asked.source, box.destination)
                                                  : is_asked(box.destination, asked.destination, box.source));
  return whole && box.in == asked.in && box.out == asked.out && box.source_ports == asked.source_ports;
}

bool Text::is_long(const Access& access) const {
  if (access.packets.size() > 1) return true;
  const Box& box = access.packets.front();
  return words_.addresses(question_.direction == Direction::outbound ? box.destination : box.source).size() > 3;
}

std::vector<const Access*> Text::in_order(const Reached& reached) const {
  std::vector<const Access*> order;
  for (const Access& access : reached.access) order.push_back(&access);
  const auto is_first = [&](const Access* access) {
    const bool by_default = access->decision.rule == nullptr && !access->decision.base;
    return access->decision.verdict == Verdict::allow && !(by_default && is_long(*access));
  };
  std::ranges::stable_partition(order, is_first);
  return order;
}

std::vector<Row> Text::rows(const Reached& reached) const {
  const std::vector<const Access*> order = in_order(reached);
  const bool whole = std::ranges::all_of(reached.access, [&](const Access& access) {
    return std::ranges::all_of(access.packets,
                               [&](const Box& box) { return is_whole(box, reached.asked, question_.direction); });
  });
  std::vector<Row> rows;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order.size() > most_rows && i == most_rows - 1) {
      const std::size_t last = order.size() - 1;
      rows.push_back({"...", {std::to_string(last - i) + " more rows: --format json has them"}, {}});
      i = last;
    }
    const Access* const access = order[i];
    const bool by_default = access->decision.rule == nullptr && !access->decision.base;
    const bool is_rest = order.size() > 1 && access == order.back() && (by_default || is_long(*access));
    rows.push_back({std::string(verdict_word(access->decision)), {whole ? "any other" : "all else"}, why(*access)});
    if (!is_rest) rows.back().who = who(access->packets, reached.asked);
  }
  return rows;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string table(const std::vector<Row>& rows) {
  constexpr std::size_t indent = 10;  // behind the verdict
  constexpr std::size_t least = 20;   // so that what stands below a long line is seen to be beside it
  std::size_t width = 0;
  for (const Row& row : rows)
    for (const std::string& line : row.who) width = std::max(width, line.size() <= widest ? line.size() : least);
  std::string text;
  for (const Row& row : rows) {
    std::vector<std::string> lines;
    for (const std::string& line : row.who) lines.push_back(std::string(indent, ' ') + line);
    lines[0].replace(2, row.verdict.size(), row.verdict);
    // Beside them from the first line on that leaves room.
    std::size_t at = 0;
    for (std::size_t i = 0; i < lines.size(); ++i)
      if (row.who[i].size() > width) at = i + 1;
    lines.resize(std::max(lines.size(), at + row.why.size()));
    for (std::size_t i = 0; i < row.why.size(); ++i)
      lines[at + i] = padded(lines[at + i], indent + width + 2) + row.why[i];
    for (const std::string& line : lines) text += line + "\n";
  }
  return text;
}

std::string Text::of(const Reach& reach) const {
  std::string text;
  const std::size_t count = reach.reached.size();
  for (std::size_t i = 0; i < count; ++i) {
    const bool last = i + 1 == count;
    if (i >= most_services && !last) continue;
    if (last && count > most_services + 1)
      text += "and " + std::to_string(count - most_services - 1) +
              " more services that differ: name some with --service, or ask with --format json\n\n";
    text += services(reach.reached[i], last, count == 1) + " " + heading() + "\n";
    text += table(rows(reach.reached[i]));
    if (!last) text += "\n";
  }
  return text;
}

using Json = nlohmann::ordered_json;

Json ranges(const AddressSet& set) {
  Json list = Json::array();
  for (const Family family : families)
    for (const AddressRange& range : set.ranges(family)) list.push_back(to_string(range));
  return list;
}

Json terms(const InterfaceSet& set) {
  Json list = Json::array();
  for (const InterfaceSet::Term& term : set.terms()) {
    if (term.except.empty()) {
      list.push_back(to_string(term.pattern));
      continue;
    }
    Json except = Json::array();
    for (const InterfacePattern& pattern : term.except) except.push_back(to_string(pattern));
    list.push_back({{"any", to_string(term.pattern)}, {"except", except}});
  }
  return list;
}

Json port_ranges(const PortSet& set) {
  Json list = Json::array();
  for (const auto& range : set.intervals()) list.push_back(to_string(PortSet::of(range)));
  return list;
}

Json packets(const Box& box, Direction direction) {
  Json json{{"source", ranges(box.source)}, {"destination", ranges(box.destination)}};
  if (direction != Direction::outbound) json["in"] = terms(box.in);
  if (direction != Direction::inbound) json["out"] = terms(box.out);
  json["source_port"] = port_ranges(box.source_ports);
  return json;
}

Json access_json(const Access& access, const Graph& graph, Direction direction, const SourceMap& sources) {
  const std::optional<Span> where = place(graph, access.decision, direction);
  Json json{{"verdict", verdict_word(access.decision)}, {"decided_by", decided_by(access.decision)}};
  json["file"] = where ? Json(sources.path(where->file)) : Json();
  json["line"] = where ? Json(sources.begin(*where).line) : Json();
  json["packets"] = Json::array();
  for (const Box& box : access.packets) json["packets"].push_back(packets(box, direction));
  if (access.over_limit.empty()) return json;
  json["limit"] = to_string(*access.decision.rule->limit);
  json["over_limit"] = Json::array();
  for (const Access& over : access.over_limit)
    json["over_limit"].push_back(access_json(over, graph, direction, sources));
  return json;
}

}  // namespace

std::string reach_text(const Graph& graph, const SetWords& words, const Question& question, const std::string& asked,
                       const Reach& reach, const SourceMap& sources) {
  return Text(graph, words, question, asked, sources).of(reach);
}

std::string reach_json(const Graph& graph, const Question& question, const Reach& reach, const SourceMap& sources) {
  Json json{{"format_version", 1}, {"direction", to_string(question.direction)}, {"managed", reach.managed}};
  Json& services = json["services"] = Json::array();
  for (const Reached& reached : reach.reached) {
    Json& one = services.emplace_back();
    one["service"] = words_of(reached.services);
    one["asked"] = packets(reached.asked, question.direction);
    one["access"] = Json::array();
    for (const Access& each : reached.access)
      one["access"].push_back(access_json(each, graph, question.direction, sources));
  }
  return json.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace portpolicy::cli
