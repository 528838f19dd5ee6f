#pragma once

#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/packets/box.h"

namespace portpolicy {

/// The packets of a selector: one box for each of its protocols, or one for all; boxes without a packet are left out.
std::vector<Box> boxes_of(const Graph& graph, const Selector& selector);

/// The packets that a kind of base traffic decides in one direction, when it is on and nothing before it did.
std::vector<Box> boxes_of(Base base, Direction direction);

/// The packets that base traffic decides in one direction: those of each kind that is on.
std::vector<Box> boxes_of_base(const Graph& graph, Direction direction);

/// Takes out of a box what comes in or leaves by the loopback interface. It may be empty then.
void leave_out_loopback(Box& box, Direction direction);

}  // namespace portpolicy
