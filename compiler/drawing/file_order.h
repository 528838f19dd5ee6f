#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"

namespace portpolicy::drawing {

/// The rules of a file in one direction, as indices into `Section::rules`, in their order; at least one.
struct FileRules {
  std::uint32_t file = 0;
  Tier tier = Tier::normal;
  std::vector<std::size_t> rules;
};

/// Those files that have rules in this direction, by tier and then as the policy lists them.
std::vector<FileRules> files_in_order(const syntax::Policy& policy, const Section& section);

/// Pairs of indices into `files`: the first includes the second, directly or through files that are not among them, and
/// both are of one tier. What follows from other pairs is not among them.
std::vector<std::pair<std::size_t, std::size_t>> includes_between(const syntax::Policy& policy,
                                                                  const std::vector<FileRules>& files);

}  // namespace portpolicy::drawing
