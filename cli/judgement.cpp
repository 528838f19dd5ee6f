#include "cli/judgement.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "compiler/base/words.h"
#include "compiler/diagnostics/finding_json.h"
#include "compiler/syntax/print.h"

namespace portpolicy::cli {

namespace {

using checks::Outcome;

std::string in_words(const std::vector<syntax::Said>& all) {
  std::string text;
  for (const syntax::Said& each : all) text += (text.empty() ? "" : " ") + each.key + " " + each.value;
  return text;
}

/// What stands at each place that a claim may have.
std::map<Span, std::string> entries_of(const syntax::Policy& policy) {
  std::map<Span, std::string> entries;
  for (const syntax::File& file : policy.files) {
    for (const syntax::Claim& claim : file.management) entries[claim.where] = in_words(said(claim, policy));
    for (const auto& tests : file.tests)
      for (const syntax::Claim& claim : tests) entries[claim.where] = in_words(said(claim, policy));
    for (const auto& rules : file.rules)
      for (const syntax::Rule& rule : rules)
        if (rule.only_from) entries[rule.from->where] = in_words(said(rule, policy));
  }
  return entries;
}

struct Count {
  std::size_t all = 0, hold = 0;
};

/// `12 tests`, `11 of 12 tests`
std::string how_many(const Count& count, const std::string& noun) {
  if (count.hold == count.all) return counted(count.all, noun);
  return std::to_string(count.hold) + " of " + std::to_string(count.all) + " " + noun + "s";
}

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::holds:
      return "holds";
    case Outcome::fails:
      return "fails";
    case Outcome::undecided:
      return "undecided";
  }
  std::unreachable();
}

std::string_view to_string(Claim::Kind kind) {
  switch (kind) {
    case Claim::Kind::test:
      return "test";
    case Claim::Kind::management:
      return "management";
    case Claim::Kind::only_from:
      return "only-from";
  }
  std::unreachable();
}

}  // namespace

std::vector<Diagnostic> findings_for_tests(const Loaded& loaded) {
  std::set<Span> places;
  for (const Claim& claim : loaded.compiled.graph.claims) places.insert(claim.where);
  std::vector<Diagnostic> findings = loaded.diagnostics.sorted();
  std::erase_if(findings, [&](const Diagnostic& finding) {
    return finding.severity != Severity::error && !places.contains(finding.primary.where) &&
           finding.code != Code::many_findings;
  });
  return findings;
}

Judgement judgement_of(const Loaded& loaded, const std::vector<Diagnostic>& findings) {
  const Compiled& compiled = loaded.compiled;
  const std::vector<Claim>& claims = compiled.graph.claims;
  // The claims that are left when something could not be read are not all that the policy has.
  Judgement judgement{.judged = compiled.outcomes.has_value(), .entries = {}};
  if (!judgement.judged) return judgement;
  std::map<Span, std::string> says = entries_of(compiled.policy);
  std::map<Span, const Diagnostic*> reasons;
  for (const Diagnostic& finding : findings)
    if (finding.severity == Severity::error) reasons.emplace(finding.primary.where, &finding);
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const auto reason = reasons.find(claims[i].where);
    judgement.entries.push_back({&claims[i], (*compiled.outcomes)[i], says[claims[i].where],
                                 reason == reasons.end() ? nullptr : reason->second});
  }
  std::ranges::stable_sort(judgement.entries, {}, [](const Judged& entry) { return entry.claim->where; });
  return judgement;
}

bool is_about_entry(const Judgement& judgement, const Diagnostic& finding) {
  return std::ranges::any_of(judgement.entries, [&](const Judged& entry) { return entry.finding == &finding; });
}

std::string summary(const Judgement& judgement) {
  if (!judgement.judged) return "no test was judged: the policy has errors";
  Count tests, claims;
  std::size_t undecided = 0;
  for (const Judged& entry : judgement.entries) {
    Count& count = entry.claim->kind == Claim::Kind::test ? tests : claims;
    ++count.all;
    if (entry.outcome == Outcome::holds) ++count.hold;
    if (entry.outcome == Outcome::undecided) ++undecided;
  }
  if (tests.all + claims.all == 0) return "there are no tests";
  std::string text;
  if (tests.all != 0) text = how_many(tests, "test");
  if (claims.all != 0) text += (text.empty() ? "" : " and ") + how_many(claims, "claim");
  const bool one = judgement.entries.size() == 1 && tests.hold + claims.hold == 1;
  text += one ? " holds" : " hold";
  if (tests.all == 0) text += "; there are no tests";
  if (undecided != 0) text += "; " + std::to_string(undecided) + (undecided == 1 ? " is" : " are") + " not decided";
  return text;
}

std::string json(const Judgement& judgement, const std::vector<Diagnostic>& findings, const SourceMap& sources) {
  nlohmann::ordered_json entries = nlohmann::ordered_json::array();
  for (const Judged& entry : judgement.entries) {
    nlohmann::ordered_json json = {{"kind", to_string(entry.claim->kind)},
                                   {"name", entry.claim->name},
                                   {"says", entry.says},
                                   {"direction", portpolicy::to_string(entry.claim->direction)},
                                   {"verdict", portpolicy::to_string(entry.claim->verdict)},
                                   {"outcome", to_string(entry.outcome)}};
    json.update(place_json(sources, entry.claim->where));
    entries.push_back(std::move(json));
  }
  return dump({{"format_version", 1},
               {"findings", to_json(findings, sources)},
               {"judged", judgement.judged},
               {"tests", std::move(entries)}});
}

}  // namespace portpolicy::cli
