#include "backends/nftables/shapes.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "backends/common/resolve.h"
#include "backends/nftables/address_lists.h"
#include "backends/nftables/prefix_search.h"

namespace portpolicy::nft {

using backend::Piece;
using backend::Resolved;
using backend::Service;
using backend::Tabular;

namespace {

/// Up to so many services stand in the rule itself.
constexpr std::size_t most_inline_services = 16;

/// Up to so many ranges of ports, for all addresses, are a rule each.
constexpr std::size_t most_range_rules = 4;

using MapVerdict = std::variant<Answer, Jump, Goto>;

std::string_view word_of(Answer answer) {
  switch (answer) {
    case Answer::accept:
      return "accept";
    case Answer::drop:
      return "drop";
    case Answer::reset:
    case Answer::admin_prohibited:
      return "reject";
  }
  std::unreachable();
}

Addresses addresses_of(Family family, const std::vector<Interval<Uint128>>& ranges) {
  if (family == Family::ipv6) return IntervalSet<Uint128>::of(ranges);
  std::vector<Interval<std::uint32_t>> narrow;
  narrow.reserve(ranges.size());
  for (const Interval<Uint128>& range : ranges)
    narrow.push_back({static_cast<std::uint32_t>(range.first), static_cast<std::uint32_t>(range.last)});
  return IntervalSet<std::uint32_t>::of(std::move(narrow));
}

class Block {
 public:
  Block(TableWriter& writer, const Piece& piece, ChainId to, const std::string& name)
      : writer_(writer),
        costs_(writer.options().costs),
        family_(*writer.scope()),
        side_(piece.side.value_or(Side::source)),
        to_(to),
        name_(name),
        rules_(piece.tabular) {
    std::vector<std::uint32_t> origins;
    origins.reserve(rules_.size());
    for (const Tabular& rule : rules_) origins.push_back(rule.rule->origin);
    comment_ = writer.comment_of(origins);
  }

  void write() {
    std::optional<Resolved> resolved = resolve(rules_, family_, costs_.merge);
    if (resolved) take(std::move(*resolved));
    const RuleShape shape = resolved ? cheapest() : RuleShape::lines;
    if (!resolved || as_written_is_cheaper(shape)) {
      for (const Tabular& rule : rules_) writer_.lower_rule(*rule.rule, to_);
      return;
    }
    if (shape == RuleShape::chains) {
      write_chains();
    } else {
      write_services(single_.open, "ports");
      if (shape == RuleShape::lines) write_lines(single_.entries);
      if (shape == RuleShape::intervals) write_intervals(single_.entries, "");
      if (shape == RuleShape::hashes) write_hashes();
      write_services(single_.rest, "rest");
    }
    write_services(ranges_.open, "ranges");
    if (ranges_are_lines()) write_lines(ranges_.entries);
    else write_intervals(ranges_.entries, "_ranges");
    write_services(ranges_.rest, "rest_of_ranges");
  }

 private:
  using Entry = Resolved::Entry;

  /// Services of one port and those of several are looked up apart: no packet is of both.
  void take(Resolved resolved) {
    for (const Entry& entry : resolved.entries) (entry.service.is_range() ? ranges_ : single_).entries.push_back(entry);
    for (const auto& open : resolved.open) (open.first.is_range() ? ranges_ : single_).open.push_back(open);
    for (const auto& rest : resolved.rest) (rest.first.is_range() ? ranges_ : single_).rest.push_back(rest);
  }

  // What is cheapest.

  double lines_cost(std::size_t count) const {
    const double all = costs_.rule * static_cast<double>(count);
    return Costs::mixed(all / 2, all);
  }
  double intervals_cost(std::size_t count) const {
    return Costs::mixed(costs_.tuple_intervals(family_)(count), costs_.miss(family_)(count));
  }
  bool ranges_are_lines() const {
    const std::size_t count = ranges_.entries.size();
    if (costs_.always_rules) return *costs_.always_rules == RuleShape::lines;
    return count > costs_.most_interval_tuples || lines_cost(count) <= intervals_cost(count);
  }

