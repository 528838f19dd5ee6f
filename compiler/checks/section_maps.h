#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "compiler/graph/boxes.h"
#include "compiler/graph/graph.h"
#include "compiler/graph/space.h"
#include "compiler/packets/packet_space.h"

namespace portpolicy::checks {

/// Verdicts as values of maps, and what lies outside of the packets that are looked at.
constexpr Value value_of(Verdict verdict) {
  return static_cast<Value>(1 + static_cast<unsigned>(verdict));
}
inline constexpr Value elsewhere = 4;
inline constexpr Values all_verdicts = only(1) | only(2) | only(3);

/// The verdict of base traffic, silent for all other packets. Throws TooComplex, as those below.
Diagram base_map(PacketSpace& space, const Graph& graph, Direction direction);

/// What the first matching rule says that says anything: `value(rule)`, which may be silent. Silent where none does.
template <class ValueOfRule>
Diagram decided_by(PacketSpace& space, const Graph& graph, std::span<const Rule* const> rules, ValueOfRule value) {
  if (rules.empty()) return space.diagrams.constant(silent);
  if (rules.size() == 1) {
    const Value inside = value(*rules.front());
    if (inside == silent) return space.diagrams.constant(silent);
    return space.of(boxes_of(graph, rules.front()->packets), inside);
  }
  const std::size_t half = rules.size() / 2;
  return space.diagrams.over(decided_by(space, graph, rules.first(half), value),
                             decided_by(space, graph, rules.subspan(half), value));
}

/// The rules of one direction as maps from packets to verdicts, in two worlds: all limits exhausted, so that limited rules
/// say nothing, and all limits holding. Without limits there is one world. Throws TooComplex.
class SectionMaps {
 public:
  SectionMaps(PacketSpace& space, const Graph& graph, Direction direction);

  using Worlds = std::vector<Diagram>;  ///< the first: limits exhausted; the last: limits hold

  /// Around one rule, over the packets that it matches; `elsewhere` for all others.
  struct Place {
    std::size_t rule;
    const Diagram& match;  ///< the rule's verdict where it matches, silent elsewhere
    const Worlds& before;  ///< what base and earlier rules decide, silent where they leave it to this rule
    const Worlds& after;   ///< what later rules and the default would decide
  };
  /// Calls `visit` for each rule that has packets, in their order.
  template <class Visit>
  void visit_rules(Visit visit) {
    Worlds before, after;
    for (std::size_t world = 0; world < worlds_; ++world) {
      before.push_back(base_);
      after.push_back(space_.diagrams.constant(value_of(section_.otherwise)));
    }
    if (!section_.rules.empty()) walk(1, 0, section_.rules.size(), before, after, visit);
  }

  /// What base and all rules decide, silent where the default does.
  Worlds decided();
  const Diagram& base() const { return base_; }
  /// The rule's verdict where it matches.
  Diagram match(std::size_t rule) { return space_.of(boxes_of(graph_, section_.rules[rule].packets), verdict(rule)); }

 private:
  Value verdict(std::size_t rule) const { return value_of(section_.rules[rule].verdict); }
  void build(std::size_t node, std::size_t begin, std::size_t end);

  template <class Visit>
  void walk(std::size_t node, std::size_t begin, std::size_t end, const Worlds& all_before, const Worlds& all_after,
            Visit& visit) {
    // Cut to the packets of these rules, so that what is carried down gets smaller on the way.
    const Diagram& own = tree_[node].back();
    Worlds before, after;
    for (std::size_t world = 0; world < worlds_; ++world) {
      before.push_back(space_.diagrams.within(all_before[world], own, elsewhere));
      after.push_back(space_.diagrams.within(all_after[world], own, elsewhere));
    }
    if (end - begin == 1) {
      if (own.values() != only(silent)) visit(Place{begin, own, before, after});
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    Worlds inner;
    for (std::size_t world = 0; world < worlds_; ++world)
      inner.push_back(space_.diagrams.over(tree_[2 * node + 1][world], after[world]));
    walk(2 * node, begin, middle, before, inner, visit);
    for (std::size_t world = 0; world < worlds_; ++world)
      inner[world] = space_.diagrams.over(before[world], tree_[2 * node][world]);
    walk(2 * node + 1, middle, end, inner, after, visit);
  }

  PacketSpace& space_;
  const Graph& graph_;
  const Section& section_;
  std::size_t worlds_ = 1;
  Diagram base_;
  std::vector<Worlds> tree_;  // of halves: the root is 1, the halves of n are 2n and 2n+1
};

}  // namespace portpolicy::checks
