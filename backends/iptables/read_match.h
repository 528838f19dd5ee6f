#pragma once

#include <cstddef>
#include <optional>

#include "backends/iptables/read_work.h"

namespace portpolicy::iptables::text {

/// What options ask of a packet of one family. Functions that say false have told what is wrong.
class Matches {
 public:
  Matches(Family family, Writer& writer) : family_(family), writer_(writer) {}

  /// Of a list of addresses perhaps `only` one.
  bool ask_header(Work& work, const Given& given, std::optional<std::size_t> only);
  /// An option of a match that is known, other than sets and limits.
  bool ask(Work& work, const MatchUse& use, const Given& given);

 private:
  bool ask_protocol(Work& work, const Given& given);
  bool ask_addresses(Work& work, const Given& given, std::optional<std::size_t> only);
  bool ask_interface(Work& work, const Given& given);
  bool ask_ports(Work& work, const Given& given);
  bool ask_port_lists(Work& work, const Given& given);
  bool ask_icmp(Work& work, const Given& given);
  bool ask_flags(Work& work, const Given& given);
  bool ask_states(Work& work, const MatchUse& use, const Given& given);
  bool ask_range(Work& work, const Given& given);

  Family family_;
  Writer& writer_;
};

}  // namespace portpolicy::iptables::text
