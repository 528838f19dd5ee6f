#include "compiler/packets/diagram.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <type_traits>
#include <unordered_map>

namespace portpolicy {
namespace {

/// The operations: what they do to values, where one operand alone says what comes out whatever the other is, and where
/// the result is one of the operands.
struct Over {
  static constexpr std::uint32_t number = 1;
  template <class Values_of>
  std::optional<std::uint32_t> by_first(std::uint32_t upper, Values_of values_of) const {
    if ((values_of(upper) & only(silent)) == 0) return upper;
    return std::nullopt;
  }
  static std::optional<std::uint32_t> by_second(std::uint32_t) { return std::nullopt; }
  template <class Values_of>
  std::optional<std::uint32_t> shortcut(std::uint32_t upper, std::uint32_t lower, Values_of values_of) const {
    if (upper == silent || upper == lower) return lower;
    if (lower == silent) return upper;
    return by_first(upper, values_of);
  }
};

constexpr Values may_go_on() {
  Values values = only(silent);
  for (Value value = 0; value < most_values; ++value)
    if ((value & goes_on) != 0) values |= only(value);
  return values;
}

struct Then {
  static constexpr std::uint32_t number = 4 + most_values;
  template <class Values_of>
  std::optional<std::uint32_t> by_first(std::uint32_t first, Values_of values_of) const {
    return (values_of(first) & may_go_on()) == 0 ? std::optional(first) : std::nullopt;
  }
  static std::optional<std::uint32_t> by_second(std::uint32_t) { return std::nullopt; }
  template <class Values_of>
  std::optional<std::uint32_t> shortcut(std::uint32_t first, std::uint32_t second, Values_of values_of) const {
    if (first == silent || first == second) return second;
    if (second == silent) return first;
    if (const auto sure = by_first(first, values_of)) return sure;
    if (first >= most_values || second >= most_values) return std::nullopt;
    return (first & ~std::uint32_t{goes_on}) | second;
  }
};

struct Within {
  Value outside;
  std::uint32_t number = 2u + outside;
  template <class Values_of>
  std::optional<std::uint32_t> by_first(std::uint32_t map, Values_of) const {
    return map == outside ? std::optional<std::uint32_t>(outside) : std::nullopt;
  }
  std::optional<std::uint32_t> by_second(std::uint32_t set) const {
    return set == silent ? std::optional<std::uint32_t>(outside) : std::nullopt;
  }
  template <class Values_of>
  std::optional<std::uint32_t> shortcut(std::uint32_t map, std::uint32_t set, Values_of values_of) const {
    if (set == silent || map == outside) return outside;
    if ((values_of(set) & only(silent)) == 0) return map;
    return std::nullopt;
  }
};

struct Differ {
  static constexpr std::uint32_t number = 2 + most_values;
  template <class Values_of>
  std::optional<std::uint32_t> by_first(std::uint32_t, Values_of) const {
    return std::nullopt;
  }
  static std::optional<std::uint32_t> by_second(std::uint32_t) { return std::nullopt; }
  template <class Values_of>
  std::optional<std::uint32_t> shortcut(std::uint32_t a, std::uint32_t b, Values_of values_of) const {
    if (a == b) return silent;
    if ((values_of(a) & values_of(b)) == 0) return 1;
    return std::nullopt;
  }
};

/// Of one diagram; the second operand is no node.
struct OfOne {
  template <class Values_of>
  std::optional<std::uint32_t> by_first(std::uint32_t, Values_of) const {
    return std::nullopt;
  }
  static std::optional<std::uint32_t> by_second(std::uint32_t) { return std::nullopt; }
};

/// The second operand is a set of values.
struct Where : OfOne {
  Values values;
  static constexpr std::uint32_t number = 3 + most_values;
  explicit Where(Values of) : values(of) {}
  template <class Values_of>
  std::optional<std::uint32_t> shortcut(std::uint32_t map, std::uint32_t, Values_of values_of) const {
    const Values taken = values_of(map);
    if ((taken & values) == 0) return silent;
    if ((taken & ~values) == 0) return 1;
    return std::nullopt;
  }
};

}  // namespace

struct Diagrams::Renamed : OfOne {
  const NewValues& values;
  Values changed = 0;
  std::uint32_t number;
  Renamed(const NewValues& new_values, std::uint32_t of) : values(new_values), number(of) {
    for (Value value = 0; value < most_values; ++value)
      if (values[value] != value) changed |= only(value);
  }
  template <class Values_of>
  std::optional<Node> shortcut(Node map, Node, Values_of values_of) const {
    if ((values_of(map) & changed) == 0) return map;
    if (is_terminal(map)) return values[map];
    return std::nullopt;
  }
};

struct Diagrams::United : OfOne {
  const Diagrams& diagrams;
  Level from;
  std::uint32_t number;
  United(const Diagrams& all, Level first, std::uint32_t of) : diagrams(all), from(first), number(of) {}
  template <class Values_of>
  std::optional<Node> shortcut(Node map, Node, Values_of values_of) const {
    if (is_terminal(map)) return map;
    if (diagrams.level_of(map) < from) return std::nullopt;
    Node all = 0;
    for (Node value = 0; value < most_values; ++value)
      if ((values_of(map) & only(static_cast<Value>(value))) != 0) all |= value;
    return all;
  }
};

const Diagrams::Edge& Diagrams::find(const Stored& stored, std::uint64_t number) {
  return *std::ranges::lower_bound(stored.all(), number, {}, &Edge::last);
}

template <class Operation>
Diagrams::Node Diagrams::apply(Operation operation, Node a, Node b) {
  const auto values = [&](Node of) { return values_of(of); };
  if (const auto node = operation.shortcut(a, b, values)) return *node;
  if (const Node known = remembered(operation.number, a, b); known != nothing_remembered) return known;
  constexpr bool binary = !std::is_base_of_v<OfOne, Operation>;
  const unsigned level_a = level_of(a), level_b = binary ? level_of(b) : most_levels;
  const unsigned level = std::min(level_a, level_b);
  const std::array whole_a{Edge{greatest, a}}, whole_b{Edge{greatest, b}};
  const std::span<const Edge> edges_a = level_a == level ? nodes_[a].all() : whole_a;
  const std::span<const Edge> edges_b = level_b == level ? nodes_[b].all() : whole_b;
  const Edge* at_a = edges_a.data();
  const Edge* at_b = edges_b.data();
  const std::size_t base = stack_.size();
  for (std::size_t steps = 1;; ++steps) {
    // Where one operand decides, the other's edges are passed over: a narrow operand makes the whole cheap.
    std::uint64_t last = std::min(at_a->last, at_b->last);
    Node target = silent;
    if (const auto by_a = at_a->last > last ? operation.by_first(at_a->target, values) : std::nullopt) {
      target = *by_a;
      last = at_a->last;
      at_b = reaching(at_b, edges_b, last);
    } else if (const auto by_b = at_b->last > last ? operation.by_second(at_b->target) : std::nullopt) {
      target = *by_b;
      last = at_b->last;
      at_a = reaching(at_a, edges_a, last);
    } else {
      target = apply(operation, at_a->target, at_b->target);
    }
    push(base, last, target);
    if (last == greatest) {
      spend(steps);
      break;
    }
    if (at_a->last == last) ++at_a;
    if (at_b->last == last) ++at_b;
  }
  const Node result = make(static_cast<Level>(level), base);
  remember(operation.number, a, b, result);
  return result;
}

/// The first edge, from `at` on, that reaches `number`; found in steps that double, for it is mostly near.
const Diagrams::Edge* Diagrams::reaching(const Edge* at, std::span<const Edge> edges, std::uint64_t number) {
  const Edge* const end = edges.data() + edges.size();
  std::ptrdiff_t stride = 1;
  const Edge* from = at;
  while (stride < end - from && from[stride].last < number) {
    from += stride;
    stride *= 2;
  }
  return std::ranges::lower_bound(from, from + std::min(stride + 1, end - from), number, {}, &Edge::last);
}

Diagram Diagrams::constant(Value value) {
  assert(value < most_values);
  return hold(value);
}

Diagrams::Node Diagrams::narrowed(Level level, std::span<const Interval<std::uint64_t>> intervals, Node inner) {
  spend(intervals.size());
  const std::size_t base = stack_.size();
  for (const Interval<std::uint64_t>& interval : intervals) {
    const std::uint64_t next = stack_.size() == base ? 0 : stack_.back().last + 1;
    if (next < interval.first) push(base, interval.first - 1, silent);
    push(base, interval.last, inner);
  }
  if (stack_.size() == base || stack_.back().last != greatest) push(base, greatest, silent);
  return make(level, base);
}

Diagram Diagrams::narrow(Level level, std::span<const Interval<std::uint64_t>> intervals, const Diagram& inner) {
  make_room();
  return hold(narrowed(level, intervals, node_of(inner)));
}

Diagram Diagrams::narrow_wide(Level level, std::span<const Interval<Uint128>> intervals, const Diagram& inner) {
  make_room();
  const Node node = node_of(inner);
  const auto high = [](Uint128 number) { return static_cast<std::uint64_t>(number >> 64); };
  const auto low = [](Uint128 number) { return static_cast<std::uint64_t>(number); };
  const Level low_level = static_cast<Level>(level + 1);
  const std::size_t base = stack_.size();
  std::uint64_t next = 0;  // the first upper half that is not decided yet
  bool all_decided = false;
  const auto decide = [&](std::uint64_t first, std::uint64_t last, Node target) {
    if (next < first) push(base, first - 1, silent);
    push(base, last, target);
    all_decided = last == greatest;
    next = last + 1;
  };
  std::vector<Interval<std::uint64_t>> parts;  // of the lower halves below `upper`
  std::uint64_t upper = 0;
  const auto finish_upper = [&] {
    if (parts.empty()) return;
    const Node below = narrowed(low_level, parts, node);
    decide(upper, upper, below);
    parts.clear();
  };
  for (const Interval<Uint128>& interval : intervals) {
    std::uint64_t first = high(interval.first);
    const std::uint64_t last = high(interval.last);
    if (parts.empty() || upper != first) finish_upper();
    upper = first;
    if (first == last) {
      parts.push_back({low(interval.first), low(interval.last)});
      continue;
    }
    if (low(interval.first) != 0 || !parts.empty()) {
      parts.push_back({low(interval.first), greatest});
      finish_upper();
      ++first;
    }
    const bool ends_inside = low(interval.last) != greatest;
    if (first < last || (first == last && !ends_inside)) decide(first, ends_inside ? last - 1 : last, node);
    if (ends_inside) {
      upper = last;
      parts.push_back({0, low(interval.last)});
    }
  }
  finish_upper();
  if (!all_decided) push(base, greatest, silent);
  return hold(make(level, base));
}

Diagram Diagrams::split(Level level, std::uint64_t last_low, const Diagram& low, const Diagram& high) {
  make_room();
  const std::size_t base = stack_.size();
  push(base, last_low, node_of(low));
  push(base, greatest, node_of(high));
  return hold(make(level, base));
}

Diagram Diagrams::over(const Diagram& upper, const Diagram& lower) {
  make_room();
  return hold(apply(Over{}, node_of(upper), node_of(lower)));
}

Diagram Diagrams::then(const Diagram& first, const Diagram& second) {
  make_room();
  return hold(apply(Then{}, node_of(first), node_of(second)));
}

Diagram Diagrams::within(const Diagram& map, const Diagram& set, Value outside) {
  make_room();
  return hold(apply(Within{outside}, node_of(map), node_of(set)));
}

Diagram Diagrams::difference(const Diagram& a, const Diagram& b) {
  make_room();
  return hold(apply(Differ{}, node_of(a), node_of(b)));
}

Diagram Diagrams::where(const Diagram& map, Values values) {
  make_room();
  return hold(apply(Where(values), node_of(map), values));
}

Diagram Diagrams::renamed(const Diagram& map, const NewValues& values) {
  make_room();
  return hold(apply(Renamed(values, new_operation()), node_of(map), 0));
}

Diagram Diagrams::united(const Diagram& map, Level from) {
  make_room();
  return hold(apply(United(*this, from, new_operation()), node_of(map), 0));
}

/// Intervals by the node that they lead to.
template <class Number>
class Diagrams::Grouping {
 public:
  explicit Grouping(Diagrams& owner) : owner_(owner) {}
  /// Comes with ascending intervals.
  void add(Interval<Number> numbers, Node target) {
    if (target == silent) return;
    const auto [known, is_new] = index_of_.try_emplace(target, result.size());
    if (is_new) result.push_back({{}, owner_.hold(target)});
    std::vector<Interval<Number>>& all = result[known->second].numbers;
    if (!all.empty() && all.back().last + 1 == numbers.first) all.back().last = numbers.last;
    else all.push_back(numbers);
  }
  std::vector<Branch<Number>> result;

