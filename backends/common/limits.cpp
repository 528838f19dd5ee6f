#include "backends/common/limits.h"

#include <algorithm>
#include <map>

#include "backends/common/conditions.h"
#include "compiler/filter/calls.h"

namespace portpolicy::backend {

std::uint64_t source_timeout(const Limit& limit) {
  constexpr std::uint64_t least = 60;
  const std::uint64_t needed = std::uint64_t{limit.burst} * seconds_in(limit.unit);
  return std::max(least, (needed + limit.rate - 1) / limit.rate);
}

std::set<filter::LimitId> shared_by_families(const filter::Filter& filter) {
  std::map<filter::LimitId, Family> seen;
  std::set<filter::LimitId> result;
  for (const std::uint32_t chain : filter::reachable_chains(filter))
    for (const filter::Rule& rule : filter.chains[chain].rules) {
      if (!rule.limit || filter.limits[rule.limit->index].limit.per_source) continue;
      for (const Family family : families_of(filter, conditions_of(filter, rule)))
        if (seen.try_emplace(*rule.limit, family).first->second != family) result.insert(*rule.limit);
    }
  return result;
}

}  // namespace portpolicy::backend
