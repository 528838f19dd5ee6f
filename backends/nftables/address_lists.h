#pragma once

#include <cstddef>
#include <vector>

#include "backends/common/prefixes.h"
#include "backends/nftables/cost.h"
#include "backends/nftables/model.h"

/// The shapes of one list of addresses.
namespace portpolicy::nft {

using backend::for_each_prefix;

std::size_t range_count(const Addresses& addresses);

/// How many prefixes of each length it takes to write the addresses down.
class PrefixLengths {
 public:
  explicit PrefixLengths(Family family) : counts_(static_cast<std::size_t>(address_bits(family)) + 1) {}
  void add(Interval<Uint128> range);
  /// The lengths that are there, most prefixes first.
  std::vector<int> by_number() const;
  std::size_t count(int length) const { return counts_[static_cast<std::size_t>(length)]; }
  std::size_t total() const;
  /// What it takes to ask for each length after the other, when something is found and when nothing is.
  double hit(const Curve& lookup) const;
  double miss(const Curve& lookup) const;

 private:
  std::vector<std::size_t> counts_;
};

/// Calls `visit(Interval<Uint128>)` for each range.
template <class Visit>
void for_each_range(const Addresses& addresses, Visit visit) {
  std::visit(
      [&](const auto& set) {
        for (const auto& range : set.intervals()) visit(Interval<Uint128>{range.first, range.last});
      },
      addresses);
}

/// `addresses` are neither none nor all.
ListShape cheapest_list(const Addresses& addresses, const Costs& costs);
/// What the cheapest shape takes, for packets of which some are in the list and some not.
double list_cost(std::size_t ranges, const PrefixLengths& lengths, Family family, const Costs& costs);

std::vector<Match> one_by_one(Side side, const Addresses& addresses);
/// One lookup without a name for each length of prefix, most prefixes first.
std::vector<Lookup> hashes_by_length(const Addresses& addresses);

}  // namespace portpolicy::nft
