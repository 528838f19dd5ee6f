#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::checks {
namespace {

struct Waived {
  Span rule;
  const syntax::Waiver* waiver;
  bool used = false;
};

using RulesByName = std::map<std::string, const syntax::Rule*, std::less<>>;

RulesByName rules_by_name(const syntax::Policy& policy) {
  RulesByName rules;
  for (std::size_t file = 0; file < policy.files.size(); ++file)
    for (const Direction direction : directions)
      for (const syntax::Rule& rule : policy.files[file].rules[static_cast<std::size_t>(direction)])
        rules.emplace(rule.name ? rule.name->value : syntax::place_name(policy, file, to_string(direction), rule.place),
                      &rule);
  return rules;
}

void report_unknown(const syntax::Located<std::string>& name, const RulesByName& rules, int& suggestions,
                    Diagnostics& diagnostics) {
  std::vector<std::string_view> known;
  if (suggestions-- > 0)
    for (const auto& [key, rule] : rules) known.push_back(key);
  diagnostics.add(Code::unknown_name, name.where, "there is no rule `" + name.value + "`",
                  did_you_mean(name.value, known));
}

// All waivers in the order of their rules.
std::vector<Waived> collect(const syntax::Policy& policy, Diagnostics& diagnostics) {
  std::vector<Waived> all;
  const auto take = [&](Span rule, const std::vector<syntax::Waiver>& waivers) {
    for (const syntax::Waiver& waiver : waivers) {
      if (info(waiver.code.value).severity == Severity::warning) all.push_back({rule, &waiver});
      else
        diagnostics.add(Code::unknown_code_waived, waiver.code.where,
                        "`" + to_string(waiver.code.value) + "` is not a warning, and only warnings can be waived");
    }
  };
  bool by_name = false;
  for (const syntax::File& file : policy.files) {
    by_name = by_name || !file.waive.empty();
    for (const auto& list : file.rules)
      for (const syntax::Rule& rule : list) take(rule.where, rule.waive);
  }
  if (by_name) {
    const RulesByName rules = rules_by_name(policy);
    int suggestions = 20;  // the search is long
    for (const syntax::File& file : policy.files)
      for (const auto& entry : file.waive) {
        const auto rule = rules.find(entry.rule.value);
        if (rule != rules.end()) take(rule->second->where, entry.waive);
        else report_unknown(entry.rule, rules, suggestions, diagnostics);
      }
  }
  std::ranges::stable_sort(all, {}, &Waived::rule);
  return all;
}

// Rules do not overlap: the one that a place is in is the last that begins before it.
bool silence(std::vector<Waived>& all, const Diagnostic& finding) {
  if (finding.severity != Severity::warning) return false;
  const Span where = finding.primary.where;
  const auto after =
      std::ranges::upper_bound(all, Span{where.file, where.begin, IntervalSet<std::uint32_t>::max}, {}, &Waived::rule);
  bool silenced = false;
  for (auto waived = after; waived != all.begin();) {
    --waived;
    if (waived->rule != std::prev(after)->rule || where.end > waived->rule.end || waived->rule.file != where.file)
      break;
    if (waived->waiver->code.value != finding.code) continue;
    waived->used = true;
    silenced = true;
  }
  return silenced;
}

}  // namespace

void waive(const syntax::Policy& policy, bool all, Diagnostics& diagnostics) {
  std::vector<Waived> waivers = collect(policy, diagnostics);
  if (waivers.empty()) return;
  diagnostics.take_out([&](const Diagnostic& finding) { return silence(waivers, finding); });
  if (!all) return;
  for (const Waived& waived : waivers)
    if (!waived.used)
      diagnostics.add(Code::waived_nothing, waived.waiver->code.where,
                      "there is no `" + to_string(waived.waiver->code.value) + "` at this rule to be waived",
                      "take the waiver out");
}

}  // namespace portpolicy::checks
