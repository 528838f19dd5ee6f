#pragma once

#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/packets/box.h"

namespace portpolicy {

/// The packets of a selector: one box for each of its protocols, or one for all; boxes without a packet are left out.
std::vector<Box> boxes_of(const Graph& graph, const Selector& selector);

/// The packets that a kind of base traffic decides in one direction, when it is on and nothing before it did.
std::vector<Box> boxes_of(Base base, Direction direction);

}  // namespace portpolicy
