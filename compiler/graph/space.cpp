#include "compiler/graph/space.h"

#include <algorithm>
#include <set>
#include <vector>

namespace portpolicy {

std::vector<const InterfaceSet*> interface_sets(const Graph& graph) {
  static const InterfaceSet loopback = InterfaceSet::of({"lo", false});
  std::vector<const InterfaceSet*> sets{&loopback};
  for (const InterfaceSet& set : graph.interface_sets) sets.push_back(&set);
  return sets;
}

InterfaceClasses interface_classes(const Graph& graph, std::span<const Box> boxes) {
  std::vector<const InterfaceSet*> sets = interface_sets(graph);
  for (const Box& box : boxes) sets.insert(sets.end(), {&box.in, &box.out});
  return InterfaceClasses(sets);
}

DiagramBudget budget_for(const Graph& graph, Direction direction, std::size_t besides) {
  const std::vector<Rule>& rules = graph.section(direction).rules;
  std::set<AddressSetId> lists;
  for (const Rule& rule : rules) lists.insert({rule.packets.source, rule.packets.destination});
  std::size_t intervals = 0;
  for (const AddressSetId list : lists) {
    const AddressSet& addresses = graph.address_sets[list.index].addresses;
    intervals += addresses.v4.intervals().size() + addresses.v6.intervals().size();
  }
  const std::size_t size = rules.size() + besides + intervals / intervals_a_rule;
  return {.edges = std::min<std::size_t>(60'000'000, 5'000'000 + 6'000 * size),
          .steps = std::min<std::size_t>(8'000'000 + 3'000 * size, 100'000'000 + 2'000 * size)};
}

}  // namespace portpolicy
