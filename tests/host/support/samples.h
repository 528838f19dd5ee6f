#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "compiler/base/packet.h"

namespace portpolicy::host_tests {

/// A packet between 192.0.2.7 (2001:db8::7) and 198.51.100.9 (2001:db8:1::9), coming in by eth0 and going out by
/// eth0, or by eth1 when forwarded.
Packet packet_of(Direction direction, Family family, Protocol protocol, std::uint16_t source_port = 0,
                 std::uint16_t destination_port = 0);
Packet tcp(Direction direction, Family family, std::uint16_t port);
Packet udp(Direction direction, Family family, std::uint16_t port);
Packet icmp(Direction direction, Family family, std::uint8_t type, std::uint8_t code = 0);
/// Destination unreachable.
Packet icmp_error(Direction direction, Family family);
/// TCP, UDP, UDP-Lite, SCTP, DCCP, an echo request, ESP, GRE and a protocol without a name.
std::vector<Packet> one_of_each_protocol(Direction direction, Family family);

/// Whether the kernel may be silent where it is to reject. It answers neither ICMP errors, nor IPv4's ICMP types that it
/// does not know, nor what is sent to or from a group of hosts or, in IPv6, of this link only; and since it has forgotten
/// DCCP, it takes its checksum over IPv4 for a wrong one.
bool may_go_unanswered(const Packet& packet);

Address address(std::string_view text);
Packet from(Packet packet, std::string_view source);
Packet to(Packet packet, std::string_view destination);

}  // namespace portpolicy::host_tests
