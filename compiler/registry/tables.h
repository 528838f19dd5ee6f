#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "compiler/registry/registry.h"

/// The tables that generate/ makes of policies/registry. All are constants of the program's image.
namespace portpolicy::registry::tables {

/// Ports of one protocol that some service uses; ascending by protocol and port, without overlap.
struct KnownPorts {
  std::uint8_t protocol;
  std::uint16_t first;
  std::uint16_t last;
};

enum class Reachable : std::uint8_t { no, yes, not_applicable };

/// A prefix of a special-purpose registry.
struct SpecialPurpose {
  Family family;
  std::uint8_t length;
  Reachable globally_reachable;
  std::uint64_t high;  ///< the upper half of an IPv6 address; 0 for IPv4
  std::uint64_t low;
};

extern const std::span<const Service> services;             ///< by name
extern const std::span<const std::string_view> names;       ///< names and aliases, ascending
extern const std::span<const std::uint16_t> name_services;  ///< for each of `names` its place in `services`
extern const std::span<const KnownPorts> known_ports;
extern const std::span<const SpecialPurpose> special_purpose;  ///< shorter prefixes first
extern const std::span<const IcmpName> icmp_names;             ///< by type and code
extern const std::span<const IcmpName> icmpv6_names;
extern const std::string_view date;

}  // namespace portpolicy::registry::tables
