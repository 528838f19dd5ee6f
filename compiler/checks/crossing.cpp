#include <algorithm>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/rule_index.h"
#include "compiler/checks/words.h"
#include "compiler/graph/boxes.h"
#include "compiler/syntax/includes.h"

// Pairs of rules that disagree, of which the place in a list or an include says which comes first, and where the first
// decides some packet that both match. Tiers and `overrides` say it in words, so there is nothing to find. When the first
// is an allow of an including file and the other a denial, the other is overtaken; else they cross, unless one of them
// has all packets of the other: that is an exception, or shadowing in part, as everybody writes it.

namespace portpolicy::checks {
namespace {

constexpr std::size_t steps_per_direction = 2'000'000;  // about half a second
constexpr std::size_t most_named = 6;                   // rules that one finding names

/// What one rule, as the first of each pair, does to others.
struct Group {
  std::vector<const Rule*> others;
  bool all = true;
  Packet witness;  // of the first pair
};

class Search {
 public:
  Search(const syntax::Policy& policy, const Graph& graph, Direction direction, const syntax::Includes& includes,
         Severity severity, Diagnostics& diagnostics);

  void run();

 private:
  enum class Kind : std::uint8_t { neither, crossing, overtaking };

  std::expected<void, TooComplex> look_at(const Rule& rule);
  std::expected<void, TooComplex> look_at(const Rule& first, const Rule& second);
  Kind kind(const Rule& first, const Rule& second) const;
  bool says_so(const Rule& first, const Rule& second) const;
  /// Whether `outer` has every packet of `inner` that base traffic leaves to rules.
  std::expected<bool, TooComplex> has_all(const Rule& outer, const Rule& inner);
  /// Packets of both that the first decides.
  std::expected<std::optional<Box>, TooComplex> decided(const Rule& first, const Rule& second);
  const std::vector<Box>& boxes(const Rule& rule);
  const RuleIndex& index();
  void report();
  void report(const Rule& rule, const Group& group, Kind kind);

