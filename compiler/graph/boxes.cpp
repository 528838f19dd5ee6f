#include "compiler/graph/boxes.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace portpolicy {
namespace {

Box with_protocol(Box box, Protocol protocol) {
  box.protocols = ProtocolSet{}.set(protocol.number);
  if (const auto family = family_of(protocol)) box.source = intersect(box.source, AddressSet::all(*family));
  return box;
}

Box icmp_box(Protocol protocol, std::vector<Interval<std::uint16_t>> types) {
  Box box = with_protocol({}, protocol);
  for (auto& range : types) {
    range.first = icmp_value(static_cast<std::uint8_t>(range.first), 0);
    range.last = icmp_value(static_cast<std::uint8_t>(range.last), 0xff);
  }
  box.icmp = IcmpSet::of(std::move(types));
  return box;
}

InterfaceSet loopback_interface() {
  return InterfaceSet::of({"lo", false});
}

std::vector<Box> loopback(Direction direction) {
  std::vector<Box> boxes;
  if (direction != Direction::outbound) boxes.emplace_back().in = loopback_interface();
  if (direction != Direction::inbound) boxes.emplace_back().out = loopback_interface();
  return boxes;
}

std::vector<Box> needed_icmp(Direction direction) {
  std::vector<Box> boxes{icmp_box(protocols::icmp, {{3, 3}, {11, 12}})};
  if (direction == Direction::forward) {
    boxes.push_back(icmp_box(protocols::icmpv6, {{1, 4}}));
    return boxes;
  }
  boxes.push_back(with_protocol({}, protocols::igmp));
  boxes.push_back(icmp_box(protocols::icmpv6, {{1, 4}, {130, 136}, {141, 143}, {151, 153}}));
  return boxes;
}

// This host as a DHCP client: RFC 2131 section 4.1, RFC 8415 section 7.2.
std::vector<Box> address_configuration(Direction direction) {
  if (direction == Direction::forward) return {};
  const auto exchange = [&](std::uint16_t server, std::uint16_t client, AddressSet source) {
    Box box = with_protocol({}, protocols::udp);
    const bool inbound = direction == Direction::inbound;
    box.source_ports = PortSet::of({inbound ? server : client, inbound ? server : client});
    box.destination_ports = PortSet::of({inbound ? client : server, inbound ? client : server});
    box.source = std::move(source);
    return box;
  };
  return {exchange(67, 68, AddressSet::all(Family::ipv4)),
          exchange(547, 546, AddressSet::of(*AddressRange::parse("fe80::/10")))};
}

}  // namespace

std::vector<Box> boxes_of(const Graph& graph, const Selector& selector) {
  Box common;
  common.source = graph.address_sets[selector.source.index].addresses;
  common.destination = graph.address_sets[selector.destination.index].addresses;
  common.in = graph.interface_sets[selector.in.index];
  common.out = graph.interface_sets[selector.out.index];
  common.source_ports = selector.source_ports;
  std::vector<Box> boxes;
  for (const Transport& transport : selector.transports) {
    Box box = with_protocol(common, transport.protocol);
    box.destination_ports = transport.ports;
    box.icmp = transport.icmp;
    if (!empty(box)) boxes.push_back(std::move(box));
  }
  if (selector.transports.empty() && !empty(common)) boxes.push_back(std::move(common));
  return boxes;
}

std::vector<Box> boxes_of(Base base, Direction direction) {
  switch (base) {
    case Base::loopback:
      return loopback(direction);
    case Base::icmp:
      return needed_icmp(direction);
    case Base::address:
      return address_configuration(direction);
    case Base::established: {
      Box box;
      box.states = StateSet::of(State::established) | StateSet::of(State::related);
      return {box};
    }
    case Base::invalid: {
      Box box;
      box.states = StateSet::of(State::invalid);
      return {box};
    }
  }
  std::unreachable();
}

std::vector<Box> boxes_of_base(const Graph& graph, Direction direction) {
  std::vector<Box> boxes;
  for (const Base base : syntax::all_bases)
    if (graph.base.contains(base)) std::ranges::move(boxes_of(base, direction), std::back_inserter(boxes));
  return boxes;
}

void leave_out_loopback(Box& box, Direction direction) {
  static const InterfaceSet others = subtract(InterfaceSet::all(), loopback_interface());
  if (direction != Direction::outbound) box.in = intersect(box.in, others);
  if (direction != Direction::inbound) box.out = intersect(box.out, others);
}

}  // namespace portpolicy
