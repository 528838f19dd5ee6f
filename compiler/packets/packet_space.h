#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/base/packet.h"
#include "compiler/packets/box.h"
#include "compiler/packets/diagram.h"
#include "compiler/packets/interface_classes.h"

namespace portpolicy {

/// The dimensions of a packet of one direction. ICMP type and code share one with the destination port, for no packet
/// has both; an address takes two levels.
enum class Field : std::uint8_t { family, in, out, state, protocol, port, source_port, destination, source };
inline constexpr std::size_t field_count = 9;

/// In which order diagrams look at the fields. It does not change any answer, only what it costs, by factors up to 75
/// either way; no order is always good.
using FieldOrder = std::array<Field, field_count>;
inline constexpr std::array<FieldOrder, 3> field_orders{{
    {Field::family, Field::in, Field::out, Field::state, Field::protocol, Field::port, Field::source_port,
     Field::destination, Field::source},
    {Field::family, Field::source, Field::destination, Field::in, Field::out, Field::state, Field::protocol,
     Field::port, Field::source_port},
    {Field::family, Field::destination, Field::source, Field::in, Field::out, Field::state, Field::protocol,
     Field::port, Field::source_port},
}};

/// Diagrams of the last long lists of addresses: one list mostly stands in many rules.
template <class T>
class KnownLists {
 public:
  template <class Make>
  Diagram find_or_make(const IntervalSet<T>& set, Diagrams::Level level, const Diagram& inner, Make make) {
    constexpr std::size_t few = 64, most = 32;
    if (set.intervals().size() <= few) return make();
    for (const Known& known : known_)
      if (&known.set.intervals() == &set.intervals() && known.level == level && known.inner == inner)
        return known.result;
    if (known_.size() == most) known_.clear();
    return known_.emplace_back(set, level, inner, make()).result;
  }

 private:
  struct Known {
    IntervalSet<T> set;  // shares its intervals with all its copies
    Diagrams::Level level;
    Diagram inner, result;
  };
  std::vector<Known> known_;
};

/// Sets of packets of one direction, and maps from these packets to values, as diagrams over the fields.
class PacketSpace {
 public:
  PacketSpace(const InterfaceClasses& interfaces, const FieldOrder& order, DiagramBudget budget = {});

  /// `inside` for the packets of the box, silent for the others.
  Diagram of(const Box& box, Value inside);
  /// For the packets of any of the boxes.
  Diagram of(std::span<const Box> boxes, Value inside);

  /// From this level on, maps may look at what no packet tells: numbers that are 0 or 1.
  static constexpr Diagrams::Level beyond_packets = field_count + 2;
  using Beyond = std::map<Diagrams::Level, bool>;

  /// What `beyond` does not name is 0.
  Value at(const Diagram& map, const Packet& packet, const Beyond& beyond = {}) const;
  /// A readable packet to which the map gives one of these values; it must take one of them. Where that depends on more than
  /// the packet, `beyond` gets the numbers with which it does.
  Packet example(const Diagram& map, Values values, Direction direction, Beyond* beyond = nullptr) const;

  /// Some packets, as a product of sets, and what the map is for them when nothing but the later fields is known.
  struct Part {
    Box box;  ///< the field `port` stands in its destination ports, of ICMP too
    Diagram rest;
  };
  /// The map taken apart by the fields of the order from the place `begin` up to `end`; where it is silent is left out.
  /// The family is among these fields when addresses are. Throws TooComplex when there are more than `most` parts.
  std::vector<Part> parts(const Diagram& map, std::size_t begin, std::size_t end, std::size_t most);

  Diagrams diagrams;

 private:
  using Level = Diagrams::Level;

  Level level(Field field) const { return first_level_[static_cast<std::size_t>(field)]; }
  Diagram narrowed(const Box& box, Field field, Family family, const Diagram& inner);
  Diagram of_family(const Box& box, Family family, Value inside);
  std::uint64_t number(Level level, const Packet& packet) const;
  void take_apart(Part part, Family family, std::size_t place, std::size_t end, std::size_t most,
                  std::vector<Part>& parts);
  std::vector<Part> narrowed_by(const Part& part, Field field, Family family);
  std::vector<Part> narrowed_by_addresses(const Part& part, Field field, Family family);

  const InterfaceClasses& interfaces_;
  KnownLists<std::uint32_t> v4_lists_;
  KnownLists<Uint128> v6_lists_;
  FieldOrder order_;
  std::array<Level, field_count> first_level_{};
  std::array<Field, beyond_packets> field_at_{};
};

/// Asks `question` in a space of one field order after the other: with a third of the budget in each, for what is hard in
/// one order is mostly easy in another; then with all of it in the order in which the question had come farthest.
template <std::size_t Count, class Question>
auto decide(const InterfaceClasses& interfaces, DiagramBudget budget, const std::array<FieldOrder, Count>& orders,
            Question question) -> std::expected<decltype(question(std::declval<PacketSpace&>())), TooComplex> {
  using Answer = decltype(question(std::declval<PacketSpace&>()));
  std::array<std::size_t, Count> operations{};
  const auto attempt = [&](std::size_t order, std::size_t steps) -> std::optional<Answer> {
    PacketSpace space(interfaces, orders[order], {.edges = budget.edges, .steps = steps});
    try {
      return question(space);
    } catch (const TooComplex&) {
      operations[order] = space.diagrams.operations();
      return std::nullopt;
    }
  };
  for (std::size_t order = 0; order < Count; ++order)
    if (std::optional<Answer> answer = attempt(order, budget.steps / 3)) return *std::move(answer);
  const auto best = std::ranges::max_element(operations) - operations.begin();
  if (std::optional<Answer> answer = attempt(static_cast<std::size_t>(best), budget.steps)) return *std::move(answer);
  return std::unexpected(TooComplex{});
}

/// In the orders that suit most questions.
template <class Question>
auto decide(const InterfaceClasses& interfaces, DiagramBudget budget, Question question) {
  return decide(interfaces, budget, field_orders, question);
}

}  // namespace portpolicy
