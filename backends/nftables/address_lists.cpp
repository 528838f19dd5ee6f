#include "backends/nftables/address_lists.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace portpolicy::nft {
namespace {

struct Estimate {
  ListShape shape = ListShape::lines;
  double cost = 0;
};

Estimate cheapest(std::size_t ranges, const PrefixLengths& lengths, Family family, const Costs& costs) {
  const auto count = static_cast<double>(ranges);
  const double found = costs.padded(family)(ranges);
  const std::array all{
      Estimate{ListShape::lines, Costs::mixed(costs.rule * count / 2, costs.rule * count)},
      Estimate{ListShape::hashes, Costs::mixed(lengths.hit(costs.hash), lengths.miss(costs.hash))},
      Estimate{ListShape::padded, Costs::mixed(found, costs.miss(family)(ranges))},
      Estimate{ListShape::intervals, costs.tree(ranges)},
  };
  Estimate best;
  for (const Estimate& estimate : all) {
    const bool loads = estimate.shape != ListShape::padded || ranges <= costs.most_interval_tuples;
    const bool first = &estimate == &all.front();
    if (costs.always_lists ? estimate.shape == *costs.always_lists : first || (loads && estimate.cost < best.cost))
      best = estimate;
  }
  return best;
}

}  // namespace

std::size_t range_count(const Addresses& addresses) {
  return std::visit([](const auto& set) { return set.intervals().size(); }, addresses);
}

void PrefixLengths::add(Interval<Uint128> range) {
  const Family family = counts_.size() == 33 ? Family::ipv4 : Family::ipv6;
  for_each_prefix(family, range, [&](Prefix prefix) { ++counts_[static_cast<std::size_t>(prefix.length)]; });
}

std::vector<int> PrefixLengths::by_number() const {
  std::vector<int> lengths;
  for (std::size_t length = counts_.size(); length-- > 0;)
    if (counts_[length] != 0) lengths.push_back(static_cast<int>(length));
  std::stable_sort(lengths.begin(), lengths.end(), [&](int a, int b) { return count(a) > count(b); });
  return lengths;
}

std::size_t PrefixLengths::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), std::size_t{0});
}

double PrefixLengths::hit(const Curve& lookup) const {
  double asked = 0, sum = 0;
  for (const int length : by_number()) {
    asked += lookup(count(length));
    sum += asked * static_cast<double>(count(length));
  }
  return sum / static_cast<double>(std::max<std::size_t>(total(), 1));
}

double PrefixLengths::miss(const Curve& lookup) const {
  double asked = 0;
  for (const int length : by_number()) asked += lookup(count(length));
  return asked;
}

ListShape cheapest_list(const Addresses& addresses, const Costs& costs) {
  const Family family = family_of(addresses);
  PrefixLengths lengths(family);
  for_each_range(addresses, [&](Interval<Uint128> range) { lengths.add(range); });
  return cheapest(range_count(addresses), lengths, family, costs).shape;
}

double list_cost(std::size_t ranges, const PrefixLengths& lengths, Family family, const Costs& costs) {
  return cheapest(ranges, lengths, family, costs).cost;
}

std::vector<Match> one_by_one(Side side, const Addresses& addresses) {
  std::vector<Match> matches;
  std::visit(
      [&]<class T>(const IntervalSet<T>& set) {
        for (const Interval<T>& range : set.intervals())
          matches.push_back(AddressIn{side, family_of(addresses), Addresses(IntervalSet<T>::of(range))});
      },
      addresses);
  return matches;
}

std::vector<Lookup> hashes_by_length(const Addresses& addresses) {
  const Family family = family_of(addresses);
  PrefixLengths lengths(family);
  for_each_range(addresses, [&](Interval<Uint128> range) { lengths.add(range); });
  std::vector<Lookup> lookups;
  std::array<std::size_t, 129> place{};
  for (const int length : lengths.by_number()) {
    place[static_cast<std::size_t>(length)] = lookups.size();
    Lookup lookup;
    lookup.key.address = Key::Part{family, length};
    lookup.elements.reserve(lengths.count(length));
    lookups.push_back(std::move(lookup));
  }
  for_each_range(addresses, [&](Interval<Uint128> range) {
    for_each_prefix(family, range, [&](Prefix prefix) {
      const Uint128 first = prefix.address.bits;
      lookups[place[static_cast<std::size_t>(prefix.length)]].elements.push_back({{first, first}, {}, {}, {}});
    });
  });
  return lookups;
}

}  // namespace portpolicy::nft