  const syntax::Policy& policy_;
  const Graph& graph_;
  const Section& section_;
  Direction direction_;
  const syntax::Includes& includes_;
  Severity severity_;
  Diagnostics& diagnostics_;
  std::vector<Box> base_;
  Budget budget_{steps_per_direction};
  std::set<Span> shadowed_;
  std::optional<RuleIndex> index_;
  std::map<const Rule*, std::vector<Box>> boxes_;
  std::optional<RuleIndex> denials_;
  std::map<const Rule*, Group> crossing_, overtaking_;
  bool whole_ = true;
};

Search::Search(const syntax::Policy& policy, const Graph& graph, Direction direction, const syntax::Includes& includes,
               Severity severity, Diagnostics& diagnostics)
    : policy_(policy),
      graph_(graph),
      section_(graph.section(direction)),
      direction_(direction),
      includes_(includes),
      severity_(severity),
      diagnostics_(diagnostics),
      base_(boxes_of_base(graph, direction)) {
  for (const Diagnostic& finding : diagnostics.all())
    if (finding.code == Code::shadowed) shadowed_.insert(finding.primary.where);
}

void Search::run() {
  std::vector<const Rule*> denials;
  for (const Rule& rule : section_.rules)
    if (rule.verdict != Verdict::allow && !rule.library) denials.push_back(&rule);
  if (denials.empty()) return;
  denials_.emplace(graph_, denials);
  for (const Rule& rule : section_.rules) {
    if (rule.library) continue;
    whole_ = look_at(rule).has_value();
    if (!whole_) break;
  }
  report();
}

/// Of two denials the pair is looked at once.
std::expected<void, TooComplex> Search::look_at(const Rule& rule) {
  std::vector<const Rule*> others;
  for (const Box& box : boxes_of(graph_, rule.packets)) {
    const auto entries = denials_->overlapping(box, budget_);
    if (!entries) return std::unexpected(entries.error());
    for (const RuleIndex::Entry* entry : *entries)
      if (entry->rule->verdict != rule.verdict && (rule.verdict == Verdict::allow || &rule < entry->rule))
        others.push_back(entry->rule);
  }
  std::ranges::sort(others);
  others.erase(std::ranges::unique(others).begin(), others.end());
  for (const Rule* other : others) {
    const bool first = section_.precedence.before(rule, *other);
    if (!first && !section_.precedence.before(*other, rule)) continue;
    const auto done = first ? look_at(rule, *other) : look_at(*other, rule);
    if (!done) return done;
  }
  return {};
}

std::expected<void, TooComplex> Search::look_at(const Rule& first, const Rule& second) {
  const Kind of = kind(first, second);
  if (of == Kind::neither || shadowed_.contains(second.where)) return {};
  const auto& groups = of == Kind::crossing ? crossing_ : overtaking_;
  const auto known = groups.find(&first);
  if (known != groups.end() && !known->second.all) return {};
  if (of == Kind::crossing) {
    for (const auto& [outer, inner] : {std::pair(&first, &second), std::pair(&second, &first)}) {
      const auto all = has_all(*outer, *inner);
      if (!all) return std::unexpected(all.error());
      if (*all) return {};
    }
  }
  const auto shared = decided(first, second);
  if (!shared) return std::unexpected(shared.error());
  if (!*shared) return {};
  Group& group = (of == Kind::crossing ? crossing_ : overtaking_)[&first];
  if (group.others.empty()) group.witness = example(**shared, direction_);
  if (group.others.size() == most_named) group.all = false;
  else group.others.push_back(&second);
  return {};
}

Search::Kind Search::kind(const Rule& first, const Rule& second) const {
  if (first.tier != second.tier || says_so(first, second)) return Kind::neither;
  if (first.file == second.file) return Kind::crossing;
  if (!includes_.lead(first.file, second.file)) return Kind::neither;
  return first.verdict == Verdict::allow ? Kind::overtaking : Kind::crossing;
}

bool Search::says_so(const Rule& first, const Rule& second) const {
  const auto& names = written(policy_, first, direction_).overrides;
  return std::ranges::any_of(names, [&](const auto& name) { return name.value == second.name; });
}

const std::vector<Box>& Search::boxes(const Rule& rule) {
  const auto [entry, is_new] = boxes_.try_emplace(&rule);
  if (is_new) entry->second = boxes_of(graph_, rule.packets);
  return entry->second;
}

const RuleIndex& Search::index() {
  if (!index_) index_.emplace(graph_, pointers_to(section_.rules));
  return *index_;
}

std::expected<bool, TooComplex> Search::has_all(const Rule& outer, const Rule& inner) {
  std::vector<const Box*> covers;
  for (const Box& box : boxes(outer)) covers.push_back(&box);
  for (const Box& box : base_) covers.push_back(&box);
  for (const Box& box : boxes(inner)) {
    const auto left = uncovered(box, covers, budget_);
    if (!left) return std::unexpected(left.error());
    if (*left) return false;
  }
  return true;
}

std::expected<std::optional<Box>, TooComplex> Search::decided(const Rule& first, const Rule& second) {
  for (const Box& a : boxes(first))
    for (const Box& b : boxes(second)) {
      if (disjoint(a, b)) continue;
      const Box shared = intersect(a, b);
      std::vector<const Box*> above;
      for (const Box& box : base_) above.push_back(&box);
      const auto entries = index().overlapping(shared, budget_);
      if (!entries) return std::unexpected(entries.error());
      for (const RuleIndex::Entry* entry : *entries) {
        const Rule& other = *entry->rule;
        if (&other == &first || &other == &second || other.limit) continue;
        // Any other rule before the second takes the packet, whatever the order of the two.
        if (section_.precedence.before(other, second)) above.push_back(&entry->box);
      }
      auto left = uncovered(shared, above, budget_);
      if (!left || *left) return left;
    }
  return std::nullopt;
}

std::string listed(const Group& group) {
  std::vector<std::string> names;
  for (const Rule* rule : group.others) names.push_back(rule->name);
  return group.all ? checks::listed(names) : checks::listed(names, "others");
}

void Search::report() {
  for (const auto& [rule, group] : crossing_) report(*rule, group, Kind::crossing);
  for (const auto& [rule, group] : overtaking_) report(*rule, group, Kind::overtaking);
  if (whole_) return;
  diagnostics_.add({.code = Code::crossing,
                    .severity = Severity::note,
                    .message = "not all rules of " + std::string(to_string(direction_)) +
                               " were compared with each other: more of them may cross, or be overtaken",
                    .primary = {section_.rules.front().where, ""},
                    .help = "the rules of this direction overlap each other in too many ways"});
}

void Search::report(const Rule& rule, const Group& group, Kind kind) {
  Diagnostic finding{Code::crossing, severity_, "", {rule.where, ""}};
  if (kind == Kind::crossing) {
    finding.message = "rule `" + rule.name + "` crosses " + listed(group) +
                      (group.others.size() > 1 ? ", which come later" : ", which comes later") +
                      ", and decides what they share";
    finding.help = "see that this order is meant; or narrow one of the rules, so that they do not meet";
  } else {
    finding.code = Code::overtaken;
    finding.severity = Severity::warning;
    finding.message = "rule `" + rule.name + "` overtakes " + listed(group) + " of an included file";
    finding.help = "narrow it; or, if the author of the other agrees, waive this with the reason";
  }
  for (const Rule* other : group.others) {
    const bool shown = other == group.others.front();
    const std::string too = kind == Kind::crossing ? "is crossed too" : "is overtaken too";
    finding.related.push_back(
        {other->where, "`" + other->name + "` " + (shown ? std::string(third_person(other->verdict)) + " it" : too)});
  }
  finding.witness = group.witness;
  diagnostics_.add(std::move(finding));
}

}  // namespace

void crossing(const syntax::Policy& policy, const Graph& graph, Severity severity, Diagnostics& diagnostics) {
  const syntax::Includes includes(policy);
  for (const Direction direction : directions) Search(policy, graph, direction, includes, severity, diagnostics).run();
}

}  // namespace portpolicy::checks
