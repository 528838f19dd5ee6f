#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/words.h"
#include "compiler/checks/checks.h"
#include "compiler/checks/exposure.h"
#include "compiler/checks/rule_index.h"
#include "compiler/checks/section_maps.h"
#include "compiler/checks/words.h"

namespace portpolicy::checks {
namespace {

// The maps are those of one order of the rules that respects the precedence. Where files are in no order, what another
// order would say has to be asked as well: a rule before this one in the list may yet not come before it.

constexpr std::size_t most_named = 6;  // rules that explain one finding
constexpr std::size_t steps_per_direction = 20'000'000;
/// Packets held against rules, to explain findings: enough for as many as are listed, among very many rules.
constexpr std::size_t tries_per_direction = 50'000'000;

/// What decides a packet: base traffic, a rule, or neither, which is the default.
struct Decider {
  std::optional<Base> base;
  const Rule* rule = nullptr;
  friend bool operator==(const Decider&, const Decider&) = default;
};

/// The deciders of some packets, and whether these are all of them.
struct Deciders {
  std::vector<Decider> some;
  bool all = true;
};

class Effects {
 public:
  Effects(PacketSpace& space, const Graph& graph, Direction direction, bool only_errors)
      : space_(space),
        diagrams_(space.diagrams),
        graph_(graph),
        section_(graph.section(direction)),
        direction_(direction),
        only_errors_(only_errors),
        maps_(space, graph, direction),
        exposure_(space, direction) {
    const auto follows = [&](const Rule& a, const Rule& b) { return !section_.precedence.before(a, b); };
    ordered_ = std::ranges::adjacent_find(section_.rules, follows) == section_.rules.end();
  }

  std::vector<Diagnostic> run();

 private:
  using Place = SectionMaps::Place;

  void look_at(const Place& place);
  void report_shadowed(const Place& place);
  void report_redundant(const Place& place);
  void look_at_limit(const Place& place);
  void report_limit(const Place& place, const Packet& packet, const Deciders& found, const std::string& why);
  bool is_redundant(const Place& place);
  bool keeps_packets_from_a_limit(const Place& place);
  /// The packets of a rule that no rule without a limit comes before.
  Diagram left_to(const Place& place) {
    if (ordered_) return diagrams_.where(place.before.front(), only(silent));
    return left_by_those_before(rule(place), diagrams_.within(packets(place), outside(maps_.base())), nullptr);
  }
  bool is_shadowed(const Place& place);
  /// What is left of `of` when the rules that come before `rule` have taken theirs; `but` does not count.
  Diagram left_by_those_before(const Rule& rule, Diagram of, const Rule* but);
  bool another_verdict_takes_over(const Rule& rule);
  std::vector<const Rule*> overlapping(const Rule& rule);

  const Rule& rule(const Place& place) const { return section_.rules[place.rule]; }
  Values other_verdicts(const Place& place) const { return all_verdicts & ~only(value_of(rule(place).verdict)); }
  Diagram packets(const Place& place) { return diagrams_.where(place.match, all_verdicts); }
  /// Of a rule's packets those that base traffic does not decide; all of them when it decides all.
  Diagram beyond_base(const Place& place) {
    const Diagram all = packets(place);
    const Diagram beyond = diagrams_.within(all, outside(maps_.base()));
    return beyond.takes(1) ? beyond : all;
  }
  /// Of a rule's packets those of which base traffic does not say something else.
  Diagram not_opposed_by_base(const Place& place) {
    const Values same = only(silent) | only(value_of(rule(place).verdict));
    return diagrams_.within(packets(place), diagrams_.where(maps_.base(), same));
  }
  /// Who decides this packet when the rule at `left_out` is not there; only those before it when `only_before`. Nothing
  /// when too much has been explained already.
  std::optional<Decider> decider(const Packet& packet, std::size_t left_out, bool only_before);
  Diagram packets_of(const Decider& decider);
  /// Of the packets in `of`, one after the other until none is left; `first` comes first.
  Deciders deciders(Diagram of, const Packet& first, std::size_t left_out, bool only_before);
  /// Leaves out whom the others make superfluous, but not the first.
  void reduce(Deciders& deciders, const Diagram& of);
  std::string describe(const Deciders& deciders) const;
  void add(Diagnostic finding, const Deciders& deciders);
  Diagram outside(const Diagram& set) { return diagrams_.where(set, only(silent)); }

