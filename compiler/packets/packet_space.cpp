#include "compiler/packets/packet_space.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace portpolicy {
namespace {

using Numbers = std::vector<Interval<std::uint64_t>>;

constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();

/// Diagrams know no end of a field: what reaches to its last number reaches on.
template <class T>
Numbers numbers(const IntervalSet<T>& set) {
  Numbers result;
  result.reserve(set.intervals().size());
  for (const Interval<T>& interval : set.intervals())
    result.push_back({interval.first, interval.last == IntervalSet<T>::max ? greatest : interval.last});
  return result;
}

template <class Holds>
Numbers numbers_below(std::size_t end, Holds holds) {
  Numbers result;
  for (std::size_t i = 0; i < end; ++i) {
    if (!holds(i)) continue;
    if (!result.empty() && result.back().last + 1 == i) result.back().last = i;
    else result.push_back({i, i});
  }
  if (!result.empty() && result.back().last == end - 1) result.back().last = greatest;
  return result;
}

template <class T>
IntervalSet<T> set_of(Interval<std::uint64_t> numbers) {
  constexpr std::uint64_t most = IntervalSet<T>::max;
  return IntervalSet<T>::of({static_cast<T>(numbers.first), static_cast<T>(std::min(numbers.last, most))});
}

template <class T>
IntervalSet<T> set_of(const Numbers& numbers) {
  constexpr std::uint64_t most = IntervalSet<T>::max;
  std::vector<Interval<T>> intervals;
  intervals.reserve(numbers.size());
  for (const auto& each : numbers)
    intervals.push_back({static_cast<T>(each.first), static_cast<T>(std::min(each.last, most))});
  return IntervalSet<T>::of(std::move(intervals));
}

bool holds(const Numbers& numbers, std::uint64_t number) {
  return std::ranges::any_of(numbers, [&](auto each) { return each.first <= number && number <= each.last; });
}

std::uint64_t number_of(State state) {
  return static_cast<std::uint64_t>(std::ranges::find(states, state) - states.begin());
}

const AddressSet& addresses_of(const Box& box, Field field) {
  return field == Field::source ? box.source : box.destination;
}

InterfaceSet names(const Numbers& numbers, const InterfaceClasses& classes) {
  InterfaceSet set;
  for (const Interval<std::uint64_t>& each : numbers) set = unite(set, classes.names(each));
  return set;
}

/// A field that is one number. The numbers that a box has of it, nothing for all of them; the number that a packet has;
/// and the box with these numbers.
struct Plain {
  Field field;
  std::uint64_t preferred;  // what a reader knows at once
  std::optional<Numbers> (*of_box)(const Box& box, const InterfaceClasses& classes);
  std::uint64_t (*of_packet)(const Packet& packet, const InterfaceClasses& classes);
  void (*put)(Box& box, const Numbers& numbers, const InterfaceClasses& classes);
};

template <class T>
std::optional<Numbers> unless_all(const IntervalSet<T>& set) {
  return set.is_all() ? std::nullopt : std::optional(numbers(set));
}

std::optional<Numbers> of_interfaces(const InterfaceSet& set, const InterfaceClasses& classes) {
  return set.is_all() ? std::nullopt : std::optional(classes.numbers(set));
}

/// All but the family and the addresses, which have two levels and stand in lists.
constexpr std::array plain_fields{
    Plain{Field::in, 0, [](const Box& box, const InterfaceClasses& all) { return of_interfaces(box.in, all); },
          [](const Packet& packet, const InterfaceClasses& all) { return all.number(packet.in); },
          [](Box& box, const Numbers& numbers, const InterfaceClasses& all) { box.in = names(numbers, all); }},
    Plain{Field::out, 0, [](const Box& box, const InterfaceClasses& all) { return of_interfaces(box.out, all); },
          [](const Packet& packet, const InterfaceClasses& all) { return all.number(packet.out); },
          [](Box& box, const Numbers& numbers, const InterfaceClasses& all) { box.out = names(numbers, all); }},
    Plain{Field::state, 0,
          [](const Box& box, const InterfaceClasses&) -> std::optional<Numbers> {
            if (box.states == StateSet::all()) return std::nullopt;
            return numbers_below(states.size(), [&](std::size_t i) { return box.states.contains(states[i]); });
          },
          [](const Packet& packet, const InterfaceClasses&) { return number_of(packet.state); },
          [](Box& box, const Numbers& numbers, const InterfaceClasses&) {
            box.states = {};
            for (const State state : states)
              if (holds(numbers, number_of(state))) box.states = box.states | StateSet::of(state);
          }},
    Plain{Field::protocol, protocols::tcp.number,
          [](const Box& box, const InterfaceClasses&) -> std::optional<Numbers> {
            if (box.protocols.all()) return std::nullopt;
            return numbers_below(256, [&](std::size_t i) { return box.protocols[i]; });
          },
          [](const Packet& packet, const InterfaceClasses&) { return std::uint64_t{packet.protocol.number}; },
          [](Box& box, const Numbers& numbers, const InterfaceClasses&) {
            for (std::size_t number = 0; number < 256; ++number) box.protocols[number] = holds(numbers, number);
          }},
    Plain{Field::port, 443,
          [](const Box& box, const InterfaceClasses&) {
            return unless_all(box.icmp.is_all() ? box.destination_ports : box.icmp);
          },
          [](const Packet& packet, const InterfaceClasses&) -> std::uint64_t {
            return has_icmp(packet) ? icmp_value(packet.icmp_type, packet.icmp_code) : packet.destination_port.number();
          },
          [](Box& box, const Numbers& numbers, const InterfaceClasses&) {
            box.destination_ports = set_of<std::uint16_t>(numbers);
          }},
    Plain{Field::source_port, 40000,
          [](const Box& box, const InterfaceClasses&) { return unless_all(box.source_ports); },
          [](const Packet& packet, const InterfaceClasses&) { return std::uint64_t{packet.source_port.number()}; },
          [](Box& box, const Numbers& numbers, const InterfaceClasses&) {
            box.source_ports = set_of<std::uint16_t>(numbers);
          }},
};

/// Nothing for the family and the addresses.
const Plain* plain(Field field) {
  const auto row = std::ranges::find(plain_fields, field, &Plain::field);
  return row == plain_fields.end() ? nullptr : &*row;
}

/// What a reader knows at once: addresses of documentation, tcp, the port of the web.
std::uint64_t preferred(Field field, bool upper_half, Family family) {
  if (const Plain* row = plain(field)) return row->preferred;
  if (field == Field::family) return 0;
  const bool source = field == Field::source;
  const Address address = *Address::parse(family == Family::ipv4 ? (source ? "198.51.100.7" : "192.0.2.1")
                                                                 : (source ? "2001:db8::7" : "2001:db8::1"));
  return static_cast<std::uint64_t>(upper_half ? address.bits >> 64 : address.bits);
}

/// The addresses with these halves.
AddressSet addresses(Family family, Interval<std::uint64_t> high, Interval<std::uint64_t> low) {
  if (family == Family::ipv4) return {set_of<std::uint32_t>(low), {}};
  const bool all_low = low.first == 0 && low.last == greatest;
  const std::uint64_t last_high = all_low ? high.last : high.first;
  return {{}, IntervalSet<Uint128>::of({Uint128{high.first} << 64 | low.first, Uint128{last_high} << 64 | low.last})};
}

}  // namespace

