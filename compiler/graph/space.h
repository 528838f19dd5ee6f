#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/packets/packet_space.h"

/// What a space for the packets of a graph is made with.
namespace portpolicy {

/// Every set of interfaces that the graph speaks of.
std::vector<const InterfaceSet*> interface_sets(const Graph& graph);
/// The interfaces that the graph speaks of, or one of these boxes.
InterfaceClasses interface_classes(const Graph& graph, std::span<const Box> boxes = {});

/// So many intervals of lists of addresses cost what a rule does.
inline constexpr std::size_t intervals_a_rule = 6;
/// What a question about the rules of one direction, and so many claims or other rules, may cost: several times what policies need that
/// people write (300 steps a rule), and in proportion to their size, so that a small policy is not pondered over for long.
DiagramBudget budget_for(const Graph& graph, Direction direction, std::size_t besides = 0);

}  // namespace portpolicy
