#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "host/nftables/held.h"
#include "host/nftables/narrow.h"

namespace portpolicy::host {

/// Keys of a set: each part of the key is in one set of values. Of a verdict map, those with one verdict.
struct KeyGroup {
  std::vector<Numbers> parts;
  HeldVerdict verdict;
};

struct KeyGroups {
  std::vector<KeyGroup> groups;
  bool ordered = false;  ///< of groups with different verdicts that share a key, the first one counts
};

/// The elements of a set whose keys have parts of these sizes. What differs in one part only becomes one group, except in
/// the parts that are `kept`. Nothing when the elements are not as they ought to be. Catch-all elements are left out.
std::optional<KeyGroups> group_keys(const HeldSet& set, std::span<const std::size_t> sizes,
                                    const std::vector<bool>& kept);

}  // namespace portpolicy::host
