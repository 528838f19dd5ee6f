#include <algorithm>

#include "compiler/checks/checks.h"
#include "compiler/graph/boxes.h"

namespace portpolicy::checks {
namespace {

std::string why_empty(const Graph& graph, const Selector& packets) {
  const auto& set = [&](AddressSetId id) -> const AddressSet& { return graph.address_sets[id.index].addresses; };
  if (set(packets.source).empty()) return "nothing is left of `from` after its exceptions";
  if (set(packets.destination).empty()) return "nothing is left of `to` after its exceptions";
  if (graph.interface_sets[packets.in.index].empty()) return "nothing is left of `in` after its exceptions";
  if (graph.interface_sets[packets.out.index].empty()) return "nothing is left of `out` after its exceptions";
  const bool apart = std::ranges::all_of(families, [&](Family family) {
    return set(packets.source).empty(family) || set(packets.destination).empty(family);
  });
  return apart ? "`from` and `to` are of different families"
               : "its addresses and its service are of different families";
}

}  // namespace

void matching_nothing(const Graph& graph, Diagnostics& diagnostics) {
  for (const Section& section : graph.sections)
    for (const Rule& rule : section.rules)
      if (boxes_of(graph, rule.packets).empty())
        diagnostics.add(Code::never_matches, rule.where,
                        "rule `" + rule.name + "` can match no packet: " + why_empty(graph, rule.packets),
                        "mend it or take it out; it does nothing");
}

}  // namespace portpolicy::checks
