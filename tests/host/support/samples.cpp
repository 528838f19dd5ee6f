#include "tests/host/support/samples.h"

#include <algorithm>

#include "tests/host/support/wire.h"

namespace portpolicy::host_tests {

bool may_go_unanswered(const Packet& packet) {
  const auto odd = [](Address address) {
    const Uint128 bits = address.bits;
    constexpr std::uint32_t broadcast_of_loopback = 0x7fffffff;
    if (address.family == Family::ipv4) return bits >> 24 == 0 || bits >> 24 >= 224 || bits == broadcast_of_loopback;
    return bits >> 120 == 0xff || bits >> 118 == 0xfe80 >> 6 || bits <= 1;
  };
  if (odd(packet.source) || odd(packet.destination) || is_icmp_error(packet)) return true;
  if (packet.family() == Family::ipv6) return false;
  constexpr std::uint8_t questions_and_answers[] = {0, 8, 13, 14, 15, 16, 17, 18};
  const bool unknown = is_icmp(packet) && std::ranges::count(questions_and_answers, packet.icmp_type) == 0;
  return unknown || packet.protocol == protocols::dccp;
}

Address address(std::string_view text) {
  return Address::parse(text).value();
}

Packet from(Packet packet, std::string_view source) {
  packet.source = address(source);
  return packet;
}

Packet to(Packet packet, std::string_view destination) {
  packet.destination = address(destination);
  return packet;
}

Packet packet_of(Direction direction, Family family, Protocol protocol, std::uint16_t source_port,
                 std::uint16_t destination_port) {
  Packet packet;
  packet.direction = direction;
  if (direction != Direction::outbound) packet.in = "eth0";
  if (direction != Direction::inbound) packet.out = direction == Direction::forward ? "eth1" : "eth0";
  packet.source = address(family == Family::ipv4 ? "192.0.2.7" : "2001:db8::7");
  packet.destination = address(family == Family::ipv4 ? "198.51.100.9" : "2001:db8:1::9");
  packet.protocol = protocol;
  packet.source_port = Port(source_port);
  packet.destination_port = Port(destination_port);
  return packet;
}

Packet tcp(Direction direction, Family family, std::uint16_t port) {
  return packet_of(direction, family, protocols::tcp, 40000, port);
}
Packet udp(Direction direction, Family family, std::uint16_t port) {
  return packet_of(direction, family, protocols::udp, 40000, port);
}
Packet icmp(Direction direction, Family family, std::uint8_t type, std::uint8_t code) {
  Packet packet = packet_of(direction, family, family == Family::ipv4 ? protocols::icmp : protocols::icmpv6);
  packet.icmp_type = type;
  packet.icmp_code = code;
  return packet;
}
Packet icmp_error(Direction direction, Family family) {
  return icmp(direction, family, family == Family::ipv4 ? 3 : 1, 1);
}

std::vector<Packet> one_of_each_protocol(Direction direction, Family family) {
  using namespace protocols;
  std::vector<Packet> packets;
  for (const Protocol protocol : {protocols::tcp, protocols::udp, udplite, sctp, dccp})
    packets.push_back(packet_of(direction, family, protocol, 40000, 1000));
  packets.push_back(host_tests::icmp(direction, family, family == Family::ipv4 ? 8 : 128));
  for (const Protocol protocol : {esp, gre, Protocol{253}}) packets.push_back(packet_of(direction, family, protocol));
  return packets;
}

}  // namespace portpolicy::host_tests
