#pragma once

#include <cstddef>

#include "backends/common/arrange.h"

/// When rules and addresses are looked up in sets. What was measured stands in docs/decisions/0015.
namespace portpolicy::iptables {

struct Costs {
  /// So many ranges of addresses are a rule each; more are a set.
  std::size_t most_lines_of_list = 8;
  /// So many alternatives of a rule stand in a row; more are asked behind what they have in common.
  std::size_t most_lines_of_rule = 8;
  /// From so many rules on that ask for nothing but addresses and ports, these are looked up together, where speed is all
  /// that counts, and where it is weighed against what a reader sees.
  std::size_t merged_for_speed = 16;
  std::size_t merged_at_all = 48;
  /// A set of ports knows single ports only, so ranges are seldom written out.
  backend::MergeLimits merge{.enumerated_ports = 8, .ports_of_range = 1024, .tuples_of_rule = 64, .rules_crossed = 64};
};

}  // namespace portpolicy::iptables
