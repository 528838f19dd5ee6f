#include "compiler/base/transport.h"

#include <algorithm>
#include <array>
#include <utility>

#include "compiler/base/decimal.h"

namespace portpolicy {
namespace {

struct NamedProtocol {
  std::string_view name;
  Protocol protocol;
};

/// IANA's protocol numbers; only names that mean one thing to everybody.
constexpr std::array named_protocols{
    NamedProtocol{"ah", protocols::ah},
    NamedProtocol{"dccp", protocols::dccp},
    NamedProtocol{"eigrp", {88}},
    NamedProtocol{"esp", protocols::esp},
    NamedProtocol{"gre", protocols::gre},
    NamedProtocol{"icmp", protocols::icmp},
    NamedProtocol{"icmpv6", protocols::icmpv6},
    NamedProtocol{"igmp", protocols::igmp},
    NamedProtocol{"ipcomp", {108}},
    NamedProtocol{"ospf", {89}},
    NamedProtocol{"pim", {103}},
    NamedProtocol{"sctp", protocols::sctp},
    NamedProtocol{"tcp", protocols::tcp},
    NamedProtocol{"udp", protocols::udp},
    NamedProtocol{"udplite", protocols::udplite},
    NamedProtocol{"vrrp", {112}},
};

}  // namespace

Result<Port> Port::parse(std::string_view text) {
  const Result<std::uint32_t> number = parse_decimal(text, 0, 65535);
  if (!number) return fail("not a port: " + number.error().message);
  return Port(static_cast<std::uint16_t>(*number));
}

std::string to_string(const PortSet& ports) {
  if (ports.empty()) return "no port";
  std::string text;
  for (const Interval<std::uint16_t>& interval : ports.intervals()) {
    if (!text.empty()) text += ", ";
    text += std::to_string(interval.first);
    if (interval.first != interval.last) text += "-" + std::to_string(interval.last);
  }
  return text;
}

std::optional<Protocol> protocol_named(std::string_view name) {
  const auto found = std::ranges::find(named_protocols, name, &NamedProtocol::name);
  if (found == named_protocols.end()) return std::nullopt;
  return found->protocol;
}

std::optional<std::string_view> name_of(Protocol protocol) {
  const auto found = std::ranges::find(named_protocols, protocol, &NamedProtocol::protocol);
  if (found == named_protocols.end()) return std::nullopt;
  return found->name;
}

std::string to_string(Protocol protocol) {
  if (const std::optional<std::string_view> name = name_of(protocol)) return std::string(*name);
  return "protocol " + std::to_string(protocol.number);
}

}  // namespace portpolicy
