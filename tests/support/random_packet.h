#pragma once

#include "compiler/graph/graph.h"
#include "tests/support/random_policy.h"

namespace portpolicy::test {

/// A packet at the boundaries of what the rules of some direction speak of.
Packet packet_near(const Graph& graph, Random& random);
/// One of this direction.
Packet packet_near(const Graph& graph, Direction direction, Random& random);

}  // namespace portpolicy::test
