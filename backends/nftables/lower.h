#pragma once

#include "backends/nftables/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::nft {

/// The table that decides every packet as the filter does. A rule that can match nothing is left out and named in its
/// chain; never does an empty match become a wider one. What nft cannot say exactly is reported as `not_expressible`,
/// and the table then lacks it: it must not be used.
Ruleset lower(const filter::Filter& filter, Diagnostics& diagnostics);

}  // namespace portpolicy::nft
