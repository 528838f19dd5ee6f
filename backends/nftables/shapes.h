#pragma once

#include <string>

#include "backends/common/arrange.h"
#include "backends/nftables/table_writer.h"

namespace portpolicy::nft {

/// Puts the rules of a piece that are tabular into a chain, in the cheapest shape; sets are named after `name`.
void write_tabular(TableWriter& writer, const backend::Piece& piece, ChainId to, const std::string& name);

}  // namespace portpolicy::nft
