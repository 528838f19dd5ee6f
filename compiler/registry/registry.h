#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/transport.h"

namespace portpolicy::registry {

/// A port that a service really uses.
struct Use {
  Protocol protocol;
  Port first;
  Port last;
};

/// A row of the reviewed table of well-known services (policies/registry/services.txt).
struct Service {
  std::string_view name;
  std::span<const Use> uses;
  std::span<const std::string_view> aliases;
  std::string_view description;
};

/// All rows, by name.
std::span<const Service> services();
/// By name or alias; the answer never depends on the host.
const Service* service_named(std::string_view name);
/// Whether the table knows this number for this protocol.
bool knows(Protocol protocol, Port port);
/// Every name and alias, for suggestions.
std::span<const std::string_view> service_names();

/// The built-in networks: any, internet, private, loopback, link-local, multicast, broadcast.
std::span<const std::string_view> network_names();
std::optional<AddressSet> network_named(std::string_view name);

/// An ICMP type by name, perhaps with one code (`fragmentation-needed` is 3:4). RFC 792, RFC 4443 and successors.
struct IcmpName {
  std::string_view name;
  std::uint8_t type;
  std::optional<std::uint8_t> code;
};
/// The names of one family: Family::ipv4 for icmp, Family::ipv6 for icmpv6.
std::span<const IcmpName> icmp_names(Family family);

/// When the data was taken, for artifact headers: the newest date of any table, `YYYY-MM-DD`.
std::string_view date();

}  // namespace portpolicy::registry
