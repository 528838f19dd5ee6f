#include "compiler/audit/audit.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/audit/report.h"
#include "compiler/audit/standing.h"
#include "compiler/filter/calls.h"
#include "compiler/filter/meaning.h"

namespace portpolicy::audit {
namespace {

using Kind = Standing::Kind;

/// What was found of a rule, or of a rule of the text, in one more place: nothing counts where it is needed.
void merge(Standing& whole, const Standing& part) {
  if (part.kind < whole.kind) return;
  if (part.kind > whole.kind) {
    whole = part;
    return;
  }
  whole.others.insert(whole.others.end(), part.others.begin(), part.others.end());
  whole.all_named &= part.all_named;
  whole.by_the_end |= part.by_the_end;
  whole.disagree |= part.disagree;
}

constexpr bool gets_packets(Kind kind) {
  return kind == Kind::idle_jump || kind == Kind::unneeded;
}

/// What each rule does for packets of all directions.
std::map<RuleId, Standing> merged(std::span<const Survey> surveys) {
  std::map<RuleId, Standing> rules;
  for (const Survey& survey : surveys)
    for (const auto& [rule, standing] : survey.rules) {
      const auto [known, fresh] = rules.try_emplace(rule, standing);
      if (!fresh) merge(known->second, standing);
    }
  return rules;
}

/// Rules of the text, by their places. Two rules of a filter that each are not needed may be needed together.
std::map<Span, Finding> findings_of(const filter::Filter& filter, const std::map<RuleId, Standing>& rules) {
  std::map<Span, Finding> findings;
  for (const auto& [id, standing] : rules) {
    const filter::Rule& rule = filter.chains[id.chain.index].rules[id.index];
    const filter::Origin& origin = filter.origins[rule.origin];
    if (is_policy(origin)) continue;
    const auto [known, fresh] = findings.try_emplace(origin.where, Finding{id, standing});
    if (fresh) continue;
    Finding& whole = known->second;
    if (gets_packets(whole.standing.kind) && gets_packets(standing.kind)) whole.standing.kind = Kind::needed;
    if (standing.kind > whole.standing.kind) whole.rule = id;
    merge(whole.standing, standing);
  }
  return findings;
}

/// Chains with rules that nothing calls. Of chains that only these lead to, nothing needs to be said.
void chains_without_callers(const filter::Filter& filter, Diagnostics& diagnostics) {
  std::vector<bool> called(filter.chains.size());
  for (const auto& hook : filter.hooks)
    if (hook) called[hook->chain.index] = true;
  for (const filter::Chain& chain : filter.chains)
    for (const filter::Rule& rule : chain.rules)
      if (const auto to = filter::called_by(rule)) called[to->index] = true;
  for (std::size_t i = 0; i < filter.chains.size(); ++i) {
    const filter::Chain& chain = filter.chains[i];
    if (called[i] || chain.rules.empty()) continue;
    report_unused_chain({filter.origins[chain.rules.front().origin].where, chain.name}, diagnostics);
  }
}

std::optional<Span> first_place(const filter::Filter& filter) {
  const auto first = std::ranges::min_element(filter.origins, {}, &filter::Origin::where);
  return first == filter.origins.end() ? std::nullopt : std::optional(first->where);
}

}  // namespace

void audit(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics) {
  const std::array filters{&filter};
  const InterfaceClasses interfaces = filter::interface_classes(filters);
  std::vector<Survey> surveys;
  bool whole = true;
  for (const Direction direction : directions) {
    const auto& hook = filter.hooks[static_cast<std::size_t>(direction)];
    if (!hook || !filter::called_first(filter, hook->chain)) continue;
    auto found = decide(interfaces, options.budget, [&](PacketSpace& space) {
      return survey(space, filter, direction, options.families, options.with_crossing);
    });
    if (found) {
      surveys.push_back(*std::move(found));
      continue;
    }
    whole = false;
    diagnostics.add(Code::too_complex, first_place(filter).value_or(Span{}),
                    "what each rule of " + std::string(to_string(direction)) + " does is too complex to decide",
                    "the rules of this direction overlap each other in too many ways");
  }
  // A rule may be for packets of the direction that nothing is known of.
  if (whole) report(filter, findings_of(filter, merged(surveys)), diagnostics);
  for (Survey& survey : surveys) {
    report(filter, std::move(survey.exposed), survey.exposed_by_default, diagnostics);
    report(filter, survey.crossed, survey.all_compared, diagnostics);
  }
  chains_without_callers(filter, diagnostics);
}

}  // namespace portpolicy::audit
