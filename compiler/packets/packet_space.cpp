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

/// What a reader knows at once: addresses of documentation, tcp, the port of the web.
std::uint64_t preferred(Field field, bool upper_half, Family family) {
  switch (field) {
    case Field::family:
    case Field::in:
    case Field::out:
    case Field::state:
      return 0;
    case Field::protocol:
      return protocols::tcp.number;
    case Field::port:
      return 443;
    case Field::source_port:
      return 40000;
    case Field::destination:
    case Field::source: {
      const bool source = field == Field::source;
      const Address address = *Address::parse(family == Family::ipv4 ? (source ? "198.51.100.7" : "192.0.2.1")
                                                                     : (source ? "2001:db8::7" : "2001:db8::1"));
      return static_cast<std::uint64_t>(upper_half ? address.bits >> 64 : address.bits);
    }
  }
  std::unreachable();
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
  const auto by = [&](bool all, const auto& make) {
    return all ? inner : diagrams.narrow(level(field), make(), inner);
  };
  switch (field) {
    case Field::family:
      return inner;
    case Field::in:
      return by(box.in.is_all(), [&] { return interfaces_.numbers(box.in); });
    case Field::out:
      return by(box.out.is_all(), [&] { return interfaces_.numbers(box.out); });
    case Field::state:
      return by(box.states == StateSet::all(), [&] {
        return numbers_below(states.size(), [&](std::size_t i) { return box.states.contains(states[i]); });
      });
    case Field::protocol:
      return by(box.protocols.all(),
                [&] { return numbers_below(256, [&](std::size_t i) { return box.protocols[i]; }); });
    case Field::port:
      if (!box.icmp.is_all()) return by(false, [&] { return numbers(box.icmp); });
      return by(box.destination_ports.is_all(), [&] { return numbers(box.destination_ports); });
    case Field::source_port:
      return by(box.source_ports.is_all(), [&] { return numbers(box.source_ports); });
    case Field::destination:
    case Field::source: {
      const AddressSet& set = addresses_of(box, field);
      if (set.is_all(family)) return inner;
      const auto low = static_cast<Level>(level(field) + 1);
      if (family == Family::ipv4)
        return v4_lists_.find_or_make(set.v4, low, inner, [&] { return diagrams.narrow(low, numbers(set.v4), inner); });
      return v6_lists_.find_or_make(set.v6, level(field), inner,
                                    [&] { return diagrams.narrow_wide(level(field), set.v6.intervals(), inner); });
    }
  }
  std::unreachable();
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
  const bool upper_half = at == level(field);
  const auto half = [&](Address address) {
    return static_cast<std::uint64_t>(upper_half ? address.bits >> 64 : address.bits);
  };
  switch (field) {
    case Field::family:
      return packet.family() == Family::ipv4 ? 0 : 1;
    case Field::in:
      return interfaces_.number(packet.in);
    case Field::out:
      return interfaces_.number(packet.out);
    case Field::state:
      return number_of(packet.state);
    case Field::protocol:
      return packet.protocol.number;
    case Field::port:
      return has_icmp(packet) ? icmp_value(packet.icmp_type, packet.icmp_code) : packet.destination_port.number();
    case Field::source_port:
      return packet.source_port.number();
    case Field::destination:
      return half(packet.destination);
    case Field::source:
      return half(packet.source);
  }
  std::unreachable();
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
  for (std::size_t number = 0; number < 256; ++number)
    box.protocols[number] = of(Field::protocol).first <= number && number <= of(Field::protocol).last;
  box.destination_ports = set_of<std::uint16_t>(of(Field::port));
  box.icmp = box.destination_ports;
  box.source_ports = set_of<std::uint16_t>(of(Field::source_port));
  box.source = addresses(family, upper[static_cast<std::size_t>(Field::source)], of(Field::source));
  box.destination = addresses(family, upper[static_cast<std::size_t>(Field::destination)], of(Field::destination));
  box.in = interfaces_.names(of(Field::in));
  box.out = interfaces_.names(of(Field::out));
  box.states = {};
  for (std::size_t i = 0; i < states.size(); ++i)
    if (of(Field::state).first <= i && i <= of(Field::state).last) box.states = box.states | StateSet::of(states[i]);
  return portpolicy::example(box, direction);
}

InterfaceSet PacketSpace::names(const std::vector<Interval<std::uint64_t>>& classes) const {
  InterfaceSet set;
  for (const Interval<std::uint64_t>& each : classes) set = unite(set, interfaces_.names(each));
  return set;
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
  if (field == Field::source || field == Field::destination) return narrowed_by_addresses(part, field, family);
  std::vector<Part> result;
  for (auto& [intervals, rest] : diagrams.branches(part.rest, level(field))) {
    Box& box = result.emplace_back(part.box, std::move(rest)).box;
    switch (field) {
      case Field::in:
        box.in = names(intervals);
        break;
      case Field::out:
        box.out = names(intervals);
        break;
      case Field::state:
        box.states = {};
        for (const State state : states)
          if (holds(intervals, number_of(state))) box.states = box.states | StateSet::of(state);
        break;
      case Field::protocol:
        for (std::size_t number = 0; number < 256; ++number) box.protocols[number] = holds(intervals, number);
        break;
      case Field::port:
        box.destination_ports = set_of<std::uint16_t>(intervals);
        break;
      case Field::source_port:
        box.source_ports = set_of<std::uint16_t>(intervals);
        break;
      case Field::family:
      case Field::destination:
      case Field::source:
        std::unreachable();
    }
  }
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
