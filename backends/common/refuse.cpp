#include "backends/common/refuse.h"

#include "compiler/base/overloaded.h"
#include "compiler/filter/calls.h"

namespace portpolicy::backend {

std::string not_of_policies(const filter::Filter& filter, const filter::Rule& rule) {
  for (const filter::Match& match : rule.all_of)
    if (const auto* opaque = std::get_if<filter::Opaque>(&match))
      return "asks for `" + filter.opaques[opaque->condition.index] + "`";
  return std::visit(Overloaded{
                        [](Verdict) { return std::string(); },
                        [](const filter::Jump&) { return std::string(); },
                        [&](const filter::Goto& go) {
                          return "goes to the chain `" + filter.chains[go.chain.index].name + "` for good";
                        },
                        [](filter::Return) { return std::string("returns from its chain"); },
                        [](filter::Continue) { return std::string("has no verdict"); },
                    },
                    rule.action);
}

void report_inexpressible(const filter::Filter& filter, const std::function<std::string(const filter::Rule&)>& why_not,
                          Diagnostics& diagnostics) {
  for (const std::uint32_t chain : filter::reachable_chains(filter)) {
    for (const filter::Rule& rule : filter.chains[chain].rules) {
      const std::string why = why_not(rule);
      if (why.empty()) continue;
      const filter::Origin& origin = filter.origins[rule.origin];
      const std::string place = origin.place.empty() ? "" : " (" + origin.place + ")";
      diagnostics.add(Code::not_expressible, origin.where, "rule `" + origin.name + "`" + place + " " + why);
    }
  }
}

}  // namespace portpolicy::backend
