#pragma once

#include <vector>

#include "backends/nftables/address_lists.h"
#include "backends/nftables/cost.h"

/// How a packet is looked up in prefixes of many lengths that do not overlap, with one hash for each length. To ask all of
/// them is slow for a packet that is in none. So a hash can also hold markers: for each longer prefix its leading bits.
/// Who finds a marker goes on among the longer prefixes, in a chain of their own, and who finds nothing among the shorter
/// ones. That makes a binary search of the lengths, shaped by how many prefixes each has (Waldvogel, Varghese, Turner and
/// Plattner: Scalable High Speed IP Routing Lookups, 1997).
namespace portpolicy::nft {

struct SearchStep {
  int length = 0;
  std::vector<SearchStep> longer;  ///< where a marker leads; none: there are no markers
};
/// Steps one after the other. Each length stands in it once.
struct Search {
  std::vector<SearchStep> steps;
  double cost = 0;  ///< in nanoseconds, for packets of which some are in a prefix and some not
};

Search plan_search(const PrefixLengths& lengths, const Costs& costs);

/// The lengths of these steps and of all behind their markers.
std::vector<int> lengths_of(const std::vector<SearchStep>& steps);

}  // namespace portpolicy::nft