  double cost_of(RuleShape shape) const {
    const std::size_t count = single_.entries.size();
    switch (shape) {
      case RuleShape::lines:
        return lines_cost(count);
      case RuleShape::intervals:
        return intervals_cost(count);
      case RuleShape::hashes:
        return plan_search(prefix_lengths(), costs_).cost;
      case RuleShape::chains: {
        // As if each service had the same share of the addresses.
        std::size_t services = 0;
        for (std::size_t i = 0; i < count; ++i)
          if (i == 0 || single_.entries[i].service != single_.entries[i - 1].service) ++services;
        const std::size_t each = (count + services - 1) / std::max<std::size_t>(services, 1);
        PrefixLengths lengths(family_);
        for (std::size_t i = 0; i < each; ++i) lengths.add(single_.entries[i * services].addresses);
        return costs_.small_set + costs_.jump + list_cost(each, lengths, family_, costs_) + costs_.cold_chains(count);
      }
    }
    std::unreachable();
  }

  PrefixLengths prefix_lengths() const {
    PrefixLengths lengths(family_);
    for (const Entry& entry : single_.entries) lengths.add(entry.addresses);
    return lengths;
  }

  RuleShape cheapest() const {
    if (costs_.always_rules) return *costs_.always_rules;
    if (single_.entries.empty()) return RuleShape::lines;
    RuleShape best = RuleShape::lines;
    for (const RuleShape shape : {RuleShape::intervals, RuleShape::hashes, RuleShape::chains}) {
      const bool loads = shape != RuleShape::intervals || single_.entries.size() <= costs_.most_interval_tuples;
      if (loads && cost_of(shape) < cost_of(best)) best = shape;
    }
    return best;
  }

  /// Whether a rule for each rule costs no more.
  bool as_written_is_cheaper(RuleShape shape) const {
    if (costs_.always_rules) return false;
    double lines = 0;
    for (const Tabular& rule : rules_) lines += rule.side ? costs_.rule : costs_.port_rule;
    double merged = cost_of(shape);
    if (!single_.open.empty()) merged += costs_.small_set;
    if (!single_.rest.empty()) merged += costs_.small_set;
    const std::size_t ranges = ranges_.entries.size();
    if (ranges != 0) merged += ranges_are_lines() ? lines_cost(ranges) : intervals_cost(ranges);
    merged +=
        costs_.port_rule * static_cast<double>(std::min(ranges_.open.size() + ranges_.rest.size(), most_range_rules));
    return Costs::mixed(lines / 2, lines) <= merged;
  }

  // Services that are the same for all addresses.

  MapVerdict verdict_of(Answer answer) {
    if (answer == Answer::accept || answer == Answer::drop) return answer;
    return Goto{writer_.rejecting_chain(answer)};
  }

  void write_services(const Resolved::Answers& services, const char* what) {
    if (services.empty()) return;
    const Answer answer = services.front().second;
    const bool one_answer =
        std::all_of(services.begin(), services.end(), [&](const auto& s) { return s.second == answer; });
    const Protocol protocol = services.front().first.protocol;
    const bool one_protocol =
        std::all_of(services.begin(), services.end(), [&](const auto& s) { return s.first.protocol == protocol; });
    const bool ranges = services.front().first.is_range();
    if (ranges && services.size() <= most_range_rules) {
      for (const auto& [service, verdict] : services)
        writer_.add(to_,
                    {{PortIn{Side::destination, service.protocol, PortSet::of(service.ports)}}, {}, verdict, comment_});
      return;
    }
    if (one_answer && one_protocol && !ranges && services.size() <= most_inline_services) {
      std::vector<Interval<std::uint16_t>> ports;
      for (const auto& [service, verdict] : services) ports.push_back(service.ports);
      return writer_.add(to_, {{ports_match(protocol, ports)}, {}, answer, comment_});
    }
    Lookup lookup;
    lookup.key = {std::nullopt, true, true};
    lookup.ranges = ranges;
    lookup.is_map = !one_answer;
    for (const auto& [service, verdict] : services)
      lookup.elements.push_back({{}, service.protocol, service.ports, one_answer ? MapVerdict{} : verdict_of(verdict)});
    const bool named = services.size() > most_inline_services;
    add_asking(std::move(lookup),
               named ? std::string(one_answer ? word_of(answer) : "decide") + "_" + name_ + "_" + what : "", answer,
               to_);
  }

