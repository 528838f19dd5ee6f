#include "compiler/filter/meaning.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

#include "compiler/base/overloaded.h"
#include "compiler/filter/boxes.h"
#include "compiler/packets/outcomes.h"

namespace portpolicy::filter {
namespace {

// While a chain is put together, outcomes beside the verdicts: that it ends without one, and that its next rule is tried,
// which is `goes_on` of diagrams.
constexpr Value returns = 8;
constexpr Values any_value = ~Values{0};
static_assert(bit(Verdict::reject) < returns && returns < goes_on);

/// What of the outcome `from` becomes `to`.
constexpr auto turn(Value from, Value to) {
  return [from, to](Value bits) { return (bits & from) == 0 ? bits : static_cast<Value>((bits & ~from) | to); };
}

/// A rule's own conditions, apart by who can answer them.
struct Conditions {
  std::vector<Box> boxes;                                 ///< by the packet; any of these
  std::vector<std::pair<Diagrams::Level, bool>> tracked;  ///< ascending
  bool uncertain = false;                                 ///< another condition or a limit may make the rule not match
  bool asks = false;  ///< of `asking`: these packets come to a limit that is looked for
};

/// Verdicts, or who asks limits.
enum class Wanted : std::uint8_t { verdicts, asking };

class Meaning {
 public:
  Meaning(const Filter& filter, Direction direction, PacketSpace& space, Wanted wanted, LimitWorld limits,
          const Tracked& tracked)
      : filter_(filter),
        direction_(direction),
        space_(space),
        diagrams_(space.diagrams),
        wanted_(wanted),
        limits_(limits),
        tracked_(tracked),
        limit_keys_(tracked.has_limits() ? LimitKeys(filter) : LimitKeys()),
        chains_(filter.chains.size()) {}

  Diagram of(const std::vector<ChainId>& chains, Verdict otherwise) {
    for (const ChainId chain : chains) chains_[chain.index] = of_chain(filter_.chains[chain.index]);
    return with_each(diagrams_, chains_[chains.back().index], turn(goes_on, value_of_verdict(otherwise)));
  }

 private:
  Value value_of_verdict(Verdict verdict) const { return wanted_ == Wanted::verdicts ? bit(verdict) : decides; }
  /// A chain for those that call it: verdicts, and silent where the packet comes back.
  Diagram of_chain(const Chain& chain) { return with_each(diagrams_, of_rules(chain.rules), turn(returns, goes_on)); }
  /// By halves: rules one by one would cost their number squared.
  Diagram of_rules(std::span<const Rule> rules) {
    if (rules.empty()) return diagrams_.constant(silent);
    if (rules.size() == 1) return of_rule(rules.front());
    const std::size_t half = rules.size() / 2;
    return diagrams_.then(of_rules(rules.first(half)), of_rules(rules.subspan(half)));
  }
  Diagram of_rule(const Rule& rule);
  Diagram of_action(const Action& action, const Conditions& conditions);
  /// One outcome of a rule, where its conditions are met.
  Diagram outcome(const Conditions& conditions, Value bits) {
    if (conditions.uncertain) bits = bits | goes_on;
    return where_tracked(space_.of(conditions.boxes, bits), conditions);
  }
  Diagram called(const Conditions& conditions, Diagram body) {
    if (conditions.uncertain)
      body = with_each(diagrams_, body, [](Value bits) { return static_cast<Value>(bits | goes_on); });
    return where_tracked(diagrams_.within(body, space_.of(conditions.boxes, 1)), conditions);
  }
  Diagram where_tracked(Diagram map, const Conditions& conditions);

  std::vector<Conditions> conditions_of(const Rule& rule) const;
  bool add_opaques(const Rule& rule, Conditions& conditions) const;
  std::vector<Conditions> with_limit(const Rule& rule, Conditions conditions) const;

