#include "backends/windows/domain.h"

#include <algorithm>
#include <array>
#include <utility>

namespace portpolicy::windows {
namespace {

const InterfaceSet& loopback() {
  static const InterfaceSet interface = InterfaceSet::of({"lo", false});
  return interface;
}

constexpr Interval<std::uint32_t> loopback_v4{0x7f000000, 0x7fffffff};

}  // namespace

bool is_only_loopback(const InterfaceSet& interfaces) {
  return subtract(interfaces, loopback()).empty();
}

bool is_all_but_loopback(const InterfaceSet& interfaces) {
  return subtract(InterfaceSet::all(), interfaces) == loopback();
}

AddressSet nameable(const AddressSet& addresses) {
  static const auto v6 = subtract(IntervalSet<Uint128>::all(), IntervalSet<Uint128>::of({0, 1}));
  std::vector<Interval<std::uint32_t>> v4 = addresses.v4.intervals();
  std::erase_if(v4,
                [](const auto& range) { return range.first >= loopback_v4.first && range.last <= loopback_v4.last; });
  return {IntervalSet<std::uint32_t>::of(std::move(v4)), intersect(addresses.v6, v6)};
}

PortSet nameable(const PortSet& ports) {
  return ports.is_all() ? ports : subtract(ports, PortSet::of({0, 0}));
}

bool speaks_of_none_but_unfiltered(const Box& box) {
  Box named = box;
  named.source = nameable(box.source);
  named.destination = nameable(box.destination);
  return !empty(box) && empty(named);
}

bool names_unfiltered(const Box& box) {
  return std::ranges::any_of(std::array{&box.source, &box.destination}, [](const AddressSet* addresses) {
    const AddressSet named = nameable(*addresses);
    return named.v4 != addresses->v4 || (!addresses->v6.is_all() && named.v6 != addresses->v6);
  });
}

std::vector<Box> judged(std::vector<Box> boxes, Direction direction) {
  std::erase_if(boxes, [&](const Box& box) {
    return (box.states & opening_states).bits == 0 ||
           is_only_loopback(direction == Direction::inbound ? box.in : box.out);
  });
  for (Box& box : boxes) {
    box.in = box.out = InterfaceSet::all();
    box.states = StateSet::all();
  }
  std::erase_if(boxes, [](const Box& box) { return empty(box); });
  return boxes;
}

}  // namespace portpolicy::windows
