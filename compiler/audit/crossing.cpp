#include "compiler/audit/crossing.h"

#include <algorithm>

#include "compiler/audit/chain_maps.h"
#include "compiler/filter/boxes.h"

namespace portpolicy::audit {
namespace {

constexpr std::size_t most_named = 6;  // rules that one finding names

bool overlap(const std::vector<Box>& a, const std::vector<Box>& b) {
  return std::ranges::any_of(a, [&](const Box& one) {
    return std::ranges::any_of(b, [&](const Box& other) { return !disjoint(one, other); });
  });
}

}  // namespace

void Crossings::look_at(RuleId id, const Diagram& match, const Diagram& packets) {
  const filter::Rule& rule = filter_.chains[id.chain.index].rules[id.index];
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  if (verdict == nullptr || has_opaque(rule) || rule.limit || is_policy(filter_.origins[rule.origin])) return;
  if (!seen_.empty() && seen_.front().rule.chain != id.chain) seen_.clear();
  Seen second{id, *verdict, filter::boxes_of(filter_, rule, direction_), match, packets};
  for (const Seen& first : seen_) {
    if ((first.verdict == Verdict::allow) == (second.verdict == Verdict::allow)) continue;
    const auto known = found.find(first.rule);
    if (known != found.end() && !known->second.all) continue;
    whole = whole && budget_.spend();
    if (!whole) return;
    if (!overlap(first.boxes, second.boxes) || !cross(first, second)) continue;
    Crossed& group = found[first.rule];
    if (group.others.empty())
      group.witness = space_.example(space_.diagrams.within(first.packets, match), only(1), direction_);
    if (group.others.size() == most_named) group.all = false;
    else group.others.push_back(id);
  }
  seen_.push_back(std::move(second));
}

bool Crossings::cross(const Seen& first, const Seen& second) {
  if (!budget_.spend(steps_of_maps)) return whole = false;
  Diagrams& diagrams = space_.diagrams;
  const auto has_more = [&](const Seen& one, const Seen& other) {
    return diagrams.within(one.match, diagrams.where(other.match, only(silent))).takes(1);
  };
  return diagrams.within(first.packets, second.match).takes(1) && has_more(first, second) && has_more(second, first) &&
         second.packets.takes(1);
}

}  // namespace portpolicy::audit
