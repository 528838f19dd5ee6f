#pragma once

#include <cstdint>
#include <vector>

#include "backends/nftables/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::nft {

/// The chains that packets of a managed direction can come to, ascending.
std::vector<std::uint32_t> reachable_chains(const filter::Filter& filter);

/// Reports every rule that nft cannot say exactly.
void report_inexpressible(const filter::Filter& filter, Diagnostics& diagnostics);

/// Reports chains that call each other deeper than the kernel follows.
void report_too_deep(const Ruleset& ruleset, Diagnostics& diagnostics);

}  // namespace portpolicy::nft
