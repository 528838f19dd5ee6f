#pragma once

#include <vector>

#include "backends/iptables/model.h"

/// One condition of the filter can need several rules of iptables, of which no two match the same packet.
namespace portpolicy::iptables {

/// Matches that stand together in one rule.
using Matches = std::vector<Match>;

/// One way to meet a condition: the matches, and none of those that are taken out again.
struct Alternative {
  Matches matches;
  std::vector<Matches> except{};
};

/// All ways to meet a condition.
struct Alternatives {
  Matches common;  ///< which all of them have
  std::vector<Alternative> ways;
};

/// The interfaces. Not empty.
Alternatives interface_alternatives(Side side, const InterfaceSet& interfaces);

/// Ports of one protocol, in as few matches as will do. No ways where all ports are meant.
std::vector<Match> port_matches(Side side, Protocol protocol, const PortSet& ports);

/// ICMP types and codes of this family's ICMP. Not empty and not all.
Alternatives icmp_alternatives(Family family, const IcmpSet& types);
/// Whether some codes of type 255 are meant and others not: of IPv4 the kernel takes that type for all of them (ip_tables.c).
bool is_unwritable(Family family, const IcmpSet& types);

/// An interface that iptables has no way to name.
bool is_unwritable(const InterfacePattern& pattern);

}  // namespace portpolicy::iptables
