#pragma once

#include "compiler/diagnostics/source_map.h"
#include "compiler/filter/filter.h"
#include "compiler/graph/graph.h"

namespace portpolicy {

/// The graph as chains: for each managed direction one chain with the base traffic in its order, the rules in theirs,
/// and the default. A policy rule becomes one rule for each group of protocols that have the same ports.
filter::Filter lower(const Graph& graph, const SourceMap& sources);

}  // namespace portpolicy
