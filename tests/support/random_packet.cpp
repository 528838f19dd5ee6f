#include "tests/support/random_packet.h"

#include <string>
#include <vector>

namespace portpolicy::test {
namespace {

// A value of the set, one just beside an interval of it, or any.
template <class T>
T value_near(const IntervalSet<T>& set, Random& random, T any) {
  if (set.empty() || random.chance(15)) return any;
  const Interval<T>& interval = random.one_of(set.intervals());
  switch (random.below(4)) {
    case 0:
      return interval.first;
    case 1:
      return interval.last;
    case 2:
      return static_cast<T>(interval.first - 1);
    default:
      return static_cast<T>(interval.last + 1);
  }
}

Address address_near(const AddressSet& set, Family family, Random& random) {
  if (family == Family::ipv4) return {family, value_near(set.v4, random, static_cast<std::uint32_t>(random.wide()))};
  return {family, value_near(set.v6, random, random.wide())};
}

}  // namespace

Packet packet_near(const Graph& graph, Random& random) {
  return packet_near(graph, random.one_of(directions), random);
}

Packet packet_near(const Graph& graph, Direction direction, Random& random) {
  Packet packet;
  packet.direction = direction;
  const std::vector<Rule>& rules = graph.section(packet.direction).rules;
  const Selector& about = rules.empty() ? Selector{} : random.one_of(rules).packets;
  const Transport* transport = about.transports.empty() ? nullptr : &random.one_of(about.transports);
  static const std::vector<Protocol> common{protocols::tcp,  protocols::udp, protocols::icmp, protocols::icmpv6,
                                            protocols::igmp, protocols::esp, protocols::sctp};
  packet.protocol = transport != nullptr && random.chance(85) ? transport->protocol : random.one_of(common);
  const Family family = random.chance(50) ? Family::ipv4 : Family::ipv6;
  packet.source = address_near(graph.address_sets[about.source.index].addresses, family, random);
  packet.destination = address_near(graph.address_sets[about.destination.index].addresses, family, random);
  const auto any = static_cast<std::uint16_t>(random.wide());
  if (has_ports(packet.protocol)) {
    packet.source_port = Port(value_near(about.source_ports, random, any));
    packet.destination_port = Port(transport != nullptr ? value_near(transport->ports, random, any) : any);
  } else if (packet.protocol == protocols::icmp || packet.protocol == protocols::icmpv6) {
    const std::uint16_t value = transport != nullptr ? value_near(transport->icmp, random, any) : any;
    packet.icmp_type = static_cast<std::uint8_t>(value >> 8);
    packet.icmp_code = static_cast<std::uint8_t>(value & 0xff);
  }
  static const std::vector<std::string> names{"", "lo", "eth0", "eth1", "br-test", "br-0", "wg0"};
  if (packet.direction != Direction::outbound) packet.in = random.one_of(names);
  if (packet.direction != Direction::inbound) packet.out = random.one_of(names);
  packet.state = random.chance(75) ? State::new_ : random.one_of(states);
  return packet;
}

}  // namespace portpolicy::test
