#pragma once

#include <array>
#include <vector>

#include "compiler/filter/limits.h"
#include "compiler/packets/box.h"

namespace portpolicy::proof {

/// Which packets are compared, and how closely.
struct Scope {
  std::array<std::vector<Box>, 3> packets;  ///< by Direction
  bool rejecting_is_denying = false;
};

/// All packets of these families.
Scope whole(filter::Families families = filter::both_families);

/// What Windows Firewall judges and its rules can name: packets that open a connection and do not use the loopback interface,
/// nor a loopback or the unspecified IPv6 address, nor port 0, nor a protocol of the other family. Denying and rejecting are
/// one. Forwarded packets are not among them.
Scope of_windows();

}  // namespace portpolicy::proof
