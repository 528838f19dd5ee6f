#pragma once

#include <optional>

#include "backends/nftables/model.h"

namespace portpolicy::nft {

/// What the kernel would do with the packet: nothing where no chain hooks into its direction. Obvious rather than fast;
/// `lower` is held to it.
std::optional<Verdict> evaluate(const Ruleset& ruleset, const Packet& packet, bool limits_exhausted);

}  // namespace portpolicy::nft
