#pragma once

#include "backends/nftables/read.h"
#include "backends/nftables/read_script.h"

namespace portpolicy::nft::text {

/// What the tables make of packets at the hooks input, output and forward. Nothing when nft or the kernel would refuse them,
/// which was said.
std::optional<Reading> translate(const Source& source, const Definitions& definitions, const Script& script);

}  // namespace portpolicy::nft::text