  /// Without ranges among other ports, which would make a tree of the set.
  Match ports_match(Protocol protocol, const std::vector<Interval<std::uint16_t>>& ports) {
    const PortSet set = PortSet::of(ports);
    const std::size_t intervals = set.intervals().size();
    if (intervals == 1 || intervals == ports.size()) return PortIn{Side::destination, protocol, set};
    Lookup lookup;
    lookup.key = {std::nullopt, true, true};
    for (const Interval<std::uint16_t>& port : ports) lookup.elements.push_back({{}, protocol, port, {}});
    return FoundIn{writer_.add_lookup("", std::move(lookup)), side_};
  }

  /// A rule that asks the lookup, and answers so where that is a set.
  void add_asking(Lookup lookup, const std::string& name, Answer answer, ChainId to) {
    const bool is_map = lookup.is_map;
    if (!name.empty()) lookup.note = writer_.comment(comment_);
    const LookupId id = writer_.add_lookup(name, std::move(lookup));
    if (is_map) writer_.add(to, {{}, {}, ByMap{id, side_}, comment_});
    else writer_.add(to, {{FoundIn{id, side_}}, {}, answer, comment_});
  }

  // Services by address.

  void write_lines(const std::vector<Entry>& entries) {
    // One line for the ports of a protocol that ask for the same addresses; ranges have lines of their own.
    using Ports = Interval<std::uint16_t>;
    std::map<std::tuple<Interval<Uint128>, Protocol, Answer, Ports>, std::vector<Ports>> lines;
    for (const Entry& e : entries)
      lines[{e.addresses, e.service.protocol, e.answer, e.service.is_range() ? e.service.ports : Ports{}}].push_back(
          e.service.ports);
    for (const auto& [line, ports] : lines) {
      const auto& [range, protocol, answer, own] = line;
      writer_.add(to_, {{AddressIn{side_, family_, addresses_of(family_, {range})}, ports_match(protocol, ports)},
                        {},
                        answer,
                        comment_});
    }
  }

  static constexpr bool ascending(const Element& a, const Element& b) {
    return std::tuple(a.protocol, a.ports, a.addresses) < std::tuple(b.protocol, b.ports, b.addresses);
  }

  /// Elements that make a set or, where they differ in what becomes of the packet, a map.
  void write_elements(std::vector<Element> elements, Key key, bool ranges, const std::string& by, ChainId to) {
    if (elements.empty()) return;
    const MapVerdict& first = elements.front().verdict;
    const auto* answer = std::get_if<Answer>(&first);
    const bool one_answer = answer != nullptr && std::all_of(elements.begin(), elements.end(), [&](const Element& e) {
                              const auto* other = std::get_if<Answer>(&e.verdict);
                              return other != nullptr && *other == *answer;
                            });
    const Answer of_all = answer == nullptr ? Answer::drop : *answer;
    const std::string word(one_answer ? word_of(of_all) : "decide");
    if (!one_answer)
      for (Element& e : elements)
        if (const auto* of_one = std::get_if<Answer>(&e.verdict)) e.verdict = verdict_of(*of_one);
    add_asking({{}, {}, key, ranges, !one_answer, std::move(elements)}, word + "_" + name_ + by, of_all, to);
  }

  /// One set or map for all.
  void write_intervals(const std::vector<Entry>& entries, const std::string& what) {
    std::vector<Element> elements;
    elements.reserve(entries.size());
    for (const Entry& e : entries) elements.push_back({e.addresses, e.service.protocol, e.service.ports, e.answer});
    write_elements(std::move(elements), {Key::Part{family_, address_bits(family_)}, true, true}, true, what, to_);
  }

  // One for each length of prefix.

  void write_hashes() {
    for (const Entry& entry : single_.entries)
      for_each_prefix(family_, entry.addresses, [&](Prefix prefix) {
        const Uint128 first = prefix.address.bits;
        by_length_[prefix.length].push_back(
            {{first, first}, entry.service.protocol, entry.service.ports, entry.answer});
      });
    write_search(plan_search(prefix_lengths(), costs_).steps, to_);
  }

