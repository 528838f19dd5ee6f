#include "compiler/filter/boxes.h"

#include <array>
#include <cassert>

#include "compiler/base/overloaded.h"

namespace portpolicy::filter {
namespace {

/// A box for the protocols of each family that they imply, and one for those of both.
std::vector<Box> by_family(const Box& box) {
  std::array<Box, 3> parts{box, box, box};
  for (Box& part : parts) part.protocols = {};
  for (std::size_t number = 0; number < box.protocols.size(); ++number) {
    if (!box.protocols[number]) continue;
    const std::optional<Family> family = family_of(Protocol{static_cast<std::uint8_t>(number)});
    parts[!family ? 0 : *family == Family::ipv4 ? 1 : 2].protocols.set(number);
  }
  parts[1].source.v6 = {};
  parts[2].source.v4 = {};
  std::vector<Box> result;
  for (Box& part : parts)
    if (!empty(part)) result.push_back(std::move(part));
  return result;
}

}  // namespace

std::vector<Box> boxes_of(const Filter& filter, const Rule& rule, Direction direction) {
  Box box;
  bool names_protocols = false, impossible = false;
  const auto narrow = [](auto& set, const auto& by) { set = intersect(set, by); };
  for (const Match& match : rule.all_of) {
    std::visit(
        Overloaded{
            [&](const SourceIn& m) { narrow(box.source, filter.address_sets[m.addresses.index].addresses); },
            [&](const DestinationIn& m) { narrow(box.destination, filter.address_sets[m.addresses.index].addresses); },
            [&](const InterfaceIn& m) {
              if (direction != Direction::outbound) narrow(box.in, m.interfaces);
              else impossible |= !m.interfaces.contains("");
            },
            [&](const InterfaceOut& m) {
              if (direction != Direction::inbound) narrow(box.out, m.interfaces);
              else impossible |= !m.interfaces.contains("");
            },
            [&](const ProtocolIn& m) {
              ProtocolSet named;
              for (const Protocol protocol : m.protocols) named.set(protocol.number);
              box.protocols &= named;
              names_protocols = true;
            },
            [&](const SourcePortIn& m) { narrow(box.source_ports, m.ports); },
            [&](const DestinationPortIn& m) { narrow(box.destination_ports, m.ports); },
            [&](const IcmpTypeIn& m) { narrow(box.icmp, m.types); },
            [&](const StateIn& m) { box.states = box.states & m.states; },
            [](const Opaque&) {},
        },
        match);
  }
  assert((names_protocols || (box.source_ports.is_all() && box.destination_ports.is_all() && box.icmp.is_all())) &&
         "ports and ICMP types stand beside protocols that have them");
  if (impossible || empty(box)) return {};
  return names_protocols ? by_family(box) : std::vector{box};
}

}  // namespace portpolicy::filter
