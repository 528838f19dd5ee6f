#include "compiler/proof/policy_map.h"

#include <array>
#include <limits>
#include <span>
#include <stdexcept>

#include "compiler/graph/boxes.h"

namespace portpolicy::proof {
namespace {

class PolicyMap {
 public:
  PolicyMap(PacketSpace& space, const Graph& graph, Direction direction, const filter::LimitKeys& limits,
            const filter::Tracked& tracked)
      : space_(space), graph_(graph), direction_(direction), limits_(limits), tracked_(tracked) {}

  Diagram all() {
    const Section& section = graph_.section(direction_);
    if (!section.managed) return space_.diagrams.constant(silent);
    Diagram map = space_.diagrams.constant(silent);
    for (const Base base : syntax::all_bases)
      if (graph_.base.contains(base))
        map = space_.diagrams.over(map, space_.of(boxes_of(base, direction_), filter::bit(verdict_of(base))));
    map = space_.diagrams.over(map, of_rules(section.rules));
    return space_.diagrams.over(map, space_.diagrams.constant(filter::bit(section.otherwise)));
  }

 private:
  /// By halves: rules one by one would cost their number squared.
  Diagram of_rules(std::span<const Rule> rules) {
    if (rules.empty()) return space_.diagrams.constant(silent);
    if (rules.size() == 1) return of_rule(rules.front());
    const std::size_t half = rules.size() / 2;
    return space_.diagrams.over(of_rules(rules.first(half)), of_rules(rules.subspan(half)));
  }

  Diagram of_rule(const Rule& rule) {
    const std::vector<Box> boxes = boxes_of(graph_, rule.packets);
    if (!rule.limit) return space_.of(boxes, filter::bit(rule.verdict));
    Diagram map = space_.diagrams.constant(silent);
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const std::vector<Box> part = of_family(boxes, family);
      if (!part.empty())
        map = space_.diagrams.over(map, while_limit_holds(rule, family, space_.of(part, filter::bit(rule.verdict))));
    }
    return map;
  }

  Diagram while_limit_holds(const Rule& rule, Family family, const Diagram& map) {
    const auto key = limits_.key(number_of(graph_, direction_, rule), family);
    const auto level = key ? tracked_.level(*key) : std::nullopt;
    if (!level) throw std::logic_error("a limit of the policy is not tracked");
    constexpr std::array holds{Interval<std::uint64_t>{1, std::numeric_limits<std::uint64_t>::max()}};
    return space_.diagrams.within(map, space_.diagrams.narrow(*level, holds, space_.diagrams.constant(1)));
  }

  PacketSpace& space_;
  const Graph& graph_;
  Direction direction_;
  const filter::LimitKeys& limits_;
  const filter::Tracked& tracked_;
};

}  // namespace

filter::LimitKeys limit_keys(const Graph& graph) {
  filter::LimitKeys keys;
  for (const Direction direction : directions)
    for (const Rule& rule : graph.section(direction).rules)
      if (rule.limit)
        keys.meet(number_of(graph, direction, rule), *rule.limit, filter::families_of(boxes_of(graph, rule.packets)));
  keys.number();
  return keys;
}

std::uint32_t number_of(const Graph& graph, Direction direction, const Rule& rule) {
  std::size_t before = 0;
  for (const Direction earlier : directions) {
    if (earlier == direction) break;
    before += graph.section(earlier).rules.size();
  }
  return static_cast<std::uint32_t>(before + static_cast<std::size_t>(&rule - graph.section(direction).rules.data()));
}

Diagram policy_map(PacketSpace& space, const Graph& graph, Direction direction, const filter::LimitKeys& limits,
                   const filter::Tracked& tracked) {
  return PolicyMap(space, graph, direction, limits, tracked).all();
}

}  // namespace portpolicy::proof
