#pragma once

#include <cstdint>
#include <vector>

#include "backends/nftables/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::nft {

/// Reports every rule that nft cannot say exactly.
void report_inexpressible(const filter::Filter& filter, Diagnostics& diagnostics);

/// Reports chains that call each other deeper than the kernel follows.
void report_too_deep(const Ruleset& ruleset, Diagnostics& diagnostics);

}  // namespace portpolicy::nft
