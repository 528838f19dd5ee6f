#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::checks {
namespace {

/// A waiver and where it holds: at a rule or at a definition.
struct Waived {
  Span where;
  const syntax::Waiver* waiver;
};

/// What a top-level `waive` can name. Rules, networks, services and interfaces may share a name; a waiver holds for all.
using PlacesByName = std::multimap<std::string, Span, std::less<>>;

Span end_of(const std::vector<syntax::ServiceExpr>& services) {
  return services.back().where;
}
template <class Expr>
Span end_of(const Expr& expr) {
  return expr.where;
}

PlacesByName places_by_name(const syntax::Policy& policy) {
  PlacesByName places;
  const auto take = [&](const auto& definitions) {
    for (const auto& definition : definitions) {
      const Span name = definition.name.where;
      places.emplace(definition.name.value, Span{name.file, name.begin, end_of(definition.value).end});
    }
  };
  for (std::size_t file = 0; file < policy.files.size(); ++file) {
    for (const Direction direction : directions)
      for (const syntax::Rule& rule : policy.files[file].rules[static_cast<std::size_t>(direction)])
        places.emplace(syntax::name_of(policy, file, to_string(direction), rule), rule.where);
    take(policy.files[file].networks);
    take(policy.files[file].services);
    take(policy.files[file].interfaces);
  }
  return places;
}

void report_unknown(const syntax::Located<std::string>& name, const PlacesByName& places, int& suggestions,
                    Diagnostics& diagnostics) {
  std::vector<std::string_view> known;
  if (suggestions-- > 0)
    for (const auto& [key, place] : places) known.push_back(key);
  diagnostics.add(Code::unknown_name, name.where, "there is no rule and no definition `" + name.value + "`",
                  did_you_mean(name.value, known));
}

// All waivers in the order of their places.
std::vector<Waived> collect(const syntax::Policy& policy, Diagnostics& diagnostics) {
  std::vector<Waived> all;
  const auto take = [&](Span where, const std::vector<syntax::Waiver>& waivers) {
    for (const syntax::Waiver& waiver : waivers) {
      if (info(waiver.code.value).severity == Severity::warning) all.push_back({where, &waiver});
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
    const PlacesByName places = places_by_name(policy);
    int suggestions = 20;  // the search is long
    for (const syntax::File& file : policy.files)
      for (const auto& entry : file.waive) {
        const auto [first, last] = places.equal_range(entry.rule.value);
        for (auto place = first; place != last; ++place) take(place->second, entry.waive);
        if (first == last) report_unknown(entry.rule, places, suggestions, diagnostics);
      }
  }
  std::ranges::stable_sort(all, {}, &Waived::where);
  return all;
}

// Rules and definitions do not overlap: the one that a place is in is the last that begins before it. What is a note only
// because of its circumstances is silenced too.
bool silence(const std::vector<Waived>& all, std::set<const syntax::Waiver*>& used, const Diagnostic& finding) {
  if (finding.severity == Severity::error) return false;
  const Span where = finding.primary.where;
  const auto after =
      std::ranges::upper_bound(all, Span{where.file, where.begin, IntervalSet<std::uint32_t>::max}, {}, &Waived::where);
  bool silenced = false;
  for (auto waived = after; waived != all.begin();) {
    --waived;
    if (waived->where != std::prev(after)->where || where.end > waived->where.end || waived->where.file != where.file)
      break;
    if (waived->waiver->code.value != finding.code) continue;
    used.insert(waived->waiver);
    silenced = true;
  }
  return silenced;
}

}  // namespace

void waive(const syntax::Policy& policy, bool all, Diagnostics& diagnostics) {
  const std::vector<Waived> waivers = collect(policy, diagnostics);
  if (waivers.empty()) return;
  std::set<const syntax::Waiver*> used;
  diagnostics.take_out([&](const Diagnostic& finding) { return silence(waivers, used, finding); });
  if (!all) return;
  std::set<const syntax::Waiver*> reported;
  for (const Waived& waived : waivers)
    if (!used.contains(waived.waiver) && reported.insert(waived.waiver).second)
      diagnostics.add(Code::waived_nothing, waived.waiver->code.where,
                      "there is no `" + to_string(waived.waiver->code.value) + "` here to be waived",
                      "take the waiver out");
}

}  // namespace portpolicy::checks
