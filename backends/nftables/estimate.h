#pragma once

#include "backends/nftables/cost.h"
#include "backends/nftables/model.h"

namespace portpolicy::nft {

/// About how many nanoseconds a packet costs in the dearest of the base chains: one that meets a rule, each as likely as
/// any other, or with less weight one that meets none.
double estimate(const Ruleset& ruleset, const Costs& costs);

}  // namespace portpolicy::nft
