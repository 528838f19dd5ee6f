#pragma once

#include "compiler/filter/limits.h"
#include "compiler/filter/meaning.h"
#include "compiler/graph/graph.h"
#include "compiler/packets/packet_space.h"

namespace portpolicy::proof {

/// The limits of the policy, each of which belongs to one rule: `which` is the rule's number over all directions.
filter::LimitKeys limit_keys(const Graph& graph);
std::uint32_t number_of(const Graph& graph, Direction direction, const Rule& rule);

/// What the policy does with every packet of one direction, in the values of `filter::meaning`, made of the graph alone.
/// Throws TooComplex.
Diagram policy_map(PacketSpace& space, const Graph& graph, Direction direction, const filter::LimitKeys& limits,
                   const filter::Tracked& tracked);

/// Which packets ask which limits, in the values of `filter::asking`. Throws TooComplex.
Diagram policy_asking(PacketSpace& space, const Graph& graph, Direction direction, const filter::LimitKeys& limits,
                      const filter::Tracked& tracked);

}  // namespace portpolicy::proof
