#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backends/nftables/read_elements.h"

namespace portpolicy::nft::text {

/// Elements of a set that differ in nothing but the values of each field, put together: a product of sets.
struct Group {
  std::vector<std::vector<Range>> fields;
  Action action;  ///< of a map
};
/// The elements in as few groups as is cheap. In a map no two groups hold one packet; nothing when elements with different
/// actions overlap, or when it would take long to find out.
std::optional<std::vector<Group>> groups_of(const Elements& elements, bool is_map, const Interfaces& interfaces);

}  // namespace portpolicy::nft::text
