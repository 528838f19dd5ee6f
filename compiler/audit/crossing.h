#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "compiler/audit/standing.h"
#include "compiler/packets/packet_space.h"

namespace portpolicy::audit {

/// Finds pairs of rules of one chain that disagree, of which each has packets that the other has not, and where the first
/// decides packets that both match. Only rules that decide for sure are looked at.
class Crossings {
 public:
  Crossings(PacketSpace& space, const filter::Filter& filter, Direction direction)
      : space_(space), filter_(filter), direction_(direction) {}

  /// To be called for the rules of a chain in their order, with what they match of the packets that come to the chain, and
  /// what of that may arrive. Throws TooComplex.
  void look_at(RuleId rule, const Diagram& match, const Diagram& packets);

  /// By the first of each pair.
  std::map<RuleId, Crossed> found;
  /// There were so many pairs that not all were compared.
  bool whole = true;

 private:
  struct Seen {
    RuleId rule;
    Verdict verdict;
    std::vector<Box> boxes;
    Diagram match, packets;
  };
  bool cross(const Seen& first, const Seen& second);

  static constexpr std::size_t most_steps = 20'000'000, steps_of_maps = 200;
  PacketSpace& space_;
  const filter::Filter& filter_;
  Direction direction_;
  Budget budget_{most_steps};
  std::vector<Seen> seen_;  // of the chain
};

}  // namespace portpolicy::audit
