#pragma once

#include <cstddef>
#include <vector>

#include "backends/nftables/cost.h"
#include "backends/nftables/model.h"

/// The shapes of one list of addresses.
namespace portpolicy::nft {

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

/// Calls `visit(Prefix)` for the prefixes that together are the range, ascending.
template <class Visit>
void for_each_prefix(Family family, Interval<Uint128> range, Visit visit) {
  const auto bits = address_bits(family);
  Uint128 at = range.first;
  for (;;) {
    int host_bits = 0;
    const auto last = [&](int hosts) { return hosts == 128 ? ~Uint128{0} : at + ((Uint128{1} << hosts) - 1); };
    while (host_bits < bits && (at >> host_bits & 1) == 0 && last(host_bits + 1) <= range.last &&
           last(host_bits + 1) > at)
      ++host_bits;
    visit(Prefix{{family, at}, bits - host_bits});
    if (last(host_bits) == range.last) return;
    at = last(host_bits) + 1;
  }
}

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
