#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/interval_set.h"

/// Functions from tuples of numbers to small values, as interval decision diagrams: ordered (a node looks at one number,
/// those below it at later ones), reduced (no node whose edges all lead to one place) and hash-consed (equal functions
/// are one node). Christiansen and Fleury, "An Interval Decision Diagram Based Firewall", describe the family.
namespace portpolicy {

/// What a diagram yields: 0 to 31. 0 means "nothing is said" where maps are laid over one another, and "outside" in sets.
using Value = std::uint8_t;
inline constexpr Value silent = 0;
inline constexpr unsigned most_values = 32;
/// A set of values, one bit each.
using Values = std::uint32_t;
constexpr Values only(Value value) {
  return Values{1} << value;
}

/// Where maps say what *may* happen, a value is a set of outcomes, one bit each. This bit is the outcome that nothing is
/// said and what comes later is asked; alone it is `silent`.
inline constexpr Value goes_on = 16;

/// What each value becomes.
using NewValues = std::array<Value, most_values>;

/// A question needed more nodes or more steps than it was given.
struct TooComplex {};

class Diagrams;

/// A diagram in use. Cheap to copy; must not outlive its `Diagrams`.
class Diagram {
 public:
  Diagram() = default;  ///< none; may only be assigned to
  Diagram(const Diagram& other);
  Diagram(Diagram&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), root_(other.root_) {}
  Diagram& operator=(Diagram other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(root_, other.root_);
    return *this;
  }
  ~Diagram();

  /// Whether both, of one owner, are the same function. Costs nothing.
  friend bool operator==(const Diagram& a, const Diagram& b);
  /// Some order of those of one owner, by which they can be looked up; it changes when the owner sweeps.
  friend bool operator<(const Diagram& a, const Diagram& b);
  /// The values that it takes somewhere. Costs nothing.
  Values values() const;
  bool takes(Value value) const { return (values() & only(value)) != 0; }

 private:
  friend class Diagrams;
  Diagram(Diagrams* owner, std::uint32_t root) : owner_(owner), root_(root) {}

  Diagrams* owner_ = nullptr;
  std::uint32_t root_ = 0;  // into Diagrams::roots_
};

/// What diagrams may cost.
struct DiagramBudget {
  std::size_t edges = 60'000'000;   ///< in memory at one time, 16 bytes each
  std::size_t steps = 300'000'000;  ///< pairs of edges looked at, over all operations
};

/// Makes diagrams and keeps what they share. Operations throw TooComplex, which the questions built on them catch.
class Diagrams {
 public:
  using Level = std::uint16_t;
  static constexpr unsigned most_levels = 4096;  ///< operations go as deep, on the stack

  explicit Diagrams(DiagramBudget budget = {});
  Diagrams(const Diagrams&) = delete;
  Diagrams& operator=(const Diagrams&) = delete;

  Diagram constant(Value value);
  /// `inner` where the number at `level` is in one of the intervals (ascending, apart), silent elsewhere. `inner` looks
  /// only at later levels.
  Diagram narrow(Level level, std::span<const Interval<std::uint64_t>> intervals, const Diagram& inner);
  /// The same for a number of 128 bits whose halves stand at `level` and the next one.
  Diagram narrow_wide(Level level, std::span<const Interval<Uint128>> intervals, const Diagram& inner);
  /// `low` where the number at `level` is at most `last_low`, `high` elsewhere. Both look only at later levels.
  Diagram split(Level level, std::uint64_t last_low, const Diagram& low, const Diagram& high);

  /// `upper` where it says something, `lower` where it is silent.
  Diagram over(const Diagram& upper, const Diagram& lower);
  /// The same for sets of outcomes: `first`, and where it may go on, what `second` says in place of that.
  Diagram then(const Diagram& first, const Diagram& second);
  /// `map` where `set` is not silent, `outside` elsewhere.
  Diagram within(const Diagram& map, const Diagram& set, Value outside = silent);
  /// 1 where the two differ, silent where they are equal.
  Diagram difference(const Diagram& a, const Diagram& b);
  /// 1 where the map takes one of these values, silent elsewhere.
  Diagram where(const Diagram& map, Values values);

  /// Every value replaced by another.
  Diagram renamed(const Diagram& map, const NewValues& values);
  /// Without the numbers at `from` and later levels: all outcomes that are in the map's value for any of them. Values are
  /// sets of outcomes, without `goes_on`.
  Diagram united(const Diagram& map, Level from);

  /// The value at a tuple: `number(level)` gives its numbers.
  template <class Number>
  Value at(const Diagram& map, Number number) const {
    Node node = roots_[map.root_].node;
    while (!is_terminal(node)) {
      const Stored& stored = nodes_[node];
      node = find(stored, number(stored.level)).target;
    }
    return static_cast<Value>(node);
  }
  /// A part of the space where the map takes one of `values`: calls `take(level, interval)` for each level that matters.
  /// Of several ways on, `prefer(level)` names the number that it goes by where that leads there.
  template <class Prefer, class Take>
  void pick(const Diagram& map, Values values, Prefer prefer, Take take) const;

  /// Numbers that have the same function behind them.
  template <class Number>
  struct Branch {
    std::vector<Interval<Number>> numbers;  ///< ascending, apart
    Diagram rest;                           ///< looks only at later levels
  };
  /// The map by its numbers at `level`, each function once; numbers for which it is silent throughout are left out. The
  /// map looks at no earlier level.
  std::vector<Branch<std::uint64_t>> branches(const Diagram& map, Level level);
  /// The same for a number of 128 bits, at `level` and the next one, of maps that `narrow_wide` made such numbers for.
  std::vector<Branch<Uint128>> branches_wide(const Diagram& map, Level level);

