#include "compiler/proof/proof.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "compiler/filter/boxes.h"
#include "compiler/graph/boxes.h"
#include "compiler/graph/space.h"
#include "compiler/proof/policy_map.h"

namespace portpolicy::proof {
namespace {

constexpr Value marked = 2;

InterfaceClasses interfaces_of(const Graph& policy, const filter::Filter& artifact) {
  std::vector<const InterfaceSet*> sets = interface_sets(policy);
  std::ranges::copy(filter::interface_sets(artifact), std::back_inserter(sets));
  return InterfaceClasses(sets);
}

Value value_of(const Decision& decision) {
  return decision.verdict ? filter::bit(*decision.verdict) : silent;
}

/// The size of the artifact as that of a policy is counted.
std::size_t size_of(const filter::Filter& artifact) {
  std::size_t rules = 0, intervals = 0;
  for (const filter::Chain& chain : artifact.chains) rules += chain.rules.size();
  for (const filter::NamedAddresses& set : artifact.address_sets)
    intervals += set.addresses.v4.intervals().size() + set.addresses.v6.intervals().size();
  return rules + intervals / intervals_a_rule;
}

/// What both sides are asked with.
struct Sides {
  const Graph& policy;
  const filter::Filter& artifact;
  filter::LimitKeys policy_limits, artifact_limits;
  filter::Tracked tracked;
  const Scope& scope;
};

/// One direction of both.
class Comparison {
 public:
  Comparison(const Sides& sides, Direction direction, PacketSpace& space)
      : sides_(sides), direction_(direction), space_(space), diagrams_(space.diagrams) {
    asked_for_ = space.of(sides.scope.packets[static_cast<std::size_t>(direction)], 1);
  }

  std::vector<Difference> run() {
    policy_ = told_apart(policy_map(space_, sides_.policy, direction_, sides_.policy_limits, sides_.tracked));
    artifact_ = told_apart(
        filter::meaning(sides_.artifact, direction_, space_, filter::LimitWorld::either, sides_.tracked).value());
    tell_all();
    if (!differences_.empty() || !sides_.tracked.has_limits()) return std::move(differences_);
    by_asking_ = true;
    policy_ = policy_asking(space_, sides_.policy, direction_, sides_.policy_limits, sides_.tracked);
    artifact_ = filter::asking(sides_.artifact, direction_, space_, sides_.tracked).value();
    tell_all();
    return std::move(differences_);
  }

 private:
  void tell_all() {
    const Diagram sure = diagrams_.within(filter::surely_different(space_, policy_, artifact_), asked_for_);
    if (sure.takes(1)) {
      tell(whatever_is_true(sure), true);
      if (differences_.empty()) tell(sure, false);
    }
    if (!differences_.empty()) return;
    tell(diagrams_.within(filter::perhaps_different(space_, policy_, artifact_), asked_for_), false);
  }

  /// What is to be compared of verdicts.
  Value told_apart(Value verdicts) const {
    constexpr Value reject = filter::bit(Verdict::reject);
    if (!sides_.scope.rejecting_is_denying || (verdicts & reject) == 0) return verdicts;
    return static_cast<Value>((verdicts & ~reject) | filter::bit(Verdict::deny));
  }
  Diagram told_apart(const Diagram& map) {
    if (!sides_.scope.rejecting_is_denying) return map;
    NewValues values{};
    for (std::size_t value = 0; value < values.size(); ++value) values[value] = told_apart(static_cast<Value>(value));
    return diagrams_.renamed(map, values);
  }

  /// Where it is so whatever is true of opaque conditions.
  Diagram whatever_is_true(const Diagram& set) {
    constexpr Value outside = 2;
    const Diagram both = diagrams_.over(set, diagrams_.constant(outside));
    return diagrams_.where(diagrams_.united(both, sides_.tracked.first_opaque()), only(1));
  }

  void tell(Diagram differing, bool certain) {
    while (differing.takes(1) && differences_.size() < most_differences) {
      differences_.push_back(difference_in(differing));
      differences_.back().certain = certain;
      differing = diagrams_.where(diagrams_.over(told_with(differences_.back()), differing), only(1));
    }
  }

  Difference difference_in(const Diagram& differing);
  void say_when(Difference& found, const PacketSpace::Beyond& beyond) const;
  Diagram told_with(const Difference& difference);

