#include "cli/explanation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "cli/decider.h"
#include "compiler/diagnostics/render.h"

namespace portpolicy::cli {

namespace {

/// What was asked on the way to the verdict, and the answer.
struct Step {
  std::string name;
  std::string answer;
};

class Explanation {
 public:
  Explanation(const Graph& graph, const SetWords& words, const Packet& packet, const SourceMap& sources)
      : graph_(graph),
        words_(words),
        packet_(packet),
        sources_(sources),
        rules_(graph.section(packet.direction).rules),
        decision_(evaluate(graph, packet, Limits::hold)),
        over_limit_(evaluate(graph, packet, Limits::exhausted)) {
    for (std::size_t i = index_of(decision_.rule); decision_.rule != nullptr && i < index_of(over_limit_.rule); ++i)
      if (rules_[i].limit && matches(graph, rules_[i].packets, packet)) limited_.push_back(&rules_[i]);
  }

  std::string text() const;

 private:
  /// Of no rule: the end.
  std::size_t index_of(const Rule* rule) const {
    return rule == nullptr ? rules_.size() : static_cast<std::size_t>(rule - rules_.data());
  }
  std::string who(const Decision& decision) const { return decider(graph_, decision, packet_.direction, sources_); }
  std::string over_the_limits() const;
  std::vector<std::string> mismatches(const Selector& selector) const;
  bool is_for_another_service(const Rule& rule) const;
  std::vector<Step> base_steps() const;
  /// The rules from one place up to another.
  void add_steps(std::vector<Step>& steps, std::size_t begin, std::size_t end) const;

