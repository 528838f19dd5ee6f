#include "backends/windows/values.h"

#include <optional>

#include "backends/common/numbers.h"

namespace portpolicy::windows {
namespace {

std::string protocol_text(std::optional<Protocol> protocol) {
  if (!protocol) return "Any";
  if (*protocol == protocols::tcp) return "TCP";
  if (*protocol == protocols::udp) return "UDP";
  if (*protocol == protocols::icmp) return "ICMPv4";
  if (*protocol == protocols::icmpv6) return "ICMPv6";
  return std::to_string(protocol->number);
}

std::vector<std::string> ports_text(const PortSet& ports) {
  std::vector<std::string> entries;
  for (const auto& range : ports.intervals()) {
    std::string& entry = entries.emplace_back(std::to_string(range.first));
    if (range.last != range.first) entry += "-" + std::to_string(range.last);
  }
  return entries;
}

/// `8` for a type with all its codes, else `8:0` for each code.
std::vector<std::string> icmp_text(const IcmpSet& types) {
  std::vector<std::string> entries;
  for (const auto& range : types.intervals()) {
    for (std::uint32_t at = range.first; at <= range.last;) {
      const bool whole = at % 256 == 0 && at + 255 <= range.last;
      entries.push_back(std::to_string(at / 256) + (whole ? "" : ":" + std::to_string(at % 256)));
      at += whole ? 256 : 1;
    }
  }
  return entries;
}

/// A prefix with length 0 is none to Windows, so all addresses of a family are a range.
std::vector<std::string> addresses_text(const AddressSet& addresses) {
  std::vector<std::string> entries;
  for (const auto& range : addresses.v4.intervals()) {
    std::string& entry = entries.emplace_back();
    if (addresses.v4.is_all()) entry = "0.0.0.0-255.255.255.255";
    else backend::append_range(entry, range);
  }
  for (const auto& range : addresses.v6.intervals()) backend::append_range(entries.emplace_back(), range);
  return entries;
}

}  // namespace

std::vector<std::pair<std::string_view, std::vector<std::string>>> parameters_of(const Conditions& conditions) {
  std::vector<std::pair<std::string_view, std::vector<std::string>>> all{
      {"Protocol", {protocol_text(conditions.protocol)}}};
  if (!conditions.local_ports.is_all()) all.emplace_back("LocalPort", ports_text(conditions.local_ports));
  if (!conditions.remote_ports.is_all()) all.emplace_back("RemotePort", ports_text(conditions.remote_ports));
  if (!conditions.icmp.is_all()) all.emplace_back("IcmpType", icmp_text(conditions.icmp));
  if (!conditions.local.is_all()) all.emplace_back("LocalAddress", addresses_text(conditions.local));
  if (!conditions.remote.is_all()) all.emplace_back("RemoteAddress", addresses_text(conditions.remote));
  return all;
}

std::string_view to_string(Action action) {
  return action == Action::allow ? "Allow" : "Block";
}

std::string_view parameter(Direction direction) {
  return direction == Direction::inbound ? "Inbound" : "Outbound";
}

}  // namespace portpolicy::windows