  const Sides& sides_;
  Direction direction_;
  PacketSpace& space_;
  Diagrams& diagrams_;
  Diagram asked_for_;  // the packets that are compared
  Diagram policy_, artifact_;
  bool by_asking_ = false;
  std::vector<Difference> differences_;
};

void Comparison::say_when(Difference& found, const PacketSpace::Beyond& beyond) const {
  for (const auto& [level, is_true] : beyond) {
    const filter::Tracked::Condition& condition = sides_.tracked.at(level);
    if (condition.kind != filter::Tracked::Kind::asking) found.when.emplace_back(condition.text, is_true);
    else if (is_true && !found.limit) found.limit = condition.text;
  }
}

Difference Comparison::difference_in(const Diagram& differing) {
  PacketSpace::Beyond beyond;
  Difference found;
  found.packet = space_.example(differing, only(1), direction_, &beyond);
  say_when(found, beyond);
  const auto holds = [&](const filter::LimitKeys& limits, std::uint32_t which) {
    const auto key = limits.key(which, found.packet.family());
    const auto level = key ? sides_.tracked.level(*key) : std::nullopt;
    return level && beyond.contains(*level) && beyond.at(*level);
  };
  found.policy = evaluate(sides_.policy, found.packet, [&](const Rule& rule) {
    return holds(sides_.policy_limits, number_of(sides_.policy, direction_, rule));
  });
  const Value policy = space_.at(policy_, found.packet, beyond);
  found.artifact = space_.at(artifact_, found.packet, beyond);
  found.policy_takes = by_asking_ && policy == filter::asks;
  if (by_asking_) return found;
  if (policy != told_apart(value_of(found.policy)))
    throw std::logic_error("the map of the policy and its evaluation disagree about " + to_string(found.packet));

  filter::OpaqueTruths truths;
  for (const std::string& text : sides_.artifact.opaques) {
    const auto level = sides_.tracked.level(text);
    truths.push_back(level && beyond.contains(*level) && beyond.at(*level));
  }
  const filter::Outcome outcome = filter::evaluate(
      sides_.artifact, found.packet, [&](filter::LimitId limit) { return holds(sides_.artifact_limits, limit.index); },
      truths);
  // Where more verdicts are possible, no one rule is to blame.
  if (outcome.verdict && found.artifact == told_apart(filter::bit(*outcome.verdict))) {
    found.origin = outcome.origin;
    found.at_end = !outcome.origin;
  }
  return found;
}

/// The packets about which there is no more to say, marked: those of the policy's rule, else of the artifact's, else all that
/// get the same on both sides.
Diagram Comparison::told_with(const Difference& difference) {
  if (difference.policy.rule != nullptr)
    return space_.of(boxes_of(sides_.policy, difference.policy.rule->packets), marked);
  Diagram told = diagrams_.constant(silent);
  for (const filter::Chain& chain : sides_.artifact.chains)
    for (const filter::Rule& rule : chain.rules)
      if (difference.origin && rule.origin == *difference.origin)
        told = diagrams_.over(told, space_.of(filter::boxes_of(sides_.artifact, rule, direction_), marked));
  if (by_asking_) return diagrams_.constant(marked);  // one packet is enough
  const Value policy = told_apart(value_of(difference.policy));
  const Diagram alike =
      diagrams_.within(diagrams_.where(policy_, only(policy)), diagrams_.where(artifact_, only(difference.artifact)));
  NewValues to_marked{};
  to_marked[1] = marked;
  const Diagram same = diagrams_.renamed(alike, to_marked);
  return difference.origin ? diagrams_.within(same, told) : same;
}

}  // namespace

std::expected<std::vector<Difference>, Failure> compare(const Graph& policy, const filter::Filter& artifact,
                                                        const Scope& scope) {
  for (const std::optional<filter::Hook>& hook : artifact.hooks)
    if (hook)
      if (const auto order = called_first(artifact, hook->chain); !order) return std::unexpected(order.error());
  Sides sides{policy, artifact, limit_keys(policy), filter::LimitKeys(artifact), {}, scope};
  const std::array filters{&artifact};
  const std::array<const filter::LimitKeys*, 2> limits{&sides.policy_limits, &sides.artifact_limits};
  sides.tracked = filter::Tracked(filters, limits);
  if (!sides.tracked.has_all_limits()) return std::unexpected(TooComplex{});
  const InterfaceClasses interfaces = interfaces_of(policy, artifact);
  std::vector<Difference> all;
  for (const Direction direction : directions) {
    auto found = decide(interfaces, budget_for(policy, direction, size_of(artifact)),
                        [&](PacketSpace& space) { return Comparison(sides, direction, space).run(); });
    if (!found) return std::unexpected(found.error());
    std::ranges::move(*found, std::back_inserter(all));
  }
  return all;
}

}  // namespace portpolicy::proof
