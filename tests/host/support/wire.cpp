#include "tests/host/support/wire.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace portpolicy::host_tests {
namespace {

constexpr std::uint8_t tcp_syn = 0x02, tcp_rst = 0x04, tcp_ack = 0x10;
constexpr std::uint32_t sctp_tag = 0x01020304;
constexpr std::size_t ipv4_header = 20, ipv6_header = 40;

template <class Integer>
void put(Bytes& bytes, Integer value) {
  for (std::size_t i = sizeof value; i-- > 0;) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}
void put8(Bytes& bytes, unsigned value) {
  bytes.push_back(static_cast<std::uint8_t>(value));
}
void put16(Bytes& bytes, std::size_t value) {
  put(bytes, static_cast<std::uint16_t>(value));
}
void put32(Bytes& bytes, std::uint32_t value) {
  put(bytes, value);
}
void put_address(Bytes& bytes, Address address) {
  if (address.family == Family::ipv4) put32(bytes, static_cast<std::uint32_t>(address.bits));
  else put(bytes, address.bits);
}
std::uint16_t get16(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
std::uint32_t get32(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}
void set16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

/// RFC 1071.
std::uint16_t checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i]) << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0u);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

std::uint16_t checksum_with_addresses(const Packet& packet, const Bytes& payload) {
  Bytes bytes;
  put_address(bytes, packet.source);
  put_address(bytes, packet.destination);
  put16(bytes, payload.size());
  put16(bytes, packet.protocol.number);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return checksum(bytes);
}

/// RFC 9260, appendix A; the bytes of the result are in the order of the wire.
std::uint32_t crc32c(const Bytes& bytes) {
  std::uint32_t crc = ~0u;
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
  }
  return __builtin_bswap32(~crc);
}

void put_ports(Bytes& bytes, const Packet& packet) {
  put16(bytes, packet.source_port.number());
  put16(bytes, packet.destination_port.number());
}

/// The sequence numbers carry the id, so that a reset shows which segment it answers. A reply acknowledges what
/// its opener sent: an opener's id is its reply's id less one.
Bytes tcp(const Packet& packet, const Carriage& carriage) {
  Bytes bytes;
  put_ports(bytes, packet);
  put32(bytes, carriage.id);
  put32(bytes, carriage.reply || carriage.stray ? carriage.id : 0);
  put8(bytes, 5u << 4);
  put8(bytes, carriage.stray ? tcp_ack : carriage.reply ? tcp_syn | tcp_ack : tcp_syn);
  put16(bytes, 1024);
  put32(bytes, 0);
  set16(bytes, 16, checksum_with_addresses(packet, bytes));
  return bytes;
}

Bytes udp(const Packet& packet) {
  Bytes bytes;
  put_ports(bytes, packet);
  put16(bytes, packet.protocol == protocols::udp ? 12 : 0);  // 0: UDP-Lite's checksum covers everything
  put16(bytes, 0);
  put32(bytes, 0);
  const std::uint16_t sum = checksum_with_addresses(packet, bytes);
  set16(bytes, 6, sum == 0 ? 0xffff : sum);
  return bytes;
}