PacketSpace::PacketSpace(const InterfaceClasses& interfaces, const FieldOrder& order, DiagramBudget budget)
    : diagrams(budget), interfaces_(interfaces), order_(order) {
  Level next = 0;
  for (const Field field : order) {
    first_level_[static_cast<std::size_t>(field)] = next;
    field_at_[next++] = field;
    if (field == Field::source || field == Field::destination) field_at_[next++] = field;
  }
}

Diagram PacketSpace::narrowed(const Box& box, Field field, Family family, const Diagram& inner) {
  if (field == Field::family) return inner;
  if (const Plain* row = plain(field)) {
    const std::optional<Numbers> numbers = row->of_box(box, interfaces_);
    return numbers ? diagrams.narrow(level(field), *numbers, inner) : inner;
  }
  const AddressSet& set = addresses_of(box, field);
  if (set.is_all(family)) return inner;
  const auto low = static_cast<Level>(level(field) + 1);
  if (family == Family::ipv4)
    return v4_lists_.find_or_make(set.v4, low, inner, [&] { return diagrams.narrow(low, numbers(set.v4), inner); });
  return v6_lists_.find_or_make(set.v6, level(field), inner,
                                [&] { return diagrams.narrow_wide(level(field), set.v6.intervals(), inner); });
}

Diagram PacketSpace::of_family(const Box& box, Family family, Value inside) {
  Diagram result = diagrams.constant(inside);
  for (auto field = order_.rbegin(); field != order_.rend(); ++field) result = narrowed(box, *field, family, result);
  return result;
}

Diagram PacketSpace::of(const Box& box, Value inside) {
  const Diagram v4 = of_family(box, Family::ipv4, inside);
  if (box.source.is_all() && box.destination.is_all()) return v4;
  const Diagram v6 = of_family(box, Family::ipv6, inside);
  if (order_.front() == Field::family) return diagrams.split(level(Field::family), 0, v4, v6);
  // Fields that come before the family stand above it.
  const Diagram yes = diagrams.constant(inside), no = diagrams.constant(silent);
  const Diagram is_v4 = diagrams.split(level(Field::family), 0, yes, no);
  const Diagram is_v6 = diagrams.split(level(Field::family), 0, no, yes);
  return diagrams.over(diagrams.within(v4, is_v4), diagrams.within(v6, is_v6));
}

Diagram PacketSpace::of(std::span<const Box> boxes, Value inside) {
  if (boxes.empty()) return diagrams.constant(silent);
  if (boxes.size() == 1) return of(boxes.front(), inside);
  const std::size_t half = boxes.size() / 2;
  return diagrams.over(of(boxes.first(half), inside), of(boxes.subspan(half), inside));
}

