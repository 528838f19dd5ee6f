#include "compiler/packets/box.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace portpolicy {
namespace {

// The set operations of the fields whose types do not bring them along.
ProtocolSet intersect(const ProtocolSet& a, const ProtocolSet& b) {
  return a & b;
}
ProtocolSet subtract(const ProtocolSet& a, const ProtocolSet& b) {
  return a & ~b;
}
bool is_empty(const ProtocolSet& set) {
  return set.none();
}
StateSet intersect(StateSet a, StateSet b) {
  return a & b;
}
StateSet subtract(StateSet a, StateSet b) {
  return a - b;
}
bool is_empty(StateSet set) {
  return set.bits == 0;
}
template <class Set>
bool is_empty(const Set& set) {
  return set.empty();
}

bool no_family(const AddressSet& source, const AddressSet& destination) {
  return std::ranges::all_of(families,
                             [&](Family family) { return source.empty(family) || destination.empty(family); });
}

template <class Function>
void for_each_field(Function function) {
  std::apply([&](auto... field) { (function(field), ...); }, Box::fields());
}

bool covers_all(const Box& cover, const Box& box) {
  bool all = true;
  for_each_field([&](auto field) { all = all && intersect(box.*field, cover.*field) == box.*field; });
  return all;
}

template <class T>
T pick(const IntervalSet<T>& set, T preferred) {
  if (set.contains(preferred)) return preferred;
  const Interval<T>& first = set.intervals().front();
  return first.first == 0 && first.last != 0 ? T{1} : first.first;
}

Uint128 address_in(AddressRange range) {
  const bool network_address = range.last - range.first >= 3 && (range.first & 1) == 0;
  return network_address ? range.first + 1 : range.first;
}

/// An address of documentation or of the set's first network, so that a reader sees at once where it belongs.
Address pick(const AddressSet& set, Family family, std::string_view preferred) {
  const Address wanted = *Address::parse(preferred);
  if (set.contains(wanted)) return wanted;
  const std::vector<AddressRange> ranges = set.ranges(family);
  return {family, address_in(ranges.front())};
}

Protocol pick(const ProtocolSet& set, Family family) {
  for (Protocol wanted : {protocols::tcp, protocols::udp, protocols::icmp, protocols::icmpv6})
    if (set.test(wanted.number) && family_of(wanted).value_or(family) == family) return wanted;
  std::size_t number = 0;
  while (!set.test(number)) ++number;
  return {static_cast<std::uint8_t>(number)};
}

}  // namespace

bool empty(const Box& box) {
  bool none = no_family(box.source, box.destination);
  for_each_field([&](auto field) { none = none || is_empty(box.*field); });
  return none;
}

bool disjoint(const Box& a, const Box& b) {
  if ((a.protocols & b.protocols).none() || (a.states & b.states).bits == 0) return true;
  if (disjoint(a.destination_ports, b.destination_ports) || disjoint(a.source_ports, b.source_ports) ||
      disjoint(a.icmp, b.icmp))
    return true;
  const auto apart = [](const AddressSet& x, const AddressSet& y, Family family) {
    return family == Family::ipv4 ? disjoint(x.v4, y.v4) : disjoint(x.v6, y.v6);
  };
  if (std::ranges::all_of(families, [&](Family family) {
        return apart(a.source, b.source, family) || apart(a.destination, b.destination, family);
      }))
    return true;
  const auto no_interface = [](const InterfaceSet& x, const InterfaceSet& y) {
    if (x.is_all()) return y.empty();
    return y.is_all() ? x.empty() : intersect(x, y).empty();
  };
  return no_interface(a.in, b.in) || no_interface(a.out, b.out);
}

Box intersect(const Box& a, const Box& b) {
  Box both;
  for_each_field([&](auto field) { both.*field = intersect(a.*field, b.*field); });
  return both;
}