  void write_search(const std::vector<SearchStep>& steps, ChainId to) {
    for (const SearchStep& step : steps) {
      std::vector<Element> elements = std::move(by_length_[step.length]);
      const std::string by = "_by" + std::to_string(step.length);
      if (!step.longer.empty()) {
        const ChainId longer =
            writer_.add_chain("", name_ + "_longer_than_" + std::to_string(step.length), suffix_of(family_));
        add_markers(step, longer, elements);
        write_elements(std::move(elements), {Key::Part{family_, step.length}, true, true}, false, by, to);
        write_search(step.longer, longer);
      } else {
        write_elements(std::move(elements), {Key::Part{family_, step.length}, true, true}, false, by, to);
      }
    }
  }

  /// The leading bits of all longer prefixes, each once. No prefix of this length begins so, for none overlap.
  void add_markers(const SearchStep& step, ChainId longer, std::vector<Element>& elements) const {
    const int ignored = address_bits(family_) - step.length;
    std::vector<Element> markers;
    for (const int length : lengths_of(step.longer)) {
      for (const Element& e : by_length_.at(length)) {
        const Uint128 first = e.addresses.first >> ignored << ignored;
        markers.push_back({{first, first}, e.protocol, e.ports, Jump{longer}});
      }
    }
    std::sort(markers.begin(), markers.end(), ascending);
    const auto same = [](const Element& a, const Element& b) { return !ascending(a, b) && !ascending(b, a); };
    markers.erase(std::unique(markers.begin(), markers.end(), same), markers.end());
    elements.insert(elements.end(), markers.begin(), markers.end());
    std::sort(elements.begin(), elements.end(), ascending);
  }

  // A chain for each service.

  void write_chains() {
    Lookup map;
    map.key = {std::nullopt, true, true};
    map.is_map = true;
    for (const auto& [service, answer] : single_.open)
      map.elements.push_back({{}, service.protocol, service.ports, verdict_of(answer)});
    const auto& entries = single_.entries;
    for (auto begin = entries.begin(); begin != entries.end();) {
      const Service service = begin->service;
      const auto end = std::find_if(begin, entries.end(), [&](const Entry& e) { return e.service != service; });
      map.elements.push_back({{}, service.protocol, service.ports, Jump{service_chain({begin, end})}});
      begin = end;
    }
    if (map.elements.empty()) return;
    std::sort(map.elements.begin(), map.elements.end(), ascending);
    add_asking(std::move(map), "decide_" + name_ + "_ports", Answer::drop, to_);
  }

  ChainId service_chain(const std::vector<Entry>& entries) {
    const Service service = entries.front().service;
    const std::string protocol(portpolicy::name_of(service.protocol).value_or("protocol"));
    const std::string name = name_ + "_" + protocol + "_" + std::to_string(service.ports.first);
    const ChainId chain = writer_.add_chain("", name, suffix_of(family_));
    for (const Answer answer : {Answer::accept, Answer::drop, Answer::reset, Answer::admin_prohibited}) {
      std::vector<Interval<Uint128>> ranges;
      for (const Entry& entry : entries)
        if (entry.answer == answer) ranges.push_back(entry.addresses);
      if (ranges.empty()) continue;
      const auto addresses = addresses_of(family_, ranges);
      for (const Match& match : writer_.list_matches(side_, addresses, std::string(word_of(answer)) + "_", name))
        writer_.add(chain, {{match}, {}, answer, comment_});
    }
    const auto rest =
        std::find_if(single_.rest.begin(), single_.rest.end(), [&](const auto& r) { return r.first == service; });
    if (rest != single_.rest.end()) writer_.add(chain, {{}, {}, rest->second, comment_});
    return chain;
  }

  TableWriter& writer_;
  const Costs& costs_;
  Family family_;
  Side side_;
  ChainId to_;
  const std::string& name_;
  const std::vector<Tabular>& rules_;
  Resolved single_, ranges_;  ///< services of one port, and of several
  std::uint32_t comment_ = 0;
  std::map<int, std::vector<Element>> by_length_;  ///< the entries as prefixes
};

}  // namespace

void write_tabular(TableWriter& writer, const Piece& piece, ChainId to, const std::string& name) {
  Block(writer, piece, to, name).write();
}

}  // namespace portpolicy::nft
