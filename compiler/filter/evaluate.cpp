#include <algorithm>
#include <utility>

#include "compiler/base/overloaded.h"
#include "compiler/filter/filter.h"

namespace portpolicy::filter {
namespace {

bool holds(const Filter& filter, const Match& match, const Packet& packet) {
  return std::visit(
      Overloaded{
          [&](const SourceIn& m) { return filter.address_sets[m.addresses.index].addresses.contains(packet.source); },
          [&](const DestinationIn& m) {
            return filter.address_sets[m.addresses.index].addresses.contains(packet.destination);
          },
          [&](const InterfaceIn& m) { return m.interfaces.contains(packet.in); },
          [&](const InterfaceOut& m) { return m.interfaces.contains(packet.out); },
          [&](const ProtocolIn& m) {
            return std::ranges::find(m.protocols, packet.protocol) != m.protocols.end() &&
                   family_of(packet.protocol).value_or(packet.family()) == packet.family();
          },
          [&](const SourcePortIn& m) { return m.ports.contains(packet.source_port.number()); },
          [&](const DestinationPortIn& m) { return m.ports.contains(packet.destination_port.number()); },
          [&](const IcmpTypeIn& m) { return m.types.contains(icmp_value(packet.icmp_type, packet.icmp_code)); },
          [&](const StateIn& m) { return m.states.contains(packet.state); },
      },
      match);
}

// The verdict of a chain; nothing when the packet comes to its end.
Outcome follow(const Filter& filter, ChainId chain, const Packet& packet, bool limits_exhausted) {
  for (const Rule& rule : filter.chains[chain.index].rules) {
    if (rule.limit && limits_exhausted) continue;
    if (!std::ranges::all_of(rule.all_of, [&](const Match& match) { return holds(filter, match, packet); })) continue;
    if (const auto* verdict = std::get_if<Verdict>(&rule.action)) return {*verdict, rule.origin};
    const Outcome inside = follow(filter, std::get<Jump>(rule.action).chain, packet, limits_exhausted);
    if (inside.verdict) return inside;
  }
  return {};
}

}  // namespace

Outcome evaluate(const Filter& filter, const Packet& packet, bool limits_exhausted) {
  const std::optional<Hook>& hook = filter.hooks[static_cast<std::size_t>(packet.direction)];
  if (!hook) return {};
  Outcome outcome = follow(filter, hook->chain, packet, limits_exhausted);
  if (!outcome.verdict) outcome.verdict = hook->otherwise;
  return outcome;
}

}  // namespace portpolicy::filter
