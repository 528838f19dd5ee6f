#pragma once

#include "backends/common/optimize.h"
#include "backends/nftables/cost.h"
#include "backends/nftables/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::nft {

using backend::Optimize;

struct Options {
  Optimize optimize = Optimize::automatic;  ///< readable until it costs so much more than fast: `Costs::noticeable`
  bool counters = false;                    ///< every rule keeps a line of its own, with a counter
  Costs costs;
};

/// The tables that decide every packet as the filter does. A rule that can match nothing is left out and named in its
/// chain; never does an empty match become a wider one. What nft cannot say exactly is reported as `not_expressible`,
/// and then there is no table.
Ruleset lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics);

/// As a person would write it.
Ruleset lower(const filter::Filter& filter, Diagnostics& diagnostics);

}  // namespace portpolicy::nft
