#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "compiler/registry/registry.h"

/// The tables that generate/ makes of policies/registry. All are constants of the program's image.
namespace portpolicy::registry::tables {

/// A row of the IANA registry: name and description follow one another from `text` on in `assigned_text`.
struct Assigned {
  std::uint32_t text;
  std::uint16_t first_use;
  std::uint16_t use_count;
  std::uint16_t name_size;
  std::uint16_t description_size;
};

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
extern const std::span<const Assigned> assigned;  ///< by name
extern const std::span<const Use> assigned_uses;
extern const std::string_view assigned_text;
extern const std::span<const KnownPorts> assigned_ports;
extern const std::span<const SpecialPurpose> special_purpose;  ///< shorter prefixes first
extern const std::span<const IcmpName> icmp_names;             ///< by type and code
extern const std::span<const IcmpName> icmpv6_names;
extern const std::string_view date;
extern const std::string_view iana_date;

}  // namespace portpolicy::registry::tables