 private:
  Diagrams& owner_;
  std::unordered_map<Node, std::size_t> index_of_;
};

template <class Take>
void Diagrams::each_way(Node node, Level level, Take take) const {
  assert(level_of(node) >= level);
  if (level_of(node) > level) return take(Interval<std::uint64_t>{0, greatest}, node);
  std::uint64_t first = 0;
  for (const Edge& edge : nodes_[node].all()) {
    take(Interval<std::uint64_t>{first, edge.last}, edge.target);
    first = edge.last + 1;
  }
}

std::vector<Diagrams::Branch<std::uint64_t>> Diagrams::branches(const Diagram& map, Level level) {
  Grouping<std::uint64_t> grouping(*this);
  each_way(node_of(map), level, [&](Interval<std::uint64_t> numbers, Node target) { grouping.add(numbers, target); });
  return std::move(grouping.result);
}

std::vector<Diagrams::Branch<Uint128>> Diagrams::branches_wide(const Diagram& map, Level level) {
  Grouping<Uint128> grouping(*this);
  const auto low_level = static_cast<Level>(level + 1);
  const auto joined = [](std::uint64_t high, std::uint64_t low) { return Uint128{high} << 64 | low; };
  each_way(node_of(map), level, [&](Interval<std::uint64_t> high, Node below) {
    if (level_of(below) > low_level) return grouping.add({joined(high.first, 0), joined(high.last, greatest)}, below);
    // Several upper halves may share what is below them; their numbers do not touch one another.
    for (std::uint64_t upper = high.first;; ++upper) {
      if (budget_.steps == 0) throw TooComplex{};
      --budget_.steps;
      each_way(below, low_level, [&](Interval<std::uint64_t> low, Node target) {
        grouping.add({joined(upper, low.first), joined(upper, low.last)}, target);
      });
      if (upper == high.last) break;
    }
  });
  return std::move(grouping.result);
}

}  // namespace portpolicy
