#pragma once

#include <vector>

#include "compiler/packets/box.h"

/// What Windows Firewall filters at all: packets that open a connection and do not stay on the host.
namespace portpolicy::windows {

bool is_only_loopback(const InterfaceSet& interfaces);
bool is_all_but_loopback(const InterfaceSet& interfaces);

/// Addresses without those that a rule cannot name: 127.0.0.0/8, `::` and `::1`. Of IPv4, longer ranges stay whole.
AddressSet nameable(const AddressSet& addresses);

/// Ports without 0, which no rule can name; all ports stay all.
PortSet nameable(const PortSet& ports);

/// Whether a box has packets, but none that a rule can name.
bool speaks_of_none_but_unfiltered(const Box& box);

/// Whether it names addresses, among others, that no rule can name.
bool names_unfiltered(const Box& box);

/// The packets of a rule of the policy that Windows judges, without a word of interfaces and states.
std::vector<Box> judged(std::vector<Box> boxes, Direction direction);

}  // namespace portpolicy::windows
