#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <vector>

#include "compiler/filter/filter.h"

namespace portpolicy::filter {

/// The chain that a rule jumps or goes to.
std::optional<ChainId> called_by(const Rule& rule);

/// Chains that call each other in a circle: each calls the next one, and the last the first. Such a filter has no meaning;
/// kernels refuse it.
struct Recursion {
  std::vector<ChainId> circle;
};

/// The chain and all that it leads to, each after those that it calls.
std::expected<std::vector<ChainId>, Recursion> called_first(const Filter& filter, ChainId start);

/// The chains that packets of a managed direction can come to, ascending.
std::vector<std::uint32_t> reachable_chains(const Filter& filter);

/// The chains that a target must keep as chains: those that rules call, and those of several hooks. Any other may stand where
/// it is hooked.
std::vector<std::uint32_t> called_chains(const Filter& filter);

}  // namespace portpolicy::filter