  /// Throws away what nothing refers to any more. Operations do so by themselves when there is much of it.
  void sweep();
  /// What is there now, for measurements.
  std::size_t edge_count() const { return live_edges_; }
  /// How many operations were begun: how far a question came.
  std::size_t operations() const { return operations_; }

 private:
  friend class Diagram;
  friend bool operator==(const Diagram& a, const Diagram& b);
  friend bool operator<(const Diagram& a, const Diagram& b);
  using Node = std::uint32_t;  // below `most_values` a terminal, else into nodes_

  /// Operations whose operands do not say all of what they do have a new number each time.
  static constexpr std::uint32_t first_new_operation = 1000;

  static constexpr std::uint64_t greatest = std::numeric_limits<std::uint64_t>::max();
  static constexpr Node nothing_remembered = std::numeric_limits<Node>::max();
  static constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
  }

  struct Edge {
    std::uint64_t last;  // the greatest number that goes this way; of the last edge all ones
    Node target;
    friend bool operator==(const Edge&, const Edge&) = default;
  };
  struct Stored {
    const Edge* edges = nullptr;
    std::uint32_t count = 0;
    std::uint32_t hash = 0;
    Values values = 0;
    Level level = 0;
    std::span<const Edge> all() const { return {edges, count}; }
  };
  struct Root {
    Node node = 0;
    std::uint32_t uses = 0;
  };
  struct Remembered {
    Node a = 0, b = 0;
    std::uint32_t operation = 0;
    Node result = 0;
  };
  struct Renamed;
  struct United;
  /// Edges do not move, so that operations may hold on to them.
  class Arena {
   public:
    const Edge* store(std::span<const Edge> edges);

   private:
    std::vector<std::unique_ptr<Edge[]>> blocks_;
    std::size_t left_ = 0;
    Edge* next_ = nullptr;
  };

  static bool is_terminal(Node node) { return node < most_values; }
  Values values_of(Node node) const { return is_terminal(node) ? only(static_cast<Value>(node)) : nodes_[node].values; }
  unsigned level_of(Node node) const { return is_terminal(node) ? most_levels : nodes_[node].level; }
  static const Edge& find(const Stored& stored, std::uint64_t number);
  static const Edge* reaching(const Edge* at, std::span<const Edge> edges, std::uint64_t number);

  /// Calls `take(numbers, target)` for each way on at `level`: one for all when the node does not look at it.
  template <class Take>
  void each_way(Node node, Level level, Take take) const;
  template <class Number>
  class Grouping;

  Diagram hold(Node node);
  Node node_of(const Diagram& diagram) const { return roots_[diagram.root_].node; }
  void make_room();
  void spend(std::size_t steps);
  void mark(Node node, std::vector<bool>& reached) const;
  void grow_table();
  void insert(Node node);
  /// The edges behind `base` on the stack as a node; takes them off.
  Node make(Level level, std::size_t base);
  void push(std::size_t base, std::uint64_t last, Node target) {
    if (stack_.size() > base && stack_.back().target == target) stack_.back().last = last;
    else stack_.push_back({last, target});
  }
  Node narrowed(Level level, std::span<const Interval<std::uint64_t>> intervals, Node inner);
  template <class Operation>
  Node apply(Operation operation, Node a, Node b);
  Node remembered(std::uint32_t operation, Node a, Node b) const {
    const Remembered& entry = memory_[slot_of(operation, a, b)];
    const bool same = entry.operation == operation && entry.a == a && entry.b == b;
    return same ? entry.result : nothing_remembered;
  }
  void remember(std::uint32_t operation, Node a, Node b, Node result) {
    memory_[slot_of(operation, a, b)] = {a, b, operation, result};
  }
  std::size_t slot_of(std::uint32_t operation, Node a, Node b) const {
    return mixed(mixed(operation, a), b) >> 24 & (memory_.size() - 1);
  }
  std::uint32_t new_operation() { return next_operation_++; }

  DiagramBudget budget_;
  std::vector<Stored> nodes_;  // the first `most_values` stand for terminals
  Arena arena_;
  std::size_t live_edges_ = 0;
  std::size_t operations_ = 0;
  std::size_t sweep_at_ = 4'000'000;
  std::vector<Node> table_;  // open addressing; 0 is free
  std::vector<Remembered> memory_;
  std::uint32_t next_operation_ = first_new_operation;
  std::vector<Edge> stack_;
  std::vector<Root> roots_;
  std::vector<std::uint32_t> free_roots_;
};

template <class Prefer, class Take>
void Diagrams::pick(const Diagram& map, Values values, Prefer prefer, Take take) const {
  Node node = node_of(map);
  while (!is_terminal(node)) {
    const Stored& stored = nodes_[node];
    const Edge* chosen = nullptr;
    if (const std::optional<std::uint64_t> wanted = prefer(stored.level)) chosen = &find(stored, *wanted);
    if (chosen == nullptr || (values_of(chosen->target) & values) == 0) {
      for (const Edge& edge : stored.all()) {
        chosen = &edge;
        if ((values_of(edge.target) & values) != 0) break;
      }
    }
    const std::uint64_t first = chosen == stored.edges ? 0 : chosen[-1].last + 1;
    take(stored.level, Interval<std::uint64_t>{first, chosen->last});
    node = chosen->target;
  }
}

}  // namespace portpolicy
