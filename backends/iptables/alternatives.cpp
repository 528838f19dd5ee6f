#include "backends/iptables/alternatives.h"

#include <algorithm>
#include <utility>

namespace portpolicy::iptables {
namespace {

/// The longest interface name.
constexpr std::size_t most_interface_bytes = 15;

/// iptables refuses 15 bytes and a `+`, which can only mean the one name.
InterfacePattern shortened(InterfacePattern pattern) {
  if (pattern.text.size() >= most_interface_bytes) pattern.wildcard = false;
  return pattern;
}

std::size_t slots_of(Interval<std::uint16_t> ports) {
  return ports.first == ports.last ? 1 : 2;
}

}  // namespace

Alternatives interface_alternatives(Side side, const InterfaceSet& interfaces) {
  if (interfaces.is_all()) return {{}, {{}}};
  Alternatives result;
  for (const InterfaceSet::Term& term : interfaces.terms()) {
    const InterfacePattern pattern = shortened(term.pattern);
    Alternative way;
    if (!pattern.text.empty()) way.matches.push_back(InterfaceIs{side, false, pattern});
    for (const InterfacePattern& inner : term.except) way.except.push_back({side, true, shortened(inner)});
    // Of one interface a rule can say that it is not that.
    if (way.matches.empty() && way.except.size() == 1) {
      way.matches.push_back(way.except.front());
      way.except.clear();
    }
    result.ways.push_back(std::move(way));
  }
  return result;
}

bool is_unwritable(const InterfacePattern& pattern) {
  return !shortened(pattern).wildcard && (pattern.text.ends_with('+') || pattern.text == "!");
}

std::vector<Match> port_matches(Side side, Protocol protocol, const PortSet& ports) {
  std::vector<Match> result;
  if (ports.is_all()) return result;
  PortIn match{side, protocol, {}};
  std::size_t slots = 0;
  for (const Interval<std::uint16_t>& interval : ports.intervals()) {
    if (slots + slots_of(interval) > most_ports_of_match) {
      result.emplace_back(std::exchange(match, PortIn{side, protocol, {}}));
      slots = 0;
    }
    match.ports.push_back(interval);
    slots += slots_of(interval);
  }
  result.emplace_back(std::move(match));
  return result;
}

Alternatives icmp_alternatives(Family family, const IcmpSet& types) {
  Alternatives result{{ProtocolIs{family == Family::ipv4 ? protocols::icmp : protocols::icmpv6}}, {}};
  constexpr unsigned codes = 256;
  for (const Interval<std::uint16_t>& interval : types.intervals()) {
    unsigned next = interval.first;
    while (next <= interval.last) {
      const auto type = static_cast<std::uint8_t>(next / codes);
      const bool whole = next % codes == 0 && next + codes - 1 <= interval.last;
      const auto code = static_cast<std::uint8_t>(next % codes);
      result.ways.push_back({{IcmpIs{type, whole ? std::nullopt : std::optional(code)}}});
      next += whole ? codes : 1;
    }
  }
  return result;
}

}  // namespace portpolicy::iptables
