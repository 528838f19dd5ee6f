#include "backends/nftables/expressible.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "backends/common/conditions.h"
#include "backends/common/refuse.h"
#include "backends/nftables/alternatives.h"
#include "backends/nftables/chain_depth.h"

namespace portpolicy::nft {
namespace {

/// Why the kernel would not keep to this limit; empty when it does. It counts in nanoseconds, in 64 bits.
std::string defect(const Limit& limit) {
  const std::uint64_t nanoseconds = std::uint64_t{seconds_in(limit.unit)} * 1'000'000'000;
  if (limit.rate == 0 || limit.burst == 0) return "nothing would pass it";
  const std::uint64_t price = nanoseconds / limit.rate;
  if (price == 0) return "it is faster than one packet a nanosecond";
  if (limit.burst > std::numeric_limits<std::uint64_t>::max() / price) return "its burst takes longer than 500 years";
  return {};
}

std::optional<InterfacePattern> unwritable_interface(const filter::Rule& rule) {
  for (const filter::Match& match : rule.all_of) {
    const auto* in = std::get_if<filter::InterfaceIn>(&match);
    const auto* out = std::get_if<filter::InterfaceOut>(&match);
    if (in == nullptr && out == nullptr) continue;
    const InterfaceSet& interfaces = in != nullptr ? in->interfaces : out->interfaces;
    if (interfaces.empty()) continue;
    if (auto pattern = unwritable(interface_alternatives(Side::source, interfaces))) return pattern;
  }
  return std::nullopt;
}

/// Why nft cannot say this rule; empty when it can.
std::string why_not(const filter::Filter& filter, const filter::Rule& rule) {
  if (const std::string why = backend::not_of_policies(filter, rule); !why.empty())
    return why + ", and portpolicy does not write that for nftables";
  const bool limited = rule.limit.has_value();
  const std::optional<InterfacePattern> pattern = unwritable_interface(rule);
  if (!limited && !pattern) return {};
  if (families_of(filter, backend::conditions_of(filter, rule)).empty()) return {};  // it is left out
  if (limited) {
    const Limit& limit = filter.limits[rule.limit->index].limit;
    if (const std::string why = defect(limit); !why.empty())
      return "has the limit `" + to_string(limit) + "`, which the kernel cannot keep: " + why;
  }
  if (!pattern) return {};
  return "names the interface `" + to_string(*pattern) +
         "`, which nft cannot read: it has no way to write the characters `\"` and `\\`";
}

}  // namespace

void report_inexpressible(const filter::Filter& filter, Diagnostics& diagnostics) {
  backend::report_inexpressible(
      filter, [&](const filter::Rule& rule) { return why_not(filter, rule); }, diagnostics);
}

void report_too_deep(const Ruleset& ruleset, Diagnostics& diagnostics) {
  for (const Table& table : ruleset.tables) {
    const std::optional<ChainId> base = too_deep(table);
    if (!base) continue;
    diagnostics.add(Code::not_expressible, Span{},
                    "the chains below `" + table.chains[base->index].name + "` call each other more than " +
                        std::to_string(most_jumps) + " deep, and the kernel refuses that");
    return;
  }
}

}  // namespace portpolicy::nft
