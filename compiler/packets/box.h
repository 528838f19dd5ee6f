#pragma once

#include <bitset>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"
#include "compiler/packets/diagram.h"

/// Sets of packets as boxes: one set of values a field, and a packet is inside when each of its fields is.
namespace portpolicy {

using ProtocolSet = std::bitset<256>;

/// Packets of one direction. Ports and ICMP types narrow a box only where it has a single protocol that has them;
/// source and destination are always of one family, so pairs of two families in the product stand for nothing.
struct Box {
  ProtocolSet protocols = ProtocolSet{}.set();
  PortSet destination_ports = PortSet::all();
  PortSet source_ports = PortSet::all();
  IcmpSet icmp = IcmpSet::all();
  AddressSet source = AddressSet::all();
  AddressSet destination = AddressSet::all();
  InterfaceSet in = InterfaceSet::all();
  InterfaceSet out = InterfaceSet::all();
  StateSet states = StateSet::all();

  /// Every field, the protocol first: what is subtracted stays within the rule above.
  static constexpr auto fields() {
    return std::tuple{&Box::protocols, &Box::destination_ports, &Box::source_ports, &Box::icmp,
                      &Box::source,    &Box::destination,       &Box::in,           &Box::out,
                      &Box::states};
  }
};

bool empty(const Box& box);
bool disjoint(const Box& a, const Box& b);
Box intersect(const Box& a, const Box& b);
/// What is in `a` and not in `b`, as boxes that have nothing in common.
std::vector<Box> subtract(const Box& a, const Box& b);
bool contains(const Box& box, const Packet& packet);

/// The parts of boxes that are of one family.
std::vector<Box> of_family(std::vector<Box> boxes, Family family);

/// A readable packet of a box that is not empty.
Packet example(const Box& box, Direction direction);

/// How much work a question may cost before it is given up.
struct Budget {
  std::size_t steps = 0;
  /// Takes steps; false when there are not enough left.
  bool spend(std::size_t wanted = 1) {
    const bool enough = wanted <= steps;
    steps = enough ? steps - wanted : 0;
    return enough;
  }
};
/// What it costs to compare two boxes: a step, and more when both name many addresses.
std::size_t cost(const Box& a, const Box& b);

/// A part of `box` that none of `covers` has a packet of; nothing when together they have all of it.
std::expected<std::optional<Box>, TooComplex> uncovered(const Box& box, std::span<const Box* const> covers,
                                                        Budget& budget);

}  // namespace portpolicy
