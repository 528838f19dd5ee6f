#include "compiler/proof/policy_map.h"

#include <array>
#include <limits>
#include <span>
#include <stdexcept>

#include "compiler/graph/boxes.h"

namespace portpolicy::proof {
namespace {

/// Verdicts, or who asks limits.
enum class Wanted : std::uint8_t { verdicts, asking };

class PolicyMap {
 public:
  PolicyMap(PacketSpace& space, const Graph& graph, Direction direction, Wanted wanted, const filter::LimitKeys& limits,
            const filter::Tracked& tracked)
      : space_(space), graph_(graph), direction_(direction), wanted_(wanted), limits_(limits), tracked_(tracked) {}

  Diagram all() {
    const Section& section = graph_.section(direction_);
    if (!section.managed) return space_.diagrams.constant(silent);
    Diagram map = space_.diagrams.constant(silent);
    for (const Base base : syntax::all_bases)
      if (graph_.base.contains(base))
        map = space_.diagrams.over(map, space_.of(boxes_of(base, direction_), value(verdict_of(base))));
    map = space_.diagrams.over(map, of_rules(section.rules));
    return space_.diagrams.over(map, space_.diagrams.constant(value(section.otherwise)));
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
    if (!rule.limit) return space_.of(boxes, value(rule.verdict));
    Diagram map = space_.diagrams.constant(silent);
    for (const Family family : {Family::ipv4, Family::ipv6}) {
      const std::vector<Box> part = of_family(boxes, family);
      if (!part.empty()) map = space_.diagrams.over(map, of_limited(rule, family, part));
    }
    return map;
  }

  Diagram of_limited(const Rule& rule, Family family, const std::vector<Box>& boxes) {
    const auto key = limits_.key(number_of(graph_, direction_, rule), family);
    const auto level = key ? tracked_.level(*key) : std::nullopt;
    if (!level) throw std::logic_error("a limit of the policy is not tracked");
    const Diagram within = where_true(*level, space_.of(boxes, value(rule.verdict)));
    if (wanted_ == Wanted::verdicts) return within;
    return space_.diagrams.over(where_true(*tracked_.level_of_asking(*key), space_.of(boxes, filter::asks)), within);
  }

  Diagram where_true(Diagrams::Level level, const Diagram& map) {
    constexpr std::array is_true{Interval<std::uint64_t>{1, std::numeric_limits<std::uint64_t>::max()}};
    return space_.diagrams.within(map, space_.diagrams.narrow(level, is_true, space_.diagrams.constant(1)));
  }

  Value value(Verdict verdict) const { return wanted_ == Wanted::verdicts ? filter::bit(verdict) : filter::decides; }

  PacketSpace& space_;
  const Graph& graph_;
  Direction direction_;
  Wanted wanted_;
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
  return PolicyMap(space, graph, direction, Wanted::verdicts, limits, tracked).all();
}

Diagram policy_asking(PacketSpace& space, const Graph& graph, Direction direction, const filter::LimitKeys& limits,
                      const filter::Tracked& tracked) {
  return PolicyMap(space, graph, direction, Wanted::asking, limits, tracked).all();
}

}  // namespace portpolicy::proof
