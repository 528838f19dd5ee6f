#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "backends/common/arrange.h"
#include "compiler/base/address.h"

/// What the kernel takes for what a table can hold, in nanoseconds of processor time for one packet; and what follows
/// from it for the shape of a table. Measured on one machine with a kernel 6.18, with 16,384 different packets, over a
/// namespace without rules; another machine has other numbers but much the same ratios. docs/decisions/0013 has the
/// whole measurements.
namespace portpolicy::nft {

/// What a lookup takes in sets of 1, 10, 100, ... 1,000,000 elements.
struct Curve {
  std::array<double, 7> at;
  double operator()(std::size_t elements) const {
    const double place = std::log10(static_cast<double>(std::max<std::size_t>(elements, 1)));
    const auto below = std::min<std::size_t>(static_cast<std::size_t>(place), at.size() - 2);
    return at[below] + (at[below + 1] - at[below]) * (place - static_cast<double>(below));
  }
};

/// How a list of addresses can stand in a table.
enum class ListShape : std::uint8_t {
  lines,      ///< a rule for each range
  hashes,     ///< a set for each length of prefix, asked for the masked address
  padded,     ///< an interval set of two fields, which the kernel keeps as bits ("pipapo")
  intervals,  ///< an interval set of one field, which it keeps as a tree ("rbtree")
};

/// How rules of addresses, protocols and ports can stand in a table.
enum class RuleShape : std::uint8_t {
  lines,      ///< a rule for each
  intervals,  ///< one interval set of three fields
  hashes,     ///< a set for each length of prefix
  chains,     ///< a map from protocol and port to a chain with a list of addresses
};

struct Costs {
  // One operation.
  double rule = 7;             ///< a rule whose first test fails: an address, a protocol, a state
  double family_test = 6.3;    ///< before each address and each ICMP type in a table of both families
  double port_rule = 15;       ///< a rule that asks for the protocol and then for the port
  double interface_rule = 14;  ///< by name
  double small_set = 24;       ///< exact values without addresses, of any number
  double port_ranges = 75;     ///< a set with ranges of ports, which is a tree
  double jump = 11;            ///< there and back
  double limit = 49;

  // One lookup that finds something. Those of several hashes in a row are dearer than one of them alone.
  Curve hash{{24, 24, 24, 36, 98, 351, 532}};
  Curve tree{{34, 90, 125, 253, 562, 2002, 4396}};
  Curve padded_v4{{58, 67, 65, 107, 305, 2002, 30000}};
  Curve padded_v6{{58, 70, 79, 160, 645, 11696, 100000}};
  Curve tuple_hash{{40, 40, 42, 60, 115, 400, 600}};
  Curve tuple_intervals_v4{{72, 76, 85, 135, 500, 2700, 30000}};
  Curve tuple_intervals_v6{{72, 80, 95, 180, 900, 12000, 100000}};
  /// What chains add that many packets go to by a map: so many rules do not stay in the processor's cache.
  Curve cold_chains{{20, 25, 45, 68, 270, 1000, 2000}};
  /// Of a lookup in several fields, where nothing is found: most packets fail at the address.
  Curve miss_v4{{10, 10, 10, 14, 100, 1240, 12000}};
  Curve miss_v6{{10, 10, 10, 20, 200, 5000, 50000}};

  const Curve& padded(Family family) const { return family == Family::ipv4 ? padded_v4 : padded_v6; }
  const Curve& tuple_intervals(Family family) const {
    return family == Family::ipv4 ? tuple_intervals_v4 : tuple_intervals_v6;
  }
  const Curve& miss(Family family) const { return family == Family::ipv4 ? miss_v4 : miss_v6; }

  /// Two packets of three are taken to meet a rule, and the third to meet none.
  static double mixed(double hit, double miss) { return (2 * hit + miss) / 3; }

  /// `automatic` leaves the readable shape when a packet would save so much. To receive and route a packet takes the
  /// kernel about 170.
  double noticeable = 250;

  backend::MergeLimits merge;
  std::size_t most_interval_tuples = 50'000;  ///< loading more takes seconds to minutes

  // For tests.
  std::optional<ListShape> always_lists;
  std::optional<RuleShape> always_rules;
};

}  // namespace portpolicy::nft
