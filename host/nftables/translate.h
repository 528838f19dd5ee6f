#pragma once

#include "compiler/filter/filter.h"
#include "host/nftables/held.h"

namespace portpolicy::host {

/// What rules that a kernel holds make of IPv4 and IPv6 packets at the hooks input, output and forward.
///
/// What is not understood is an opaque condition of the filter, with a text of its own. Where rules of a direction are for
/// one family only, packets of the other are allowed.
filter::Filter translate(const Held& held);

}  // namespace portpolicy::host
