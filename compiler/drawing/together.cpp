#include "compiler/drawing/together.h"

#include <algorithm>

namespace portpolicy::drawing {
namespace {

// Finds the rule that a place is in.
class Places {
 public:
  explicit Places(const std::vector<Rule>& rules) {
    for (std::size_t i = 0; i < rules.size(); ++i) by_place_.emplace(rules[i].where, i);
  }

  std::optional<std::size_t> rule_at(Span place) const {
    // Rules do not overlap in the text: only the last one that begins no later can have it.
    constexpr auto furthest = std::numeric_limits<std::uint32_t>::max();
    const auto after = by_place_.upper_bound({place.file, place.begin, furthest});
    if (after == by_place_.begin()) return std::nullopt;
    const auto& [where, rule] = *std::prev(after);
    if (where.file != place.file || where.end < place.end) return std::nullopt;
    return rule;
  }

 private:
  std::map<Span, std::size_t> by_place_;
};

bool is_broken_claim(Code code) {
  return code == Code::test_failed || code == Code::management_broken || code == Code::claim_broken;
}

}  // namespace

Together take_part(const Graph& graph, Direction direction, const std::vector<Diagnostic>& findings) {
  const Places places(graph.section(direction).rules);
  std::map<Span, const Claim*> claims;
  for (const Claim& claim : graph.claims)
    if (claim.direction == direction && claim.kind != Claim::Kind::only_from) claims.emplace(claim.where, &claim);
  Together together;
  for (const Diagnostic& finding : findings) {
    std::vector<std::size_t> others;
    for (const Label& label : finding.related)
      if (const auto rule = places.rule_at(label.where)) others.push_back(*rule);
    if (const auto rule = places.rule_at(finding.primary.where)) {
      ++together.about[*rule][finding.code];
      for (const std::size_t other : others)
        if (other != *rule) ++together.pairs[{*rule, other, finding.code}];
    } else if (const auto claim = claims.find(finding.primary.where);
               claim != claims.end() && is_broken_claim(finding.code)) {
      const bool by_base = finding.witness && base_traffic(graph, *finding.witness);
      together.broken.push_back({claim->second, finding.code, others, by_base});
    }
  }
  return together;
}

}  // namespace portpolicy::drawing
