#include <algorithm>
#include <array>
#include <expected>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/rule_index.h"
#include "compiler/checks/words.h"
#include "compiler/graph/boxes.h"

// Two rules are in conflict where both match, neither comes before the other, they disagree, and no rule that comes before
// either of them matches as well. Only rules of files that do not include each other can be: within a file, and along
// includes, everything is ordered. So each such pair of files is searched with an index, and what two rules share is
// held against everything above them. A limited rule above protects nobody: it may be over its limit.

namespace portpolicy::checks {
namespace {

constexpr std::size_t steps_per_direction = 4'000'000;  // about a second
constexpr std::size_t most_pairs = 10'000;              // more than are ever listed

class Search {
 public:
  Search(const Graph& graph, Direction direction, Diagnostics& diagnostics)
      : graph_(graph), section_(graph.section(direction)), direction_(direction), diagnostics_(diagnostics) {}

  void run();

 private:
  using FileKey = std::pair<Tier, std::uint32_t>;

  bool unordered(const std::vector<const Rule*>& a, const std::vector<const Rule*>& b) const;
  void build_indices(const std::map<FileKey, std::vector<const Rule*>>& files);
  std::expected<void, TooComplex> compare(const RuleIndex& a, const RuleIndex& b);
  std::expected<void, TooComplex> compare(const RuleIndex::Entry& a, const RuleIndex::Entry& b);
  std::expected<std::vector<const Box*>, TooComplex> decided_above(const Box& shared, const Rule& a, const Rule& b);
  void report(const Rule& a, const Rule& b, const Box& where);
  void report_too_complex(const Rule& a, const Rule& b);

  const Graph& graph_;
  const Section& section_;
  Direction direction_;
  Diagnostics& diagnostics_;
  Budget budget_{steps_per_direction};
  std::vector<Box> base_;
  std::map<FileKey, RuleIndex> indices_;
  std::set<std::pair<const Rule*, const Rule*>> reported_;
};

/// Whether any two rules of these disagree.
bool disagree(const std::vector<const Rule*>& a, const std::vector<const Rule*>& b) {
  const Verdict first = a.front()->verdict;
  const auto other = [&](const Rule* rule) { return rule->verdict != first; };
  return std::ranges::any_of(a, other) || std::ranges::any_of(b, other);
}

bool Search::unordered(const std::vector<const Rule*>& a, const std::vector<const Rule*>& b) const {
  return !section_.precedence.before(*a.back(), *b.front()) && !section_.precedence.before(*b.back(), *a.front());
}

void Search::run() {
  std::map<FileKey, std::vector<const Rule*>> files;
  for (const Rule& rule : section_.rules) files[{rule.tier, rule.file}].push_back(&rule);
  for (auto& [key, rules] : files) std::ranges::sort(rules, {}, &Rule::place);

  for (auto a = files.begin(); a != files.end(); ++a) {
    for (auto b = std::next(a); b != files.end() && b->first.first == a->first.first; ++b) {
      if (!disagree(a->second, b->second) || !unordered(a->second, b->second)) continue;
      if (indices_.empty()) build_indices(files);
      const RuleIndex& index_a = indices_.at(a->first);
      const RuleIndex& index_b = indices_.at(b->first);
      const bool b_is_smaller = index_b.entries().size() < index_a.entries().size();
      const auto done = b_is_smaller ? compare(index_b, index_a) : compare(index_a, index_b);
      if (!done) return report_too_complex(*a->second.front(), *b->second.front());
      if (reported_.size() >= most_pairs) return;
    }
  }
}

void Search::build_indices(const std::map<FileKey, std::vector<const Rule*>>& files) {
  for (const auto& [key, rules] : files) indices_.emplace(key, RuleIndex(graph_, rules));
  for (const Base base : syntax::all_bases)
    if (graph_.base.contains(base))
      for (Box& box : boxes_of(base, direction_)) base_.push_back(std::move(box));
}

std::expected<void, TooComplex> Search::compare(const RuleIndex& a, const RuleIndex& b) {
  for (const RuleIndex::Entry& entry : a.entries()) {
    const auto others = b.overlapping(entry.box, budget_);
    if (!others) return std::unexpected(others.error());
    for (const RuleIndex::Entry* other : *others) {
      if (const auto done = compare(entry, *other); !done) return done;
      if (reported_.size() >= most_pairs) return {};
    }
  }
  return {};
}

std::expected<void, TooComplex> Search::compare(const RuleIndex::Entry& a, const RuleIndex::Entry& b) {
  const Rule* first = std::min(a.rule, b.rule);  // the rules stand in one vector
  const Rule* second = std::max(a.rule, b.rule);
  if (first->verdict == second->verdict || reported_.contains({first, second})) return {};
  if (section_.precedence.before(*first, *second) || section_.precedence.before(*second, *first)) return {};
  const Box shared = intersect(a.box, b.box);
  const auto above = decided_above(shared, *first, *second);
  if (!above) return std::unexpected(above.error());
  const auto left = uncovered(shared, *above, budget_);
  if (!left) return std::unexpected(left.error());
  if (!*left) return {};
  reported_.emplace(first, second);
  report(*first, *second, **left);
  return {};
}

std::expected<std::vector<const Box*>, TooComplex> Search::decided_above(const Box& shared, const Rule& a,
                                                                         const Rule& b) {
  std::vector<const Box*> boxes;
  for (const Box& box : base_) boxes.push_back(&box);
  for (const auto& [key, index] : indices_) {
    const auto found = index.overlapping(shared, budget_);
    if (!found) return std::unexpected(found.error());
    for (const RuleIndex::Entry* entry : *found) {
      const Rule& rule = *entry->rule;
      if (&rule == &a || &rule == &b || rule.limit) continue;
      if (section_.precedence.before(rule, a) || section_.precedence.before(rule, b)) boxes.push_back(&entry->box);
    }
  }
  return boxes;
}

void Search::report(const Rule& a, const Rule& b, const Box& where) {
  const std::string message = "`" + b.name + "` " + std::string(third_person(b.verdict)) + " what `" + a.name + "` " +
                              std::string(third_person(a.verdict)) + ", and nothing says which of them comes first";
  Diagnostic finding{Code::conflict, Severity::error, message, {b.where, ""}};
  finding.related.push_back({a.where, "`" + a.name + "` " + std::string(third_person(a.verdict)) + " it"});
  finding.help = "give the one that is meant `overrides`, or let its file include the other's";
  finding.witness = example(where, direction_);
  diagnostics_.add(std::move(finding));
}

void Search::report_too_complex(const Rule& a, const Rule& b) {
  diagnostics_.add(Code::too_complex, b.where,
                   "whether the rules of this file and those of another contradict each other is too complex to decide",
                   "let one of the two files include the other, or give them different tiers",
                   {{a.where, "the other file's rules begin here"}});
}

}  // namespace

void conflicting(const Graph& graph, Diagnostics& diagnostics) {
  for (const Direction direction : directions) Search(graph, direction, diagnostics).run();
}

}  // namespace portpolicy::checks
