#include "backends/windows/pieces.h"

#include <algorithm>
#include <compare>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

namespace portpolicy::windows {
namespace {

ProtocolSet intersect(const ProtocolSet& a, const ProtocolSet& b) {
  return a & b;
}
ProtocolSet subtract(const ProtocolSet& a, const ProtocolSet& b) {
  return a & ~b;
}
ProtocolSet unite(const ProtocolSet& a, const ProtocolSet& b) {
  return a | b;
}
bool is_empty(const ProtocolSet& set) {
  return set.none();
}
template <class Set>
bool is_empty(const Set& set) {
  return set.empty();
}

/// The fields that rules of Windows have, in the order in which they are cut.
constexpr auto cut_order() {
  return std::tuple{&Box::source,       &Box::destination, &Box::protocols, &Box::destination_ports,
                    &Box::source_ports, &Box::icmp};
}
template <class Function>
void for_each_field(Function function) {
  std::apply([&](auto... field) { (function(field), ...); }, cut_order());
}

template <class T>
std::strong_ordering order(const IntervalSet<T>& a, const IntervalSet<T>& b) {
  if (&a.intervals() == &b.intervals()) return std::strong_ordering::equal;
  return std::lexicographical_compare_three_way(a.intervals().begin(), a.intervals().end(), b.intervals().begin(),
                                                b.intervals().end());
}
std::strong_ordering order(const AddressSet& a, const AddressSet& b) {
  const auto first = order(a.v4, b.v4);
  return first != 0 ? first : order(a.v6, b.v6);
}
std::strong_ordering order(const ProtocolSet& a, const ProtocolSet& b) {
  const std::size_t first = (a ^ b)._Find_first();
  return first == a.size() ? std::strong_ordering::equal : a[first] <=> b[first];
}

/// By all fields but `left_aside`.
template <class Set>
std::strong_ordering order_besides(const Box& a, const Box& b, Set Box::*left_aside) {
  std::strong_ordering result = std::strong_ordering::equal;
  for_each_field([&](auto field) {
    if constexpr (std::is_same_v<decltype(field), Set Box::*>)
      if (field == left_aside) return;
    if (result == 0) result = order(a.*field, b.*field);
  });
  return result;
}

template <class Set>
void merge_by(std::vector<Box>& boxes, Set Box::*field) {
  std::ranges::stable_sort(boxes, [&](const Box& a, const Box& b) { return order_besides(a, b, field) < 0; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < boxes.size(); ++i) {
    if (order_besides(boxes[kept], boxes[i], field) == 0)
      boxes[kept].*field = unite(boxes[kept].*field, boxes[i].*field);
    else if (++kept != i) boxes[kept] = std::move(boxes[i]);
  }
  boxes.resize(kept + 1);
}

}  // namespace

std::vector<Box> without(const Box& a, const Box& b) {
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

void merge(std::vector<Box>& boxes) {
  for (std::size_t before = 0; before != boxes.size() && boxes.size() > 1;) {
    before = boxes.size();
    for_each_field([&](auto field) { merge_by(boxes, field); });
  }
}

}  // namespace portpolicy::windows
