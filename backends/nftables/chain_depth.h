#pragma once

#include <optional>

#include "backends/nftables/model.h"

namespace portpolicy::nft {

/// The first chain below which more than `most_jumps` jumps and gotos follow one another, or go round in a circle.
std::optional<ChainId> too_deep(const Table& table);

}  // namespace portpolicy::nft
