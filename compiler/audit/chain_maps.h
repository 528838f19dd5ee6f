#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/filter/filter.h"
#include "compiler/filter/meaning.h"
#include "compiler/packets/packet_space.h"

/// What each rule of a filter does in its place. Each chain is looked at once for a direction, whoever calls it.
namespace portpolicy::audit {

/// What may become of a packet in a chain is a set: the verdicts (`filter::bit`), that the chain is left without one, and that
/// the next rule is tried, which is `goes_on`, alone `silent`.
inline constexpr Value leaves = 8;
inline constexpr Value all_verdicts = 7;
static_assert(all_verdicts ==
              (filter::bit(Verdict::allow) | filter::bit(Verdict::deny) | filter::bit(Verdict::reject)));

/// Outcome sets in which the packet may, or surely does not, go on.
constexpr bool may_go_on(Value outcomes) {
  return outcomes == silent || (outcomes & goes_on) != 0;
}
constexpr Values values_that(bool go_on) {
  Values values = 0;
  for (Value value = 0; value < most_values; ++value)
    if (may_go_on(value) == go_on) values |= only(value);
  return values;
}

/// Whether the rule asks for what the model of packets does not have, and of what differs from rule to rule.
bool has_opaque(const filter::Rule& rule);
/// Whether the rule does more than decide: it logs, takes from a limit, counts, or fills a set.
bool does_more(const filter::Filter& filter, const filter::Rule& rule);

/// The rules of one chain as maps, and those of each half of the chain, of each half of these, and so on.
class ChainMaps {
 public:
  struct Maps {
    Diagram match;     ///< 1 for the packets that some of these rules may match
    Diagram outcomes;  ///< what may become of a packet
    /// The same where rules that do more than decide count as ones that decide anything: whoever would meet them is missed.
    Diagram guarded;
  };

  /// Called chains come first: `called` has the maps of all of them. Throws TooComplex, as the others.
  ChainMaps(PacketSpace& space, const filter::Filter& filter, Direction direction, filter::ChainId chain,
            std::span<const std::optional<ChainMaps>> called);

  /// As those who call it see it: silent where packets come back.
  const Diagram& outcomes() const { return outcomes_; }
  const Diagram& guarded() const { return guarded_; }
  const Maps& of_rule(std::size_t index) const { return tree_[leaf_[index]]; }
  std::size_t size() const { return leaf_.size(); }

  /// The first rule from `from` on that surely takes the packet; nothing when none does.
  std::optional<std::size_t> first_taker(const PacketSpace& space, const Packet& packet, std::size_t from) const;

  /// Around one rule.
  struct Place {
    std::size_t rule;
    const Diagram& match;  ///< 1 for the packets that it may match
    const Diagram&
        before;            ///< over these, what came before; where it may go on, packets may arrive. Elsewhere `leaves`
    const Diagram& after;  ///< over these, what the rest of the chain does, guarded; silent elsewhere
  };
  /// Calls `visit` for each rule that may match something, in their order. `arriving` is what may come to the chain.
  template <class Visit>
  void visit_rules(PacketSpace& space, const Diagram& arriving, Visit visit) const {
    if (leaf_.empty()) return;
    NewValues outside{};
    outside[1] = leaves;
    const Diagram before = space.diagrams.renamed(space.diagrams.where(arriving, only(silent)), outside);
    walk(space, 1, 0, leaf_.size(), before, space.diagrams.constant(silent), visit);
  }

 private:
  void build(PacketSpace& space, const filter::Filter& filter, Direction direction, std::span<const filter::Rule> rules,
             std::span<const std::optional<ChainMaps>> called, std::size_t node, std::size_t begin);
  std::optional<std::size_t> first_taker(const PacketSpace& space, const Packet& packet, std::size_t from,
                                         std::size_t node, std::size_t begin, std::size_t end) const;

  template <class Visit>
  void walk(PacketSpace& space, std::size_t node, std::size_t begin, std::size_t end, const Diagram& all_before,
            const Diagram& all_after, Visit& visit) const {
    // Cut to the packets of these rules, so that what is carried down gets smaller on the way.
    Diagrams& diagrams = space.diagrams;
    const Maps& own = tree_[node];
    if (!own.match.takes(1)) return;
    const Diagram before = diagrams.within(all_before, own.match, leaves);
    const Diagram after = diagrams.within(all_after, own.match);
    if (end - begin == 1) {
      visit(Place{begin, own.match, before, after});
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    walk(space, 2 * node, begin, middle, before, diagrams.then(tree_[2 * node + 1].guarded, after), visit);
    walk(space, 2 * node + 1, middle, end, diagrams.then(before, tree_[2 * node].outcomes), after, visit);
  }

  std::vector<Maps> tree_;         // the root is 1, the halves of n are 2n and 2n+1
  std::vector<std::size_t> leaf_;  // of each rule
  Diagram outcomes_, guarded_;
};

/// Where a packet may have either outcome.
Diagram either(Diagrams& diagrams, const Diagram& one, const Diagram& other);
/// What leaves the chain goes on in the one that called it, as what reaches the end.
Diagram come_back(Diagrams& diagrams, const Diagram& outcomes);

}  // namespace portpolicy::audit
