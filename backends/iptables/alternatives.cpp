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

const IcmpSet codes_of_255 = IcmpSet::of({icmp_value(255, 0), icmp_value(255, 255)});

/// Types of which all codes are meant once, and other types with each code.
template <class Visit>
void for_each_type(const IcmpSet& types, Visit visit) {
  constexpr unsigned codes = 256;
  for (const Interval<std::uint16_t>& interval : types.intervals()) {
    unsigned next = interval.first;
    while (next <= interval.last) {
      const bool whole = next % codes == 0 && next + codes - 1 <= interval.last;
      const auto code = static_cast<std::uint8_t>(next % codes);
      visit(IcmpIs{static_cast<std::uint8_t>(next / codes), whole ? std::nullopt : std::optional(code)});
      next += whole ? codes : 1;
    }
  }
}

}  // namespace

Alternatives interface_alternatives(Side side, const InterfaceSet& interfaces) {
  if (interfaces.is_all()) return {{}, {{}}};
  Alternatives result;
  for (const InterfaceSet::Term& term : interfaces.terms()) {
    const InterfacePattern pattern = shortened(term.pattern);
    Alternative way;
    if (!pattern.text.empty()) way.matches.push_back(InterfaceIs{side, false, pattern});
    // Of one interface a rule can say that it is not that.
    const bool negated = way.matches.empty() && term.except.size() == 1;
    for (const InterfacePattern& inner : term.except) {
      if (negated) way.matches.push_back(InterfaceIs{side, true, shortened(inner)});
      else way.except.push_back({InterfaceIs{side, false, shortened(inner)}});
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

bool is_unwritable(Family family, const IcmpSet& types) {
  if (family == Family::ipv6) return false;
  return !disjoint(types, codes_of_255) && !subtract(codes_of_255, types).empty();
}

Alternatives icmp_alternatives(Family family, const IcmpSet& types) {
  const ProtocolIs protocol{family == Family::ipv4 ? protocols::icmp : protocols::icmpv6};
  Alternatives result{{protocol}, {}};
  if (family == Family::ipv6 || disjoint(types, codes_of_255)) {
    for_each_type(types, [&](IcmpIs is) { result.ways.push_back({{is}}); });
  } else {
    Alternative& all = result.ways.emplace_back();
    for_each_type(complement(types), [&](IcmpIs is) { all.except.push_back({protocol, is}); });
  }
  return result;
}

}  // namespace portpolicy::iptables
