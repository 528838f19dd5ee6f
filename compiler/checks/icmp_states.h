#pragma once

#include <cstdint>

#include "compiler/base/address.h"

namespace portpolicy::checks {

/// Whether connection tracking never calls an ICMP (of IPv4) or ICMPv6 packet of this type new or untracked, so that it is
/// established, related or invalid: an answer, or nothing that is known. Linux, net/netfilter/nf_conntrack_proto_icmp.c
/// and nf_conntrack_proto_icmpv6.c (`valid_new`, `noct_valid_new`); tests/host asks the kernel. Multicast router
/// discovery (ICMPv6 151 to 153) is invalid for older kernels and untracked for newer ones.
/// (What another tool has switched tracking off for is untracked all the same.)
constexpr bool only_answers(Family family, std::uint8_t type) {
  const auto between = [type](unsigned first, unsigned last) { return first <= type && type <= last; };
  if (family == Family::ipv4) return type != 8 && type != 13 && type != 15 && type != 17;
  const bool untracked = between(130, 136) || type == 143 || between(151, 153);
  return !untracked && type != 128 && type != 139;
}

}  // namespace portpolicy::checks
