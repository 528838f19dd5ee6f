#pragma once

#include <cstdint>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

namespace portpolicy {

/// "`from` comes before `to`", written down by `overrides` at `where`. Indices into the rules that are being ordered.
struct Override {
  std::uint32_t from;
  std::uint32_t to;
  Span where;
};

/// Puts `rules` (those of one direction, in any order, each with its file, place and tier) into an order that respects
/// tiers, places, includes and overrides, and returns what comes before what. A cycle is reported with its chain; then
/// the overrides count for nothing.
Precedence put_in_order(std::vector<Rule>& rules, const std::vector<Override>& overrides, const syntax::Policy& policy,
                        Diagnostics& diagnostics);

}  // namespace portpolicy
