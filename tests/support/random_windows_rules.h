#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/packet.h"

/// Random rules of the Windows Firewall, and what becomes of a packet under them by Windows' own words: an allow that
/// overrides blocks, then a block, then an allow, then the default. Nothing here knows the reader.
namespace portpolicy::test {

/// A packet, and what none of its fields tells.
struct WindowsMeeting {
  Packet packet;
  int profile = 0;  ///< domain, private, public
  int program = 0;
  bool from_subnet = false, to_rpc = false;
};

struct WindowsRule {
  bool inbound = true, allow = true, overrides = false, from_policy = false, local_only = false;
  int protocol = -1;  ///< -1: any
  std::vector<std::pair<int, int>> local_ports, remote_ports;
  std::vector<std::pair<int, int>> icmp;  ///< type, and code or -1
  std::vector<AddressRange> local, remote;
  bool rpc = false, subnet = false;  ///< keywords in the lists of local ports and remote addresses
  unsigned profiles = 7;
  int program = -1;
};

struct WindowsProfile {
  bool enabled = true, inbound_allow = false, outbound_allow = true, inbound_rules = true, local_rules = true;
};

struct WindowsMachine {
  std::array<WindowsProfile, 3> profiles;
  std::vector<WindowsRule> rules;

  Verdict decide(const WindowsMeeting& meeting) const;
  /// As the exporter writes it.
  std::string as_export() const;
  /// As `compile` writes it, with the defaults of the first profile. `hash` makes the digits of a name of lines.
  std::string as_script(std::string (*hash)(std::string_view lines)) const;
};

class RandomWindows {
 public:
  explicit RandomWindows(std::uint64_t seed) : random_(seed) {}
  /// With all that an export may say, or with what `compile` writes.
  WindowsMachine machine(bool foreign);
  WindowsMeeting meeting();

 private:
  int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  bool one_in(int count) { return below(count) == 0; }
  std::vector<AddressRange> addresses();
  std::vector<std::pair<int, int>> ports();
  WindowsRule rule(bool foreign);

  std::mt19937_64 random_;
};

}  // namespace portpolicy::test