std::vector<Box> subtract(const Box& a, const Box& b) {
  if (disjoint(a, b)) return {a};
  std::vector<Box> pieces;
  Box rest = a;
  for_each_field([&](auto field) {
    auto outside = subtract(rest.*field, b.*field);
    if (is_empty(outside)) return;
    Box piece = rest;
    piece.*field = std::move(outside);
    if (!empty(piece)) pieces.push_back(std::move(piece));
    rest.*field = intersect(rest.*field, b.*field);
  });
  return pieces;
}

bool contains(const Box& box, const Packet& packet) {
  return box.protocols.test(packet.protocol.number) &&
         box.destination_ports.contains(packet.destination_port.number()) &&
         box.source_ports.contains(packet.source_port.number()) &&
         box.icmp.contains(icmp_value(packet.icmp_type, packet.icmp_code)) && box.source.contains(packet.source) &&
         box.destination.contains(packet.destination) && box.in.contains(packet.in) && box.out.contains(packet.out) &&
         box.states.contains(packet.state);
}

std::vector<Box> of_family(std::vector<Box> boxes, Family family) {
  for (Box& box : boxes) {
    if (family == Family::ipv4) box.source.v6 = {};
    else box.source.v4 = {};
  }
  std::erase_if(boxes, [](const Box& box) { return empty(box); });
  return boxes;
}

Packet example(const Box& box, Direction direction) {
  Packet packet;
  packet.direction = direction;
  const Family family =
      box.source.empty(Family::ipv4) || box.destination.empty(Family::ipv4) ? Family::ipv6 : Family::ipv4;
  packet.protocol = pick(box.protocols, family);
  packet.source = pick(box.source, family, family == Family::ipv4 ? "198.51.100.7" : "2001:db8::7");
  packet.destination = pick(box.destination, family, family == Family::ipv4 ? "192.0.2.1" : "2001:db8::1");
  if (has_ports(packet.protocol)) {
    packet.source_port = Port(pick(box.source_ports, std::uint16_t{40000}));
    packet.destination_port = Port(pick(box.destination_ports, std::uint16_t{443}));
  }
  if (has_icmp(packet)) {
    const std::uint16_t echo = icmp_value(packet.protocol == protocols::icmp ? 8 : 128, 0);
    const std::uint16_t value = pick(box.icmp, echo);
    packet.icmp_type = static_cast<std::uint8_t>(value >> 8);
    packet.icmp_code = static_cast<std::uint8_t>(value & 0xff);
  }
  packet.in = direction == Direction::outbound ? "" : box.in.example();
  packet.out = direction == Direction::inbound ? "" : box.out.example();
  packet.state = *std::ranges::find_if(states, [&](State state) { return box.states.contains(state); });
  return packet;
}

std::size_t cost(const Box& a, const Box& b) {
  const auto size = [](const AddressSet& set) { return set.v4.intervals().size() + set.v6.intervals().size(); };
  constexpr std::size_t intervals_a_step = 16;
  return 1 + (std::min(size(a.source), size(b.source)) + std::min(size(a.destination), size(b.destination))) /
                 intervals_a_step;
}

std::expected<std::optional<Box>, TooComplex> uncovered(const Box& box, std::span<const Box* const> covers,
                                                        Budget& budget) {
  struct Part {
    Box box;
    std::size_t next;  // the covers before this one have been taken out
  };
  std::vector<Part> open;
  // One cover often has it all; then nothing need be taken apart.
  for (const Box* cover : covers) {
    if (!budget.spend(cost(box, *cover))) return std::unexpected(TooComplex{});
    if (covers_all(*cover, box)) return std::nullopt;
  }
  if (!empty(box)) open.push_back({box, 0});
  while (!open.empty()) {
    Part part = std::move(open.back());
    open.pop_back();
    while (part.next < covers.size() && disjoint(part.box, *covers[part.next])) {
      if (!budget.spend(cost(part.box, *covers[part.next]))) return std::unexpected(TooComplex{});
      ++part.next;
    }
    if (part.next == covers.size()) return part.box;
    if (!budget.spend(cost(part.box, *covers[part.next]))) return std::unexpected(TooComplex{});
    for (Box& piece : subtract(part.box, *covers[part.next])) open.push_back({std::move(piece), part.next + 1});
  }
  return std::nullopt;
}

}  // namespace portpolicy
