#include "compiler/base/interval_set.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

using portpolicy::Interval;
using portpolicy::IntervalSet;

namespace {

using Set = IntervalSet<std::uint8_t>;
constexpr unsigned universe = 8;
/// The values that stand for the members 0 to 7: both ends of the type are among them.
constexpr std::uint8_t values[universe] = {0, 1, 2, 7, 8, 253, 254, 255};

Set set_of(unsigned members) {
  std::vector<Interval<std::uint8_t>> intervals;
  for (unsigned i = universe; i-- > 0;) {
    if (members >> i & 1) intervals.push_back({values[i], values[i]});
  }
  return Set::of(intervals);
}

unsigned members_of(const Set& set) {
  unsigned members = 0;
  for (unsigned i = 0; i < universe; ++i) {
    if (set.contains(values[i])) members |= 1u << i;
  }
  return members;
}

bool is_canonical(const Set& set) {
  const auto& intervals = set.intervals();
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (intervals[i].first > intervals[i].last) return false;
    if (i > 0 && intervals[i - 1].last + 1 >= intervals[i].first) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("the operations on interval sets are those on sets, for every pair of subsets") {
  for (unsigned a = 0; a < 1u << universe; ++a) {
    const Set left = set_of(a);
    REQUIRE(members_of(left) == a);
    REQUIRE(is_canonical(left));
    REQUIRE(is_canonical(complement(left)));
    REQUIRE(complement(complement(left)) == left);
    REQUIRE(members_of(complement(left)) == (~a & 0xFFu));
    for (unsigned b = 0; b < 1u << universe; ++b) {
      const Set right = set_of(b);
      REQUIRE(unite(left, right) == set_of(a | b));
      REQUIRE(intersect(left, right) == set_of(a & b));
      REQUIRE(subtract(left, right) == set_of(a & ~b));
      REQUIRE(disjoint(left, right) == ((a & b) == 0));
    }
  }
}

TEST_CASE("an interval set made of overlapping and touching intervals is one interval") {
  CHECK(Set::of({{3, 5}, {0, 2}, {4, 9}}) == Set::of(Interval<std::uint8_t>{0, 9}));
  CHECK(Set::of({{10, 255}, {0, 9}}) == Set::all());
  CHECK(Set::of({{0, 255}, {255, 255}, {7, 8}}).is_all());
  CHECK(Set::of({{0, 0}, {2, 2}}).intervals().size() == 2);
}

TEST_CASE("the complement of everything is nothing") {
  CHECK(complement(Set::all()).empty());
  CHECK(complement(Set()).is_all());
  CHECK_FALSE(Set::of(Interval<std::uint8_t>{0, 254}).is_all());
  CHECK_FALSE(Set().contains(0));
}
