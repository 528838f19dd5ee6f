#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "compiler/graph/graph.h"

namespace portpolicy::checks {

/// Rules of one file that follow each other and that the rules of other files see alike: of two segments either all
/// rules of one come before all of the other, or no rule of either comes before one of the other.
struct Segment {
  std::vector<const Rule*> rules;  ///< never empty; in their order
  std::uint8_t verdicts = 0;       ///< of the rules, one bit each

  bool is_before(const Segment& other, const Precedence& precedence) const {
    return precedence.before(*rules.back(), *other.rules.front());
  }
  bool has_limits() const;
  /// Whether a rule of this one may disagree with one of the other.
  bool may_disagree_with(const Segment& other) const {
    return verdicts != other.verdicts || !std::has_single_bit(verdicts);
  }
};

/// All rules of one direction, by tier and file.
std::vector<Segment> segments_of(const Section& section);

}  // namespace portpolicy::checks