Bytes sctp(const Packet& packet, const Carriage& carriage) {
  constexpr unsigned init = 1, init_ack = 2;
  Bytes bytes;
  put_ports(bytes, packet);
  put32(bytes, carriage.reply ? sctp_tag : 0);
  put32(bytes, 0);
  put8(bytes, carriage.reply ? init_ack : init);
  put8(bytes, 0);
  put16(bytes, 20);
  put32(bytes, sctp_tag);
  put32(bytes, 65536);
  put16(bytes, 1);
  put16(bytes, 1);
  put32(bytes, 1);
  const std::uint32_t crc = crc32c(bytes);
  for (std::size_t i = 0; i < 4; ++i) bytes[8 + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
  return bytes;
}

Bytes dccp(const Packet& packet) {
  constexpr unsigned words = 5, long_sequence_numbers = 1, request = 0;
  Bytes bytes;
  put_ports(bytes, packet);
  put8(bytes, words);
  put8(bytes, 0);
  put16(bytes, 0);
  put8(bytes, request << 1 | long_sequence_numbers);
  bytes.resize(4 * words);
  set16(bytes, 6, checksum_with_addresses(packet, bytes));
  return bytes;
}

/// For an ICMP error of no flow: some datagram that nobody sent.
Bytes unknown_datagram(const Packet& error) {
  Packet packet;
  packet.source = error.destination;
  packet.destination = error.source;
  packet.protocol = protocols::udp;
  packet.source_port = Port(7);
  packet.destination_port = Port(7);
  return to_bytes(packet, {});
}

Bytes icmp(const Packet& packet, const Carriage& carriage) {
  Bytes bytes;
  put8(bytes, packet.icmp_type);
  put8(bytes, packet.icmp_code);
  put16(bytes, 0);
  put32(bytes, is_icmp_error(packet) ? 0 : 0x00070001);
  const Bytes rest = !is_icmp_error(packet)    ? Bytes(24)
                     : carriage.quoted.empty() ? unknown_datagram(packet)
                                               : carriage.quoted;
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  const bool v4 = packet.protocol == protocols::icmp;
  set16(bytes, 2, v4 ? checksum(bytes) : checksum_with_addresses(packet, bytes));
  return bytes;
}

Bytes payload(const Packet& packet, const Carriage& carriage) {
  using namespace protocols;
  if (packet.protocol == protocols::tcp) return host_tests::tcp(packet, carriage);
  if (packet.protocol == protocols::udp || packet.protocol == udplite) return host_tests::udp(packet);
  if (packet.protocol == protocols::sctp) return host_tests::sctp(packet, carriage);
  if (packet.protocol == protocols::dccp) return host_tests::dccp(packet);
  if (is_icmp(packet)) return host_tests::icmp(packet, carriage);
  if (packet.protocol == igmp) return {0x11, 0, 0xee, 0xff, 0, 0, 0, 0};
  if (packet.protocol == gre) return {0, 0, 0x08, 0, 0, 0, 0, 0};
  if (packet.protocol == ah) return {59, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  Bytes bytes;  // ESP begins with an index that is not 0; others are not looked into
  put32(bytes, 256);
  bytes.resize(24);
  // The kernel answers for a protocol it does not know only if a checksum over everything is right.
  const bool v4 = packet.family() == Family::ipv4;
  set16(bytes, 22, v4 ? checksum(bytes) : checksum_with_addresses(packet, bytes));
  return bytes;
}

}  // namespace

bool is_icmp(const Packet& packet) {
  return packet.protocol == (packet.family() == Family::ipv4 ? protocols::icmp : protocols::icmpv6);
}

bool is_icmp_error(const Packet& packet) {
  if (!is_icmp(packet)) return false;
  if (packet.family() == Family::ipv6) return packet.icmp_type < 128;
  constexpr std::uint8_t errors[] = {3, 4, 5, 11, 12};
  return std::ranges::count(errors, packet.icmp_type) != 0;
}

Bytes to_bytes(const Packet& packet, const Carriage& carriage) {
  const Bytes data = payload(packet, carriage);
  Bytes bytes;
  if (packet.family() == Family::ipv4) {
    put8(bytes, 0x45);
    put8(bytes, static_cast<unsigned>(carriage.dscp) << 2);
    put16(bytes, ipv4_header + data.size());
    put16(bytes, carriage.id);
    put16(bytes, 0);
    put8(bytes, carriage.hop_limit);
    put8(bytes, packet.protocol.number);
    put16(bytes, 0);
  } else {
    put32(bytes, 6u << 28 | static_cast<std::uint32_t>(carriage.dscp) << 22 | carriage.id);
    put16(bytes, data.size());
    put8(bytes, packet.protocol.number);
    put8(bytes, carriage.hop_limit);
  }
  put_address(bytes, packet.source);
  put_address(bytes, packet.destination);
  if (packet.family() == Family::ipv4) set16(bytes, 10, checksum(bytes));
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

Packet opener_of(const Packet& packet) {
  Packet opener = packet;
  std::swap(opener.source, opener.destination);
  std::swap(opener.source_port, opener.destination_port);
  std::swap(opener.in, opener.out);
  if (packet.protocol == protocols::icmp && packet.icmp_type == 0) opener.icmp_type = 8;
  if (packet.protocol == protocols::icmpv6 && packet.icmp_type == 129) opener.icmp_type = 128;
  return opener;
}

std::optional<std::uint16_t> read_id(const Bytes& bytes) {
  if (bytes.size() < ipv4_header) return std::nullopt;
  return bytes[0] >> 4 == 4 ? get16(bytes, 4) : get16(bytes, 2);
}

std::optional<Seen> read_answer(const Bytes& bytes) {
  if (bytes.empty()) return std::nullopt;
  const bool v4 = bytes[0] >> 4 == 4;
  const std::size_t header = v4 ? ipv4_header : ipv6_header;
  if (bytes.size() < header + 20) return std::nullopt;
  const std::uint8_t protocol = v4 ? bytes[9] : bytes[6];
  if (protocol == protocols::tcp.number) {
    if ((bytes[header + 13] & tcp_rst) == 0) return std::nullopt;
    const bool acknowledges = (bytes[header + 13] & tcp_ack) != 0;
    const std::uint32_t id = acknowledges ? get32(bytes, header + 8) - 1 : get32(bytes, header + 4);
    return Seen{static_cast<std::uint16_t>(id), Answer::tcp_reset};
  }
  const std::optional<std::uint16_t> id =
      read_id(Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(header) + 8, bytes.end()));
  if (!id) return std::nullopt;
  // RFC 1812, 5.2.7.1: type 3, code 13. RFC 4443, 3.1: type 1, code 1.
  const bool prohibited = get16(bytes, header) == (v4 ? icmp_value(3, 13) : icmp_value(1, 1));
  return Seen{*id, prohibited ? Answer::prohibited : Answer::other};
}

}  // namespace portpolicy::host_tests
