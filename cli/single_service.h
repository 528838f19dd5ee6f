#pragma once

#include <string_view>

#include "compiler/base/packet.h"
#include "compiler/base/result.h"
#include "compiler/syntax/policy.h"

namespace portpolicy::cli {

/// Gives the packet, whose addresses are set, the protocol and the destination port or ICMP type of a service as the
/// policy language writes it; the names of `policy` count. A service with several is an error that names them.
Result<void> set_service(Packet& packet, std::string_view service, const syntax::Policy& policy);

}  // namespace portpolicy::cli
