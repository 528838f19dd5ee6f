#pragma once

#include "compiler/base/result.h"
#include "host/nftables/held.h"

namespace portpolicy::host {

/// All that the kernel holds of nftables in the namespace of a NETLINK_NETFILTER socket. It takes as long as `nft list
/// ruleset`: for a set of intervals, time that grows with the square of its size (a million of them: more than a minute).
Result<Held> dump(int netlink_socket);

}  // namespace portpolicy::host
