#pragma once

#include <optional>
#include <vector>

#include "backends/nftables/model.h"

/// One condition of the filter can need several rules of nft, of which no two match the same packet.
namespace portpolicy::nft {

/// Matches that stand together in one rule.
using Matches = std::vector<Match>;

/// Rules that together match just these interfaces. `interfaces` is not empty.
std::vector<Matches> interface_alternatives(Side side, const InterfaceSet& interfaces);

/// The first of the patterns in these rules that nft cannot write down.
std::optional<InterfacePattern> unwritable(const std::vector<Matches>& alternatives);

/// Rules that together match just these ICMP types and codes. `types` is not empty and not full.
std::vector<Matches> icmp_alternatives(Family family, const IcmpSet& types);

}  // namespace portpolicy::nft
