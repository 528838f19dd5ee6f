#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

namespace portpolicy::drawing {

/// How many findings of each code.
using Counts = std::map<Code, std::size_t>;

/// A test or a claim that does not hold.
struct BrokenClaim {
  const Claim* claim;
  Code code;
  std::vector<std::size_t> rules;  ///< that decide; empty: base traffic or the default does
  bool by_base = false;
};

/// What the findings say of the rules of one direction; rules are indices into its `Section::rules`.
struct Together {
  std::map<std::size_t, Counts> about;  ///< of the rule that a finding is about
  std::map<std::tuple<std::size_t, std::size_t, Code>, std::size_t>
      pairs;  ///< a rule, one beside it: how many findings
  std::vector<BrokenClaim> broken;
};

Together take_part(const Graph& graph, Direction direction, const std::vector<Diagnostic>& findings);

}  // namespace portpolicy::drawing