  const Filter& filter_;
  Direction direction_;
  PacketSpace& space_;
  Diagrams& diagrams_;
  Wanted wanted_;
  LimitWorld limits_;
  const Tracked& tracked_;
  LimitKeys limit_keys_;
  std::vector<Diagram> chains_;
};

Diagram Meaning::of_rule(const Rule& rule) {
  Diagram map = diagrams_.constant(silent);
  if (std::holds_alternative<Continue>(rule.action) && (wanted_ == Wanted::verdicts || !rule.limit)) return map;
  for (const Conditions& conditions : conditions_of(rule))
    map = diagrams_.over(map, conditions.asks ? outcome(conditions, asks) : of_action(rule.action, conditions));
  return map;
}

Diagram Meaning::of_action(const Action& action, const Conditions& conditions) {
  return std::visit(Overloaded{
                        [&](Verdict verdict) { return outcome(conditions, value_of_verdict(verdict)); },
                        [&](const Jump& jump) { return called(conditions, chains_[jump.chain.index]); },
                        [&](const Goto& go) {
                          return called(conditions,
                                        with_each(diagrams_, chains_[go.chain.index], turn(goes_on, returns)));
                        },
                        [&](Return) { return outcome(conditions, returns); },
                        [&](Continue) { return diagrams_.constant(silent); },
                    },
                    action);
}

Diagram Meaning::where_tracked(Diagram map, const Conditions& conditions) {
  if (conditions.tracked.empty()) return map;
  constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();
  Diagram all_true = diagrams_.constant(1);
  for (auto condition = conditions.tracked.rbegin(); condition != conditions.tracked.rend(); ++condition) {
    const std::array numbers{condition->second ? Interval<std::uint64_t>{1, greatest} : Interval<std::uint64_t>{0, 0}};
    all_true = diagrams_.narrow(condition->first, numbers, all_true);
  }
  return diagrams_.within(map, all_true);
}

/// No two for the same packet; none when the rule never matches.
std::vector<Conditions> Meaning::conditions_of(const Rule& rule) const {
  Conditions conditions;
  if (!add_opaques(rule, conditions)) return {};
  conditions.boxes = boxes_of(filter_, rule, direction_);
  if (conditions.boxes.empty()) return {};
  return rule.limit ? with_limit(rule, std::move(conditions)) : std::vector{std::move(conditions)};
}

/// For each family, because what a limit is known by may differ between them.
std::vector<Conditions> Meaning::with_limit(const Rule& rule, Conditions conditions) const {
  std::vector<Conditions> result;
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    Conditions part = conditions;
    part.boxes = of_family(std::move(part.boxes), family);
    if (part.boxes.empty()) continue;
    const std::optional<LimitKey> key = limit_keys_.key(rule.limit->index, family);
    const auto add = [](Conditions& to, Diagrams::Level level, bool value) {
      const std::pair condition(level, value);
      to.tracked.insert(std::ranges::upper_bound(to.tracked, condition), condition);
    };
    if (const auto level = key ? tracked_.level(*key) : std::nullopt) {
      if (wanted_ == Wanted::asking) {
        const Diagrams::Level looked_for = *tracked_.level_of_asking(*key);
        result.push_back(part);
        result.back().asks = true;
        add(result.back(), looked_for, true);
        add(part, looked_for, false);
      }
      add(part, *level, true);
    } else {
      if (limits_ == LimitWorld::exhausted) continue;
      part.uncertain |= limits_ == LimitWorld::either;
    }
    result.push_back(std::move(part));
  }
  return result;
}

/// False when they contradict each other.
bool Meaning::add_opaques(const Rule& rule, Conditions& conditions) const {
  std::map<std::uint32_t, bool> asked;
  for (const Match& match : rule.all_of) {
    const auto* opaque = std::get_if<Opaque>(&match);
    if (opaque == nullptr) continue;
    const auto [before, fresh] = asked.emplace(opaque->condition.index, !opaque->negated);
    if (before->second == opaque->negated) return false;
    if (!fresh) continue;
    if (const auto level = tracked_.level(filter_.opaques[opaque->condition.index]))
      conditions.tracked.emplace_back(*level, !opaque->negated);
    else conditions.uncertain = true;
  }
  std::ranges::sort(conditions.tracked);
  assert(std::ranges::adjacent_find(conditions.tracked, {}, &std::pair<Diagrams::Level, bool>::first) ==
             conditions.tracked.end() &&
         "the text of a condition stands once in a filter");
  return true;
}

Values sets_with(Value wanted) {
  Values values = 0;
  for (Value value = 0; value < returns; ++value)
    if ((value & wanted) != 0) values |= only(value);
  return values;
}

constexpr bool is_certain(Value value) {
  return (value & (value - 1)) == 0;
}

}  // namespace

Tracked::Tracked(std::span<const Filter* const> filters, std::span<const LimitKeys* const> limits) {
  for (const LimitKeys* keys : limits)
    for (const LimitKey& key : keys->all()) {
      if (limits_.contains(key)) continue;
      const auto holds = add(Kind::holds, to_string(key));
      if (!holds || !add(Kind::asking, to_string(key))) {
        has_all_limits_ = false;
        return;
      }
      limits_.emplace(key, *holds);
    }
  first_opaque_ = static_cast<Diagrams::Level>(PacketSpace::beyond_packets + conditions_.size());
  for (const Filter* filter : filters)
    for (const std::string& text : filter->opaques) {
      if (opaques_.contains(text)) continue;
      const auto level = add(Kind::opaque, text);
      if (!level) return;
      opaques_.emplace(text, *level);
    }
}

std::optional<Diagrams::Level> Tracked::add(Kind kind, std::string text) {
  constexpr std::size_t most = Diagrams::most_levels - PacketSpace::beyond_packets;
  if (conditions_.size() == most) return std::nullopt;
  conditions_.push_back({kind, std::move(text)});
  return static_cast<Diagrams::Level>(PacketSpace::beyond_packets + conditions_.size() - 1);
}

