#pragma once

#include <string>

#include "backends/common/header.h"
#include "backends/nftables/model.h"

namespace portpolicy::nft {

using backend::Header;

/// The script for `nft -f`. Loading it removes, in the same transaction, every table that portpolicy may have left
/// behind, so that it can be loaded any number of times.
std::string print(const Ruleset& ruleset, const Header& header);

}  // namespace portpolicy::nft
