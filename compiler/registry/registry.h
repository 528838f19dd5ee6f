#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
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
/// `80/tcp`, `319-320/udp`
std::string to_string(const Use& use);
/// "`80/tcp` or `80/udp`", for messages.
std::string listed(std::span<const Use> uses);

/// A row of the reviewed table of well-known services (policies/registry/services.txt).
struct Service {
  std::string_view name;
  std::span<const Use> uses;
  std::span<const std::string_view> aliases;
  std::string_view description;
  std::string_view sensitive;  ///< why it should not be open to the internet; empty when it may be
};

/// All rows, by name.
std::span<const Service> services();
/// By name or alias; the answer never depends on the host.
const Service* service_named(std::string_view name);
/// Whether the table knows this number for this protocol.
bool knows(Protocol protocol, Port port);
/// Every name and alias, for suggestions.
std::span<const std::string_view> service_names();

/// A row of the IANA Service Name and Transport Protocol Port Number Registry (RFC 6335). Much in it was never used, and
/// most names stand there for tcp and udp alike.
struct Assignment {
  std::string_view name;
  std::span<const Use> uses;
  std::string_view description;  ///< may be empty
};

/// All rows, by name. A name may have several, where descriptions differ.
std::vector<Assignment> assignments();
/// What all rows with this very name say.
std::vector<Use> assigned_uses(std::string_view name);
/// Whether the IANA assigned this number for this protocol.
bool is_assigned(Protocol protocol, Port port);

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

/// Which data this is, for people and the headers of artifacts: `2026-11-22, IANA ports 2026-09-17`. The first is the
/// newest date of the reviewed tables.
std::string version();

}  // namespace portpolicy::registry
