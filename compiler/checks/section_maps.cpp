#include "compiler/checks/section_maps.h"

#include <algorithm>

namespace portpolicy::checks {

Diagram base_map(PacketSpace& space, const Graph& graph, Direction direction) {
  Diagram map = space.diagrams.constant(silent);
  for (const Base base : syntax::all_bases)
    if (graph.base.contains(base))
      map = space.diagrams.over(map, space.of(boxes_of(base, direction), value_of(verdict_of(base))));
  return map;
}

SectionMaps::SectionMaps(PacketSpace& space, const Graph& graph, Direction direction)
    : space_(space), graph_(graph), section_(graph.section(direction)) {
  const bool limited = std::ranges::any_of(section_.rules, [](const Rule& rule) { return rule.limit.has_value(); });
  worlds_ = limited ? 2 : 1;
  base_ = base_map(space, graph, direction);
  if (!section_.rules.empty()) build(1, 0, section_.rules.size());
}

void SectionMaps::build(std::size_t node, std::size_t begin, std::size_t end) {
  if (tree_.size() <= node) tree_.resize(node + 1);
  if (end - begin == 1) {
    Diagram own = match(begin);
    if (worlds_ == 2) tree_[node].push_back(section_.rules[begin].limit ? space_.diagrams.constant(silent) : own);
    tree_[node].push_back(std::move(own));
    return;
  }
  const std::size_t middle = begin + (end - begin) / 2;
  build(2 * node, begin, middle);
  build(2 * node + 1, middle, end);
  for (std::size_t world = 0; world < worlds_; ++world)
    tree_[node].push_back(space_.diagrams.over(tree_[2 * node][world], tree_[2 * node + 1][world]));
}

SectionMaps::Worlds SectionMaps::decided() {
  Worlds result;
  for (std::size_t world = 0; world < worlds_; ++world)
    result.push_back(section_.rules.empty() ? base_ : space_.diagrams.over(base_, tree_[1][world]));
  return result;
}

}  // namespace portpolicy::checks