  const Graph& graph_;
  const SetWords& words_;
  const Packet& packet_;
  const SourceMap& sources_;
  const std::vector<Rule>& rules_;
  Decision decision_, over_limit_;
  std::vector<const Rule*> limited_;  // whose limits stand between the two
};

/// What of the rule is not true of the packet, and what it asks for instead; nothing if the rule matches.
std::vector<std::string> Explanation::mismatches(const Selector& selector) const {
  constexpr std::size_t most = 4;
  std::vector<std::string> found;
  const auto compare = [&](auto part, std::string_view name, const auto& wanted) {
    Selector only;
    only.*part = selector.*part;
    if (!matches(graph_, only, packet_)) found.push_back("other " + std::string(name) + " (only " + wanted() + ")");
  };
  const auto addresses = [&](AddressSetId id) {
    const NamedAddresses& set = graph_.address_sets[id.index];
    if (set.addresses.empty()) return std::string("nobody");
    return set.name.empty() ? listed(words_.addresses(set.addresses), most) : set.name;
  };
  const auto interfaces = [&](InterfaceSetId id) { return words_.interfaces(graph_.interface_sets[id.index]); };
  compare(&Selector::transports, "service", [&] { return listed_services(selector.transports, most); });
  compare(&Selector::source, "source", [&] { return addresses(selector.source); });
  compare(&Selector::destination, "destination", [&] { return addresses(selector.destination); });
  compare(&Selector::in, "interface in", [&] { return interfaces(selector.in); });
  compare(&Selector::out, "interface out", [&] { return interfaces(selector.out); });
  compare(&Selector::source_ports, "source port", [&] { return to_string(selector.source_ports); });
  return found;
}

bool Explanation::is_for_another_service(const Rule& rule) const {
  Selector only;
  only.transports = rule.packets.transports;
  return !matches(graph_, only, packet_);
}

std::vector<Step> Explanation::base_steps() const {
  std::vector<Step> steps;
  for (const Base base : syntax::all_bases) {
    const bool decides = decision_.base == base;
    steps.push_back({"base:" + std::string(to_string(base)), decides ? std::string(verdict_word(decision_))
                                                             : graph_.base.contains(base) ? "no"
                                                                                          : "off"});
    if (decides) break;
  }
  return steps;
}

void Explanation::add_steps(std::vector<Step>& steps, std::size_t begin, std::size_t end) const {
  constexpr std::size_t most = 20;
  std::vector<const Rule*> shown;
  for (std::size_t i = begin; i < end; ++i)
    if (end - begin <= most || !is_for_another_service(rules_[i])) shown.push_back(&rules_[i]);
  std::string_view others = "other service";
  if (shown.size() > most) {
    shown.erase(shown.begin(), shown.end() - most);
    others = "do not match";
  }
  if (const std::size_t left_out = end - begin - shown.size(); left_out != 0)
    steps.push_back({std::to_string(left_out) + " more rules", std::string(others)});
  for (const Rule* rule : shown) {
    std::string answer;
    for (const std::string& mismatch : mismatches(rule->packets)) answer += (answer.empty() ? "" : ", ") + mismatch;
    if (answer.empty()) answer = "allow, within its limit of " + to_string(*rule->limit);
    steps.push_back({"rule `" + escaped(rule->name) + "`" + at(sources_, rule->where), std::move(answer)});
  }
}

std::string Explanation::over_the_limits() const {
  constexpr std::size_t most = 10;
  std::string text;
  for (std::size_t i = 0; i < limited_.size(); ++i) {
    const bool last = i + 1 == limited_.size();
    if (i >= most && !last) continue;
    text += "over the limit of " + to_string(*limited_[i]->limit) + (i == 0 ? "" : " too") + ": ";
    if (last) text += std::string(verdict_word(over_limit_)) + "  by " + who(over_limit_);
    else if (i + 1 == most) text += "allow  by " + std::to_string(limited_.size() - most) + " more rules with limits";
    else text += "allow  by " + who({limited_[i + 1]->verdict, std::nullopt, limited_[i + 1]});
    text += '\n';
  }
  return text;
}

std::string table(const std::vector<Step>& steps) {
  std::size_t width = 0;
  for (const Step& step : steps) width = std::max(width, step.name.size());
  std::string text;
  for (const Step& step : steps) {
    text += "  " + step.name + std::string(width - step.name.size() + 2, ' ') + step.answer + '\n';
  }
  return text;
}

std::string source_line(const SourceMap& sources, Span where) {
  const std::uint32_t number = sources.begin(where).line;
  constexpr std::size_t widest = 200;
  std::string_view line = sources.line(where.file, number);
  const bool cut = line.size() > widest;
  if (cut) line = line.substr(0, widest);
  return "  " + std::to_string(number) + " | " + escaped(line) + (cut ? "..." : "") + '\n';
}

std::string Explanation::text() const {
  if (!decision_.verdict) return unmanaged_text(packet_.direction);
  std::string text = std::string(verdict_word(decision_)) + "  by " + who(decision_) + '\n';
  if (const std::optional<Span> where = place(graph_, decision_, packet_.direction))
    text += source_line(sources_, *where);
  text += over_the_limits();
  text += "\npacket: " + std::string(to_string(packet_.direction)) + " " + escaped(to_string(packet_)) + '\n';
  std::vector<Step> steps = base_steps();
  if (!decision_.base) {
    add_steps(steps, 0, index_of(decision_.rule));
    steps.push_back({who(decision_), std::string(verdict_word(decision_))});
  }
  text += "considered, in this order:\n" + table(steps);
  if (limited_.empty()) return text;
  std::vector<Step> further;
  add_steps(further, index_of(decision_.rule) + 1, index_of(over_limit_.rule));
  further.push_back({who(over_limit_), std::string(verdict_word(over_limit_))});
  return text + "and over the limit:\n" + table(further);
}

}  // namespace

std::string answer_json(const Graph& graph, const Packet& packet, const SourceMap& sources) {
  const Decision decision = evaluate(graph, packet, Limits::hold);
  const Decision over = evaluate(graph, packet, Limits::exhausted);
  const std::optional<Span> where = place(graph, decision, packet.direction);
  nlohmann::ordered_json json = {{"verdict", verdict_word(decision)}, {"decided_by", decided_by(decision)}};
  json["file"] = nullptr;
  json["line"] = nullptr;
  if (where) {
    json["file"] = sources.path(where->file);
    json["line"] = sources.begin(*where).line;
  }
  json["limited"] = decision.rule != nullptr && decision.rule->limit.has_value();
  json["over_limit_verdict"] = verdict_word(over);
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string answer_text(const Graph& graph, const SetWords& words, const Packet& packet, const SourceMap& sources) {
  return Explanation(graph, words, packet, sources).text();
}

std::string unmanaged_text(Direction direction) {
  return "unmanaged  the policy says nothing of " + std::string(to_string(direction)) +
         " packets, and portpolicy installs nothing for them\n";
}

}  // namespace portpolicy::cli