std::optional<Diagrams::Level> Tracked::level(const std::string& opaque) const {
  const auto known = opaques_.find(opaque);
  return known == opaques_.end() ? std::nullopt : std::optional(known->second);
}

std::optional<Diagrams::Level> Tracked::level(const LimitKey& limit) const {
  const auto known = limits_.find(limit);
  return known == limits_.end() ? std::nullopt : std::optional(known->second);
}

std::optional<Diagrams::Level> Tracked::level_of_asking(const LimitKey& limit) const {
  return level(limit).transform([](Diagrams::Level holds) { return static_cast<Diagrams::Level>(holds + 1); });
}

std::vector<const InterfaceSet*> interface_sets(const Filter& filter) {
  std::vector<const InterfaceSet*> sets;
  for (const Chain& chain : filter.chains)
    for (const Rule& rule : chain.rules)
      for (const Match& match : rule.all_of) {
        if (const auto* in = std::get_if<InterfaceIn>(&match)) sets.push_back(&in->interfaces);
        if (const auto* out = std::get_if<InterfaceOut>(&match)) sets.push_back(&out->interfaces);
      }
  return sets;
}

InterfaceClasses interface_classes(std::span<const Filter* const> filters) {
  std::vector<const InterfaceSet*> sets;
  for (const Filter* filter : filters) std::ranges::copy(interface_sets(*filter), std::back_inserter(sets));
  return InterfaceClasses(sets);
}

namespace {

std::expected<Diagram, Recursion> wanted_of(Wanted wanted, const Filter& filter, Direction direction,
                                            PacketSpace& space, LimitWorld limits, const Tracked& tracked) {
  const std::optional<Hook>& hook = filter.hooks[static_cast<std::size_t>(direction)];
  if (!hook) return space.diagrams.constant(silent);
  const auto chains = called_first(filter, hook->chain);
  if (!chains) return std::unexpected(chains.error());
  return Meaning(filter, direction, space, wanted, limits, tracked).of(*chains, hook->otherwise);
}

}  // namespace

std::expected<Diagram, Recursion> meaning(const Filter& filter, Direction direction, PacketSpace& space,
                                          LimitWorld limits, const Tracked& tracked) {
  return wanted_of(Wanted::verdicts, filter, direction, space, limits, tracked);
}

std::expected<Diagram, Recursion> asking(const Filter& filter, Direction direction, PacketSpace& space,
                                         const Tracked& tracked) {
  return wanted_of(Wanted::asking, filter, direction, space, LimitWorld::either, tracked);
}

Diagram bounds(PacketSpace& space, const Diagram& meaning) {
  return space.diagrams.united(meaning, PacketSpace::beyond_packets);
}

Diagram surely(PacketSpace& space, const Diagram& meaning, Verdict verdict) {
  return space.diagrams.where(bounds(space, meaning), only(bit(verdict)));
}

Diagram possibly(PacketSpace& space, const Diagram& meaning, Verdict verdict) {
  return space.diagrams.where(bounds(space, meaning), sets_with(bit(verdict)));
}

Diagram surely_different(PacketSpace& space, const Diagram& one, const Diagram& other) {
  Diagrams& diagrams = space.diagrams;
  Diagram differ = diagrams.constant(silent);
  for (Value value = 0; value < returns; ++value) {
    if (!one.takes(value)) continue;
    const Values apart = any_value & ~(value == 0 ? only(0) : sets_with(value));
    differ = diagrams.over(differ, diagrams.within(diagrams.where(one, only(value)), diagrams.where(other, apart)));
  }
  return differ;
}

Diagram perhaps_different(PacketSpace& space, const Diagram& one, const Diagram& other) {
  Values uncertain = 0;
  for (Value value = 0; value < returns; ++value)
    if (!is_certain(value)) uncertain |= only(value);
  Diagrams& diagrams = space.diagrams;
  const Diagram open = diagrams.over(diagrams.where(one, uncertain), diagrams.where(other, uncertain));
  return diagrams.over(surely_different(space, one, other), open);
}

std::optional<Difference> difference(PacketSpace& space, const Tracked& tracked, const Diagram& one,
                                     const Diagram& other, Direction direction) {
  const auto at = [&](const Diagram& where) {
    PacketSpace::Beyond beyond;
    Difference found{space.example(where, only(1), direction, &beyond), {}, 0, 0};
    for (const auto& [level, holds] : beyond) found.when.emplace_back(tracked.at(level).text, holds);
    found.one = space.at(one, found.packet, beyond);
    found.other = space.at(other, found.packet, beyond);
    return found;
  };
  for (const Diagram& differ : {surely_different(space, one, other), perhaps_different(space, one, other)})
    if (differ.takes(1)) return at(differ);
  return std::nullopt;
}

}  // namespace portpolicy::filter
