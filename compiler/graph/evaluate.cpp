#include <algorithm>
#include <initializer_list>

#include "compiler/graph/graph.h"

namespace portpolicy {
namespace {

bool in_list(std::uint8_t type, std::initializer_list<Interval<std::uint8_t>> ranges) {
  return std::ranges::any_of(ranges, [&](auto range) { return range.first <= type && type <= range.last; });
}

bool is_needed_icmp(const Packet& packet) {
  const bool forward = packet.direction == Direction::forward;
  if (packet.family() == Family::ipv4) {
    if (packet.protocol == protocols::igmp) return !forward;
    return packet.protocol == protocols::icmp && in_list(packet.icmp_type, {{3, 3}, {11, 12}});
  }
  if (packet.protocol != protocols::icmpv6) return false;
  if (in_list(packet.icmp_type, {{1, 4}})) return true;
  return !forward && in_list(packet.icmp_type, {{130, 136}, {141, 143}, {151, 153}});
}

bool is_address_configuration(const Packet& packet) {
  if (packet.protocol != protocols::udp || packet.direction == Direction::forward) return false;
  const bool inbound = packet.direction == Direction::inbound;
  const auto ports = [&](std::uint16_t server, std::uint16_t client) {
    return packet.source_port.number() == (inbound ? server : client) &&
           packet.destination_port.number() == (inbound ? client : server);
  };
  if (packet.family() == Family::ipv4) return ports(67, 68);
  return ports(547, 546) && packet.source.bits >> 118 == 0xfe80 >> 6;
}

}  // namespace

bool matches(const Graph& graph, const Selector& selector, const Packet& packet) {
  const bool transport =
      selector.transports.empty() || std::ranges::any_of(selector.transports, [&](const Transport& t) {
        if (t.protocol != packet.protocol || family_of(t.protocol).value_or(packet.family()) != packet.family())
          return false;
        return t.ports.contains(packet.destination_port.number()) &&
               t.icmp.contains(icmp_value(packet.icmp_type, packet.icmp_code));
      });
  return transport && selector.source_ports.contains(packet.source_port.number()) &&
         graph.address_sets[selector.source.index].addresses.contains(packet.source) &&
         graph.address_sets[selector.destination.index].addresses.contains(packet.destination) &&
         graph.interface_sets[selector.in.index].contains(packet.in) &&
         graph.interface_sets[selector.out.index].contains(packet.out);
}

std::optional<Base> base_traffic(const Graph& graph, const Packet& packet) {
  const bool enters = packet.direction != Direction::outbound && packet.in == "lo";
  const bool leaves = packet.direction != Direction::inbound && packet.out == "lo";
  if (graph.base.contains(Base::loopback) && (enters || leaves)) return Base::loopback;
  if (graph.base.contains(Base::icmp) && is_needed_icmp(packet)) return Base::icmp;
  if (graph.base.contains(Base::address) && is_address_configuration(packet)) return Base::address;
  if (graph.base.contains(Base::established) && (packet.state == State::established || packet.state == State::related))
    return Base::established;
  if (graph.base.contains(Base::invalid) && packet.state == State::invalid) return Base::invalid;
  return std::nullopt;
}

Verdict verdict_of(Base base) {
  return base == Base::invalid ? Verdict::deny : Verdict::allow;
}

Decision evaluate(const Graph& graph, const Packet& packet, Limits limits) {
  return evaluate(graph, packet, [&](const Rule&) { return limits == Limits::hold; });
}

Decision evaluate(const Graph& graph, const Packet& packet, const std::function<bool(const Rule&)>& holds) {
  const Section& section = graph.section(packet.direction);
  if (!section.managed) return {};
  if (const std::optional<Base> base = base_traffic(graph, packet)) return {verdict_of(*base), base, nullptr};
  // The rules stand in an order that respects the graph: no matching rule comes before the first that matches.
  for (const Rule& rule : section.rules) {
    if (!matches(graph, rule.packets, packet)) continue;
    if (!rule.limit || holds(rule)) return {rule.verdict, std::nullopt, &rule};
  }
  return {section.otherwise, std::nullopt, nullptr};
}

}  // namespace portpolicy