std::uint64_t PacketSpace::number(Level at, const Packet& packet) const {
  const Field field = field_at_[at];
  if (const Plain* row = plain(field)) return row->of_packet(packet, interfaces_);
  if (field == Field::family) return packet.family() == Family::ipv4 ? 0 : 1;
  const Uint128 bits = (field == Field::source ? packet.source : packet.destination).bits;
  return static_cast<std::uint64_t>(at == level(field) ? bits >> 64 : bits);
}

Value PacketSpace::at(const Diagram& map, const Packet& packet, const Beyond& beyond) const {
  return diagrams.at(map, [&](Level level) -> std::uint64_t {
    if (level < beyond_packets) return number(level, packet);
    const auto given = beyond.find(level);
    return given != beyond.end() && given->second ? 1 : 0;
  });
}

Packet PacketSpace::example(const Diagram& map, Values values, Direction direction, Beyond* beyond) const {
  constexpr Interval<std::uint64_t> whole{0, greatest};
  Family family = Family::ipv4;
  std::array<Interval<std::uint64_t>, field_count> upper, picked;
  upper.fill(whole);
  picked.fill(whole);
  const auto is_upper = [&](Level at, Field field) {
    return (field == Field::source || field == Field::destination) && at == level(field);
  };
  const auto prefer = [&](Level at) {
    if (at >= beyond_packets) return std::optional<std::uint64_t>(0);
    return std::optional(preferred(field_at_[at], is_upper(at, field_at_[at]), family));
  };
  diagrams.pick(map, values, prefer, [&](Level at, Interval<std::uint64_t> interval) {
    if (at >= beyond_packets) {
      if (beyond != nullptr) beyond->emplace(at, interval.first != 0);
      return;
    }
    const Field field = field_at_[at];
    (is_upper(at, field) ? upper : picked)[static_cast<std::size_t>(field)] = interval;
    if (field == Field::family && interval.first != 0) family = Family::ipv6;
  });
  const auto of = [&](Field field) { return picked[static_cast<std::size_t>(field)]; };
  Box box;
  for (const Plain& row : plain_fields) row.put(box, {of(row.field)}, interfaces_);
  box.icmp = box.destination_ports;
  box.source = addresses(family, upper[static_cast<std::size_t>(Field::source)], of(Field::source));
  box.destination = addresses(family, upper[static_cast<std::size_t>(Field::destination)], of(Field::destination));
  return portpolicy::example(box, direction);
}

std::vector<PacketSpace::Part> PacketSpace::narrowed_by_addresses(const Part& part, Field field, Family family) {
  std::vector<Part> result;
  const auto add = [&](AddressSet addresses, const Diagram& rest) {
    Box& box = result.emplace_back(part.box, rest).box;
    (field == Field::source ? box.source : box.destination) = std::move(addresses);
  };
  if (family == Family::ipv4) {
    const auto low = static_cast<Level>(level(field) + 1);
    for (const auto& [intervals, rest] : diagrams.branches(part.rest, low))
      add({set_of<std::uint32_t>(intervals), {}}, rest);
  } else {
    for (auto& [intervals, rest] : diagrams.branches_wide(part.rest, level(field)))
      add({{}, IntervalSet<Uint128>::of(std::move(intervals))}, rest);
  }
  return result;
}

std::vector<PacketSpace::Part> PacketSpace::narrowed_by(const Part& part, Field field, Family family) {
  const Plain* row = plain(field);
  if (row == nullptr) return narrowed_by_addresses(part, field, family);
  std::vector<Part> result;
  for (auto& [intervals, rest] : diagrams.branches(part.rest, level(field)))
    row->put(result.emplace_back(part.box, std::move(rest)).box, intervals, interfaces_);
  return result;
}

void PacketSpace::take_apart(Part part, Family family, std::size_t place, std::size_t end, std::size_t most,
                             std::vector<Part>& parts) {
  if (place == end) {
    if (parts.size() == most) throw TooComplex{};
    parts.push_back(std::move(part));
    return;
  }
  const Field field = order_[place];
  if (field != Field::family) {
    for (Part& next : narrowed_by(part, field, family))
      take_apart(std::move(next), family, place + 1, end, most, parts);
    return;
  }
  for (const auto& [intervals, rest] : diagrams.branches(part.rest, level(field))) {
    for (const Family each : families) {
      if (!holds(intervals, each == Family::ipv4 ? 0 : 1)) continue;
      Part next{part.box, rest};
      for (AddressSet* addresses : {&next.box.source, &next.box.destination}) {
        if (each == Family::ipv4) addresses->v6 = {};
        else addresses->v4 = {};
      }
      take_apart(std::move(next), each, place + 1, end, most, parts);
    }
  }
}

std::vector<PacketSpace::Part> PacketSpace::parts(const Diagram& map, std::size_t begin, std::size_t end,
                                                  std::size_t most) {
  std::vector<Part> result;
  take_apart({Box{}, map}, Family::ipv4, begin, end, most, result);
  return result;
}

}  // namespace portpolicy
