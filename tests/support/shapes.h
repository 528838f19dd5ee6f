#pragma once

#include <string>
#include <vector>

#include "backends/nftables/lower.h"

namespace portpolicy::test {

/// Every way in which a filter can be lowered for nftables, those among them that are never the cheapest for few rules.
std::vector<nft::Options> every_shape();
/// Which it is, for messages.
std::string said(const nft::Options& options);

}  // namespace portpolicy::test
