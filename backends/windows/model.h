#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"
#include "compiler/diagnostics/source_map.h"

/// Rules of Windows Firewall as portpolicy writes them. A block beats an allow, and an allow beats the default of the profile;
/// order has no part in it (MS-FASP, section 2.2.34). Only packets that open a connection are judged.
namespace portpolicy::windows {

enum class Action : std::uint8_t { allow, block };

/// So many entries Windows takes in one list (MS-FASP, section 2.2.4).
inline constexpr std::size_t most_entries = 1000;

/// What a packet must have for a rule to match: one value of each list. A list of all values is not written, and then both
/// families match. Local is this host, remote the other end, whatever the direction.
struct Conditions {
  std::optional<Protocol> protocol;  ///< nothing: any
  PortSet local_ports = PortSet::all();
  PortSet remote_ports = PortSet::all();
  IcmpSet icmp = IcmpSet::all();
  AddressSet local = AddressSet::all();
  AddressSet remote = AddressSet::all();
  friend bool operator==(const Conditions&, const Conditions&) = default;
};

struct Rule {
  std::string name{};  ///< by what it does (`names.h`)
  Direction direction = Direction::inbound;
  Action action = Action::allow;
  Conditions conditions;
  std::string display_name{};  ///< for people; may be any text
  std::string description{};
};

/// What the policy has and the script has not, because the user said that it may be left out.
struct LeftOut {
  std::string what;  ///< ``rule `x` (policy.yaml:4)``
  std::string why;
  Span where{};
  std::optional<std::string> rule{};  ///< its name; nothing: all that is forwarded
};

struct Ruleset {
  /// For inbound and outbound, what becomes of packets that no rule matches; nothing: the direction is left alone.
  std::array<std::optional<Action>, 2> defaults;
  bool log_allowed = false;  ///< in the profiles' log, for Windows does not log by rule
  bool log_blocked = false;
  std::vector<Rule> rules;
  std::vector<LeftOut> left_out;
};

}  // namespace portpolicy::windows