  PacketSpace& space_;
  Diagrams& diagrams_;
  const Graph& graph_;
  const Section& section_;
  Direction direction_;
  bool only_errors_;
  SectionMaps maps_;
  bool ordered_ = true;                                                   // every two rules are
  std::array<std::optional<Diagram>, syntax::all_bases.size()> of_base_;  // by kind, made when first needed
  std::optional<RuleIndex> index_;
  Budget budget_{steps_per_direction};
  Budget tries_{tries_per_direction};
  Exposure exposure_;
  std::vector<Diagnostic> findings_;
};

std::vector<Diagnostic> Effects::run() {
  maps_.visit_rules([&](const Place& place) { look_at(place); });
  if (!only_errors_ && section_.otherwise == Verdict::allow && section_.default_where) {
    exposure_.look_at(*section_.default_where, "the default of " + std::string(to_string(direction_)),
                      "let the default be deny, and allow what is needed to those who need it",
                      outside(maps_.decided().front()), findings_);
  }
  return std::move(findings_);
}

/// A rule that logs does something, one of the library is not for its reader to take out, and a direction whose only rule
/// goes, and that has no default, is not managed any more.
bool may_be_redundant(const Rule& rule, const Section& section) {
  const bool makes_it_managed = section.rules.size() == 1 && !section.default_where;
  return !rule.log && !rule.library && !rule.says_more && !makes_it_managed;
}

void Effects::look_at(const Place& place) {
  if (is_shadowed(place)) return report_shadowed(place);
  if (only_errors_) return;
  const Diagram left = diagrams_.where(place.before.front(), only(silent));
  if (rule(place).limit) look_at_limit(place);
  else if (may_be_redundant(rule(place), section_) && is_redundant(place)) report_redundant(place);
  // What comes in by a certain interface of a router is of the network there, whatever the rule says of addresses.
  const bool from_a_known_side = direction_ == Direction::forward && rule(place).packets.in.index != 0;
  if (rule(place).verdict == Verdict::allow && !from_a_known_side)
    exposure_.look_at(rule(place).where, "rule `" + rule(place).name + "`",
                      "say who needs it, with `from` or `only-from`; or waive this, with the reason", left, findings_);
}

bool Effects::is_shadowed(const Place& place) {
  if (place.before.front().takes(silent)) return false;
  const Diagram decided = diagrams_.within(place.before.front(), beyond_base(place), elsewhere);
  if ((decided.values() & other_verdicts(place)) == 0) return false;
  if (ordered_) return true;
  const Diagram beyond = diagrams_.within(packets(place), outside(maps_.base()));
  return !left_by_those_before(rule(place), beyond, nullptr).takes(1);
}

std::vector<const Rule*> Effects::overlapping(const Rule& rule) {
  if (!index_) index_.emplace(graph_, pointers_to(section_.rules));
  std::vector<const Rule*> found;
  for (const Box& box : boxes_of(graph_, rule.packets)) {
    const auto entries = index_->overlapping(box, budget_);
    if (!entries) throw TooComplex{};
    for (const RuleIndex::Entry* entry : *entries)
      if (entry->rule != &rule) found.push_back(entry->rule);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

Diagram Effects::left_by_those_before(const Rule& rule, Diagram of, const Rule* but) {
  for (const Rule* other : overlapping(rule)) {
    if (other == but || other->limit || !section_.precedence.before(*other, rule)) continue;
    of = diagrams_.within(of, outside(packets_of({std::nullopt, other})));
    if (!of.takes(1)) break;
  }
  return of;
}

/// Whether a rule that disagrees would be among the foremost for some packet, were this one not there.
bool Effects::another_verdict_takes_over(const Rule& rule) {
  const Diagram own = diagrams_.where(packets_of({std::nullopt, &rule}), all_verdicts);
  const Diagram decided = left_by_those_before(rule, diagrams_.within(own, outside(maps_.base())), nullptr);
  if (!decided.takes(1)) return false;
  for (const Rule* other : overlapping(rule)) {
    if (other->verdict == rule.verdict || section_.precedence.before(*other, rule)) continue;
    const Diagram shared = diagrams_.within(decided, packets_of({std::nullopt, other}));
    if (shared.takes(1) && left_by_those_before(*other, shared, &rule).takes(1)) return true;
  }
  return false;
}

bool Effects::is_redundant(const Place& place) {
  const Values other = other_verdicts(place);
  // Each limit holds or is exhausted by itself: what exhausted ones leave to this rule may meet others that hold.
  const Diagram left = diagrams_.where(place.before.front(), only(silent));
  for (const Diagram& after : place.after)
    if ((diagrams_.within(after, left, elsewhere).values() & other) != 0) return false;
  if (place.after.size() > 1 && keeps_packets_from_a_limit(place)) return false;
  return ordered_ || !another_verdict_takes_over(rule(place));
}

/// Whether a limited rule would get packets that this one takes: they would count against those of others.
bool Effects::keeps_packets_from_a_limit(const Place& place) {
  const Diagram left = left_to(place);
  for (const Rule* other : overlapping(rule(place))) {
    if (!other->limit || section_.precedence.before(*other, rule(place))) continue;
    const Diagram shared = diagrams_.within(left, packets_of({std::nullopt, other}));
    if (shared.takes(1) && left_by_those_before(*other, shared, &rule(place)).takes(1)) return true;
  }
  return false;
}

std::optional<Decider> Effects::decider(const Packet& packet, std::size_t left_out, bool only_before) {
  if (const auto base = base_traffic(graph_, packet)) return Decider{base, nullptr};
  const std::size_t end = only_before ? left_out : section_.rules.size();
  for (std::size_t i = 0; i < end; ++i) {
    const Rule& other = section_.rules[i];
    if (!tries_.spend()) return std::nullopt;
    if (i == left_out || other.limit || !matches(graph_, other.packets, packet)) continue;
    if (!only_before || section_.precedence.before(other, section_.rules[left_out])) return Decider{{}, &other};
  }
  return Decider{};
}

Diagram Effects::packets_of(const Decider& decider) {
  if (decider.base) {
    std::optional<Diagram>& known = of_base_[static_cast<std::size_t>(*decider.base)];
    if (!known) known = space_.of(boxes_of(*decider.base, direction_), 1);
    return *known;
  }
  if (decider.rule != nullptr) return maps_.match(static_cast<std::size_t>(decider.rule - section_.rules.data()));
  return diagrams_.constant(1);
}

Deciders Effects::deciders(Diagram of, const Packet& first, std::size_t left_out, bool only_before) {
  Deciders found;
  const Diagram whole = of;
  Packet packet = first;
  for (;;) {
    const std::optional<Decider> next = decider(packet, left_out, only_before);
    if (!next) return {{}, false};
    found.some.push_back(*next);
    of = diagrams_.within(of, outside(packets_of(found.some.back())));
    if (!of.takes(1)) break;
    if (found.some.size() == most_named) {
      found.all = false;
      break;
    }
    packet = space_.example(of, only(1), direction_);
  }
  if (found.all) reduce(found, whole);
  return found;
}

void Effects::reduce(Deciders& deciders, const Diagram& of) {
  for (std::size_t tried = deciders.some.size(); tried-- > 1;) {
    Diagram left = of;
    for (std::size_t i = 0; i < deciders.some.size(); ++i)
      if (i != tried) left = diagrams_.within(left, outside(packets_of(deciders.some[i])));
    if (!left.takes(1)) deciders.some.erase(deciders.some.begin() + static_cast<std::ptrdiff_t>(tried));
  }
}

std::string Effects::describe(const Deciders& deciders) const {
  if (deciders.some.empty()) return "other rules";
  std::vector<std::string> rules, others;
  for (const Decider& decider : deciders.some) {
    if (decider.rule != nullptr) rules.push_back("`" + decider.rule->name + "`");
    else if (decider.base) others.push_back("base traffic `" + std::string(to_string(*decider.base)) + "`");
    else others.emplace_back("the default");
  }
  if (!deciders.all) others.emplace_back("others");
  std::ranges::move(others, std::back_inserter(rules));
  return joined(rules, "and");
}

void Effects::add(Diagnostic finding, const Deciders& deciders) {
  for (const Decider& decider : deciders.some)
    if (decider.rule != nullptr)
      finding.related.push_back({decider.rule->where, "`" + decider.rule->name + "` " +
                                                          std::string(third_person(decider.rule->verdict)) + " it"});
  findings_.push_back(std::move(finding));
}

void Effects::report_shadowed(const Place& place) {
  const Diagram decided = diagrams_.within(place.before.front(), beyond_base(place), elsewhere);
  const Packet packet = space_.example(decided, other_verdicts(place), direction_);
  const Deciders found = deciders(packets(place), packet, place.rule, true);
  const auto ends = [](const Decider& decider) { return decider.rule != nullptr && decider.rule->ends; };
  const auto of_own_file = [&](const Decider& decider) {
    return decider.rule != nullptr && decider.rule->tier == rule(place).tier && decider.rule->file == rule(place).file;
  };
  const bool for_a_while = std::ranges::any_of(found.some, ends);
  // To take back what the library gives is what its rules are made for, and what ends takes nothing back for ever.
  Diagnostic finding{Code::shadowed,
                     rule(place).library || for_a_while ? Severity::note : Severity::error,
                     "rule `" + rule(place).name + "` never gets a packet: " + describe(found) +
                         (found.some.size() == 1 && found.all ? " takes them all" : " take them all"),
                     {rule(place).where, ""}};
  if (for_a_while) finding.help = "nothing, if that is meant: it gets packets when what has an `until` ends";
  else if (rule(place).library) finding.help = "nothing, if that is meant; else narrow what takes its packets";
  else if (std::ranges::all_of(found.some, of_own_file))
    finding.help = "move it above what takes its packets, or take it out";
  else finding.help = "take it out, or narrow what takes its packets";
  finding.witness = packet;
  add(std::move(finding), found);
}

void Effects::report_redundant(const Place& place) {
  const bool gets_packets = place.before.front().takes(silent);
  const Packet packet = gets_packets ? space_.example(place.before.front(), only(silent), direction_)
                                     : space_.example(beyond_base(place), only(1), direction_);
  const Deciders found = deciders(not_opposed_by_base(place), packet, place.rule, false);
  const auto ends = [](const Decider& decider) { return decider.rule != nullptr && decider.rule->ends; };
  if (!rule(place).ends && std::ranges::any_of(found.some, ends)) return;  // it will be needed
  const auto of_own_file = [&](const Decider& decider) {
    return decider.base || (decider.rule != nullptr && decider.rule->file == rule(place).file);
  };
  const bool own_file = !found.some.empty() && std::ranges::all_of(found.some, of_own_file);
  Diagnostic finding{Code::redundant,
                     own_file ? Severity::warning : Severity::note,
                     "nothing changes without rule `" + rule(place).name + "`: " + describe(found) +
                         (found.some.size() == 1 && found.all ? " says the same" : " say the same"),
                     {rule(place).where, ""}};
  finding.help = "take it out, unless it is there for a reader; of several that say the same keep one";
  finding.witness = packet;
  add(std::move(finding), found);
}

void Effects::look_at_limit(const Place& place) {
  const Diagram left = left_to(place);
  if (!left.takes(1)) {
    const Packet packet = space_.example(packets(place), only(1), direction_);
    return report_limit(place, packet, deciders(packets(place), packet, place.rule, true),
                        "its packets are allowed by ");
  }
  const Diagram otherwise = diagrams_.over(place.before.front(), place.after.front());
  const Diagram over_limit = diagrams_.within(otherwise, left, elsewhere);
  if ((over_limit.values() & (only(value_of(Verdict::deny)) | only(value_of(Verdict::reject)))) != 0) return;
  const Packet packet = space_.example(left, only(1), direction_);
  const Deciders found = deciders(left, packet, place.rule, false);
  report_limit(place, packet, found, "what is over it is allowed by ");
}

void Effects::report_limit(const Place& place, const Packet& packet, const Deciders& found, const std::string& why) {
  Diagnostic finding{Code::limit_without_effect,
                     Severity::warning,
                     "the limit of rule `" + rule(place).name + "` has no effect: " + why + describe(found),
                     {rule(place).where, ""}};
  finding.help = "deny what is over the limit, or take the limit out";
  finding.witness = packet;
  add(std::move(finding), found);
}

void report_too_complex(const Graph& graph, Direction direction, Diagnostics& diagnostics) {
  const Section& section = graph.section(direction);
  diagnostics.add(
      Code::too_complex, section.rules.front().where,
      "whether each rule of " + std::string(to_string(direction)) + " gets packets is too complex to decide",
      "the rules of this direction overlap each other in too many ways");
}

}  // namespace

void effects(const Graph& graph, bool only_errors, Diagnostics& diagnostics) {
  const InterfaceClasses interfaces = interface_classes(graph);
  for (const Direction direction : directions) {
    const Section& section = graph.section(direction);
    if (!section.managed || (section.rules.empty() && section.otherwise != Verdict::allow)) continue;
    auto findings = decide(interfaces, budget_for(graph, direction),
                           [&](PacketSpace& space) { return Effects(space, graph, direction, only_errors).run(); });
    if (!findings) report_too_complex(graph, direction, diagnostics);
    else
      for (Diagnostic& finding : *findings) diagnostics.add(std::move(finding));
  }
}

}  // namespace portpolicy::checks
