#pragma once

#include "backends/common/optimize.h"
#include "backends/iptables/cost.h"
#include "backends/iptables/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::iptables {

struct Options {
  backend::Optimize optimize = backend::Optimize::automatic;
  bool counters = false;  ///< every rule keeps a line of its own; the kernel counts for each line
  Costs costs;
};

/// The tables that decide every packet as the filter does. What iptables cannot say exactly is reported as
/// `not_expressible`, and then there is no table. An empty match never becomes a wider one.
Ruleset lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics);

}  // namespace portpolicy::iptables
