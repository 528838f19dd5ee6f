#pragma once

#include <string>

#include "backends/common/arrange.h"
#include "backends/iptables/table_writer.h"

namespace portpolicy::iptables {

/// Puts rules that ask for nothing but addresses and ports into sets that are asked by a rule for each verdict; sets are
/// named after `name`.
void write_lookups(TableWriter& writer, const backend::Piece& piece, ChainId to, const std::string& name);

}  // namespace portpolicy::iptables
