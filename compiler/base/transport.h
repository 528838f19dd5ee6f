#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/base/address.h"
#include "compiler/base/interval_set.h"
#include "compiler/base/result.h"

namespace portpolicy {

/// A transport port. Network byte order exists only in host/ and in the readers of packets.
class Port {
 public:
  constexpr Port() = default;
  constexpr explicit Port(std::uint16_t number) : number_(number) {}
  /// Decimal, 0 to 65535, no sign and no leading zero.
  static Result<Port> parse(std::string_view text);
  constexpr std::uint16_t number() const { return number_; }
  friend constexpr auto operator<=>(Port, Port) = default;

 private:
  std::uint16_t number_ = 0;
};

using PortSet = IntervalSet<std::uint16_t>;
/// `80`, `8000-8010`, or several of these after another, separated by ", ".
std::string to_string(const PortSet& ports);

/// An IP protocol number (IPv4 protocol, last IPv6 next header).
struct Protocol {
  std::uint8_t number = 0;
  friend constexpr auto operator<=>(Protocol, Protocol) = default;
};
namespace protocols {
inline constexpr Protocol icmp{1}, igmp{2}, tcp{6}, udp{17}, gre{47}, esp{50}, ah{51}, icmpv6{58}, sctp{132}, dccp{33},
    udplite{136};
}
/// Whether packets of this protocol have ports: tcp, udp, sctp, dccp and udplite.
constexpr bool has_ports(Protocol protocol) {
  using namespace protocols;
  return protocol == tcp || protocol == udp || protocol == sctp || protocol == dccp || protocol == udplite;
}
/// The family that a protocol implies: icmp and igmp are of IPv4, icmpv6 of IPv6, all others of both.
constexpr std::optional<Family> family_of(Protocol protocol) {
  if (protocol == protocols::icmp || protocol == protocols::igmp) return Family::ipv4;
  if (protocol == protocols::icmpv6) return Family::ipv6;
  return std::nullopt;
}
/// By the name that the policy language knows (tcp, esp, ...).
std::optional<Protocol> protocol_named(std::string_view name);
/// The name, or nothing for a protocol that the language only knows by number.
std::optional<std::string_view> name_of(Protocol protocol);
/// The name, else `protocol 200`.
std::string to_string(Protocol protocol);

/// ICMP or ICMPv6 type and code, of one family, as `type << 8 | code`.
using IcmpSet = IntervalSet<std::uint16_t>;
constexpr std::uint16_t icmp_value(std::uint8_t type, std::uint8_t code) {
  return static_cast<std::uint16_t>(type << 8 | code);
}

}  // namespace portpolicy
