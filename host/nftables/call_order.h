#pragma once

#include <vector>

#include "host/nftables/held.h"

namespace portpolicy::host {

/// The chains of a table that packets come to: its base chains, and all that these lead to. Each stands behind those that
/// call it. (The kernel takes no chains that lead back to themselves.)
std::vector<const HeldChain*> callers_first(const HeldTable& table);

}  // namespace portpolicy::host
