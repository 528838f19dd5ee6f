#include "backends/iptables/expressible.h"

#include <optional>
#include <set>
#include <string>

#include "backends/common/conditions.h"
#include "backends/common/limits.h"
#include "backends/common/refuse.h"
#include "backends/iptables/alternatives.h"

namespace portpolicy::iptables {
namespace {

/// The kernel counts an empty bucket's way back to a full one in units that last for a day (xt_hashlimit.c, xt_limit.c).
constexpr std::uint64_t longest_refill = 86'400;
constexpr std::uint32_t most_burst = 1'000'000;

/// Why the kernel would not keep to this limit; empty when it does.
std::string defect(const Limit& limit) {
  if (std::uint64_t{limit.burst} * seconds_in(limit.unit) > longest_refill * limit.rate)
    return "a full burst must be there again within a day; make the burst smaller or the rate higher";
  if (limit.burst > most_burst) return "its burst is greater than " + std::to_string(most_burst);
  return {};
}

std::optional<InterfacePattern> unwritable_interface(const backend::Conditions& conditions) {
  for (const InterfaceSet& interfaces : conditions.interfaces)
    for (const InterfacePattern& pattern : interfaces.patterns())
      if (is_unwritable(pattern)) return pattern;
  return std::nullopt;
}

std::string why_not(const filter::Filter& filter, const filter::Rule& rule,
                    const std::set<filter::LimitId>& shared_limits) {
  if (const std::string why = backend::not_of_policies(filter, rule); !why.empty())
    return why + ", and portpolicy does not write that for iptables";
  const backend::Conditions conditions = backend::conditions_of(filter, rule);
  if (families_of(filter, conditions).empty()) return {};  // it is left out
  if (rule.limit) {
    const Limit& limit = filter.limits[rule.limit->index].limit;
    if (const std::string what = defect(limit); !what.empty())
      return "has the limit `" + to_string(limit) + "`, which iptables cannot keep: " + what;
    if (shared_limits.contains(*rule.limit))
      return "has the limit `" + to_string(limit) +
             "` for IPv4 and IPv6 together, and iptables and ip6tables count each by themselves: write a rule for each "
             "family, or make the limit `per source`";
  }
  const bool has_v4_icmp = !conditions.icmp.is_all() && conditions.protocols == std::vector{protocols::icmp};
  if (has_v4_icmp && is_unwritable(Family::ipv4, conditions.icmp))
    return "asks for some codes of ICMP type 255, which iptables takes for every type";
  if (const auto pattern = unwritable_interface(conditions))
    return "names the interface `" + to_string(*pattern) +
           "`, which iptables cannot name: to it a `+` at the end is any text, and `!` is not";
  return {};
}

}  // namespace

void report_inexpressible(const filter::Filter& filter, Diagnostics& diagnostics) {
  const std::set<filter::LimitId> shared = backend::shared_by_families(filter);
  backend::report_inexpressible(
      filter, [&](const filter::Rule& rule) { return why_not(filter, rule, shared); }, diagnostics);
}

}  // namespace portpolicy::iptables
