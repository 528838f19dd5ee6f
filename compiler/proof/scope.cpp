#include "compiler/proof/scope.h"

#include <algorithm>
#include <utility>

#include "compiler/graph/boxes.h"

namespace portpolicy::proof {
namespace {

AddressSet nameable(Family family) {
  const auto all_but = [&](const char* range) {
    return subtract(AddressSet::all(family), AddressSet::of(*AddressRange::parse(range)));
  };
  return family == Family::ipv4 ? all_but("127.0.0.0/8") : all_but("::/127");
}

/// Those with the ports that Windows knows, and all others.
std::vector<Box> by_protocol(Family family) {
  Box with_ports, others;
  with_ports.source = others.source = with_ports.destination = others.destination = nameable(family);
  with_ports.states = others.states = opening_states;
  with_ports.source_ports = with_ports.destination_ports = PortSet::of({1, PortSet::max});
  with_ports.protocols = {};
  for (const Protocol protocol : {protocols::tcp, protocols::udp}) {
    with_ports.protocols.set(protocol.number);
    others.protocols.reset(protocol.number);
  }
  for (std::size_t number = 0; number < others.protocols.size(); ++number)
    if (family_of(Protocol{static_cast<std::uint8_t>(number)}) == other_family(family)) others.protocols.reset(number);
  return {std::move(with_ports), std::move(others)};
}

}  // namespace

Scope whole(filter::Families wanted) {
  Scope scope;
  for (std::vector<Box>& boxes : scope.packets)
    for (const Family family : families)
      if ((wanted & filter::bit(family)) != 0) boxes.emplace_back().source = AddressSet::all(family);
  return scope;
}

Scope of_windows() {
  Scope scope;
  scope.rejecting_is_denying = true;
  for (const Direction direction : {Direction::inbound, Direction::outbound}) {
    std::vector<Box>& boxes = scope.packets[static_cast<std::size_t>(direction)];
    for (const Family family : families) std::ranges::move(by_protocol(family), std::back_inserter(boxes));
    for (Box& box : boxes) leave_out_loopback(box, direction);
  }
  return scope;
}

}  // namespace portpolicy::proof
