#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/host/support/random_shots.h"
#include "tests/host/support/samples.h"

namespace portpolicy::host_tests {
namespace {

/// A value of the set, which is not empty, or the one before or after one of its ends: where mistakes are.
template <class T>
T near(const IntervalSet<T>& set, Random& random) {
  const Interval<T>& interval = random.one_of(set.intervals());
  switch (random.below(7)) {
    case 0:
      return static_cast<T>(interval.first - 1);
    case 1:
      return static_cast<T>(interval.last + 1);
    case 2:
    case 3:
      return interval.first;
    case 4:
      return interval.last;
    default: {
      const T size = static_cast<T>(interval.last - interval.first);
      const T offset = static_cast<T>(random.wide());
      return size == IntervalSet<T>::max ? offset : static_cast<T>(interval.first + offset % static_cast<T>(size + 1));
    }
  }
}

Address ordinary_address(Family family, Random& random) {
  static const std::vector<std::string> v4{"10.1.2.3", "192.0.2.1", "198.51.100.4", "8.8.8.8", "172.16.0.1"};
  static const std::vector<std::string> v6{"2001:db8::1", "2a00:1450::1", "fd00::7", "2001:db8:0:1::"};
  return address(random.one_of(family == Family::ipv4 ? v4 : v6));
}

Address random_address(const AddressSet& set, Family family, Random& random) {
  if (set.empty(family) || set.is_all(family) || random.chance(7)) return ordinary_address(family, random);
  if (family == Family::ipv4) return {family, near(set.v4, random)};
  return {family, near(set.v6, random)};
}

Port random_port(const PortSet& ports, Random& random) {
  static constexpr std::array<std::uint16_t, 6> usual{22, 80, 1005, 8080, 40000, 0};
  if (ports.empty() || (ports.is_all() && random.chance(80)) || random.chance(7)) return Port(random.one_of(usual));
  return Port(near(ports, random));
}

std::string random_interface(const InterfaceSet& set, bool loopback, Random& random) {
  std::vector<std::string> names{"eth0", "eth1", "br-test"};
  if (loopback) names.push_back("lo");
  std::vector<std::string> inside;
  std::ranges::copy_if(names, std::back_inserter(inside), [&](const std::string& name) { return set.contains(name); });
  return random.one_of(inside.empty() || random.chance(15) ? names : inside);
}

/// The numbers of IPv6 extension headers and of AH are no protocols of a packet of that family.
Protocol random_protocol(Family family, Random& random) {
  using namespace protocols;
  static const std::vector<Protocol> any{protocols::tcp, protocols::tcp, protocols::udp, udplite, sctp, dccp, esp, gre,
                                         Protocol{200},  Protocol{253}};
  if (random.chance(25)) return family == Family::ipv4 ? protocols::icmp : icmpv6;
  if (random.chance(5)) return family == Family::ipv4 ? icmpv6 : protocols::icmp;
  if (family == Family::ipv4 && random.chance(5)) return random.chance(50) ? igmp : ah;
  return random.one_of(any);
}

void choose_transport(Packet& packet, const Selector* selector, Random& random) {
  Transport transport{random_protocol(packet.family(), random)};
  if (selector != nullptr && !selector->transports.empty() && random.chance(90)) {
    const Transport& chosen = random.one_of(selector->transports);
    const std::optional<Family> family = family_of(chosen.protocol);
    if (!family || *family == packet.family()) transport = chosen;
  }
  packet.protocol = transport.protocol;
  if (has_ports(packet.protocol)) {
    packet.source_port = random_port(selector != nullptr ? selector->source_ports : PortSet::all(), random);
    packet.destination_port = random_port(transport.ports, random);
  }
  if (is_icmp(packet)) {
    static constexpr std::array<std::uint8_t, 15> types{0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 128, 129, 133, 135, 143};
    std::uint16_t value = icmp_value(random.one_of(types), static_cast<std::uint8_t>(random.below(3)));
    if (!transport.icmp.is_all() && !transport.icmp.empty()) value = near(transport.icmp, random);
    packet.icmp_type = static_cast<std::uint8_t>(value >> 8);
    packet.icmp_code = static_cast<std::uint8_t>(value);
  }
}

Family random_family(const AddressSet& source, const AddressSet& destination, Random& random) {
  const Family family = random.one_of(families);
  const bool impossible = source.empty(family) || destination.empty(family);
  return impossible && random.chance(90) ? (family == Family::ipv4 ? Family::ipv6 : Family::ipv4) : family;
}

/// The packets of DHCP clients, and those next to them.
Packet dhcp(Direction direction, Random& random) {
  static constexpr std::array<std::uint16_t, 4> ports4{66, 67, 68, 69}, ports6{545, 546, 547, 548};
  const bool v4 = random.chance(50);
  Packet packet = packet_of(direction, v4 ? Family::ipv4 : Family::ipv6, protocols::udp);
  packet.source_port = Port(random.one_of(v4 ? ports4 : ports6));
  packet.destination_port = Port(random.one_of(v4 ? ports4 : ports6));
  static const std::vector<std::string> sources{"fe80::", "febf:ffff::1", "fe7f::1", "fec0::1"};
  return v4 ? packet : from(packet, random.one_of(sources));
}

Packet random_packet(const Graph& graph, Random& random) {
  Packet packet;
  packet.direction = random.one_of(directions);
  const Section& section = graph.section(packet.direction);
  if (random.chance(3)) return dhcp(packet.direction, random);
  const Selector none;
  const Selector* selector =
      section.rules.empty() || random.chance(10) ? nullptr : &random.one_of(section.rules).packets;
  const Selector& chosen = selector != nullptr ? *selector : none;
  const AddressSet& source = graph.address_sets[chosen.source.index].addresses;
  const AddressSet& destination = graph.address_sets[chosen.destination.index].addresses;
  const Family family = random_family(source, destination, random);
  packet.source = random_address(source, family, random);
  // Into a packet that is sent without a source, the kernel writes one of its own: raw(7).
  const Address no_source = address("0.0.0.0");
  if (packet.direction == Direction::outbound && packet.source == no_source) packet.source = address("0.0.0.1");
  packet.destination = random_address(destination, family, random);
  const bool forward = packet.direction == Direction::forward;
  if (packet.direction != Direction::outbound)
    packet.in = random_interface(graph.interface_sets[chosen.in.index], !forward, random);
  if (packet.direction != Direction::inbound)
    packet.out = random_interface(graph.interface_sets[chosen.out.index], !forward, random);
  choose_transport(packet, selector, random);
  return packet;
}

Wanted random_wish(const Packet& packet, Random& random) {
  if (random.chance(12)) return Wanted::untracked;
  if (is_icmp_error(packet)) return random.chance(50) ? Wanted::related : Wanted::fresh;
  if (random.chance(12)) return Wanted::reply;
  return packet.protocol == protocols::tcp && random.chance(10) ? Wanted::stray : Wanted::fresh;
}

}  // namespace

std::vector<Shot> random_shots(TestBed& bed, const Graph& graph, Random& random, std::size_t count) {
  std::vector<Shot> shots;
  while (shots.size() < count) {
    const Packet packet = random_packet(graph, random);
    shots.push_back(bed.shot(packet, random_wish(packet, random)));
  }
  return shots;
}

}  // namespace portpolicy::host_tests
