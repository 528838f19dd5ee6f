#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/rule_index.h"
#include "compiler/checks/section_maps.h"
#include "compiler/checks/segments.h"
#include "compiler/checks/words.h"

// Two rules are in conflict where both match, neither comes before the other, they disagree, and no rule that comes before
// either of them matches as well. A limited rule above protects nobody: it may be over its limit.
//
// Whole segments are compared: what the first matching rule of each says, in both worlds of limits, beyond the packets
// that anything above it decides. Where two that are in no order differ is a conflict, and a packet of it names the rules.

namespace portpolicy::checks {
namespace {

constexpr std::size_t steps_per_direction = 4'000'000;  // pairs of boxes
constexpr std::size_t most_comparisons = 5'000'000;     // of two segments
constexpr std::size_t most_pairs = 10'000;              // of rules; more than are ever listed

using RulePair = std::pair<const Rule*, const Rule*>;

/// What is asked of one direction, and what came out so far.
struct Inquiry {
  std::vector<Segment> segments;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;  // of segments in no order that may disagree
  std::size_t done = 0;                                        // of these pairs
  std::map<RulePair, Packet> found;
};

class Search {
 public:
  Search(PacketSpace& space, const Graph& graph, Direction direction, Inquiry& inquiry)
      : space_(space),
        diagrams_(space.diagrams),
        graph_(graph),
        section_(graph.section(direction)),
        direction_(direction),
        inquiry_(inquiry),
        first_(inquiry.segments.size()),
        left_(inquiry.segments.size()) {}

  void run();

 private:
  /// What a segment says in the two worlds: the first matching rule without a limit, and the first of all.
  using Worlds = std::vector<Diagram>;

  const Diagram& first_unlimited(std::uint32_t segment);
  /// Silent but where base traffic or a rule without a limit comes before the segment.
  Diagram above(std::uint32_t segment);
  /// What the segment says where nothing above it decides.
  const Worlds& left(std::uint32_t segment);
  void compare(std::uint32_t a, std::uint32_t b);
  static bool counts(const Rule& rule, std::size_t world) { return world == 1 || !rule.limit; }
  /// The rule of the segment that this packet comes to first.
  const Rule* speaker(std::uint32_t segment, std::size_t world, const Packet& packet) const;
  /// Those of the packets that come to this rule first.
  Diagram spoken(std::uint32_t segment, std::size_t world, const Rule& rule, Diagram of);

  PacketSpace& space_;
  Diagrams& diagrams_;
  const Graph& graph_;
  const Section& section_;
  Direction direction_;
  Inquiry& inquiry_;
  std::vector<std::optional<Diagram>> first_;
  std::vector<Worlds> left_;
  std::map<std::vector<std::uint32_t>, Diagram> above_;  // siblings have the same above them
  std::map<std::uint32_t, RuleIndex> indices_;           // of segments with conflicts
  Budget budget_{steps_per_direction};
};

Value unlimited_verdict(const Rule& rule) {
  return rule.limit ? silent : value_of(rule.verdict);
}

void Search::run() {
  for (; inquiry_.done < inquiry_.pairs.size() && inquiry_.found.size() < most_pairs; ++inquiry_.done)
    compare(inquiry_.pairs[inquiry_.done].first, inquiry_.pairs[inquiry_.done].second);
}

const Diagram& Search::first_unlimited(std::uint32_t segment) {
  std::optional<Diagram>& known = first_[segment];
  if (!known) known = decided_by(space_, graph_, inquiry_.segments[segment].rules, unlimited_verdict);
  return *known;
}

Diagram Search::above(std::uint32_t segment) {
  std::vector<std::uint32_t> those;
  for (std::uint32_t other = 0; other < inquiry_.segments.size(); ++other)
    if (inquiry_.segments[other].is_before(inquiry_.segments[segment], section_.precedence)) those.push_back(other);
  const auto known = above_.find(those);
  if (known != above_.end()) return known->second;
  std::vector<Diagram> parts{base_map(space_, graph_, direction_)};
  for (const std::uint32_t other : those) parts.push_back(first_unlimited(other));
  while (parts.size() > 1) {
    std::vector<Diagram> halved;
    for (std::size_t i = 0; i < parts.size(); i += 2)
      halved.push_back(i + 1 < parts.size() ? diagrams_.over(parts[i], parts[i + 1]) : parts[i]);
    parts = std::move(halved);
  }
  above_.emplace(std::move(those), parts.front());
  return parts.front();
}

const Search::Worlds& Search::left(std::uint32_t segment) {
  Worlds& known = left_[segment];
  if (!known.empty()) return known;
  const Diagram open = diagrams_.where(above(segment), only(silent));
  Worlds worlds{diagrams_.within(first_unlimited(segment), open)};
  const Segment& of = inquiry_.segments[segment];
  if (of.has_limits()) {
    const auto any_verdict = [](const Rule& rule) { return value_of(rule.verdict); };
    worlds.push_back(diagrams_.within(decided_by(space_, graph_, of.rules, any_verdict), open));
  }
  return known = std::move(worlds);
}

void Search::compare(std::uint32_t a, std::uint32_t b) {
  const Worlds &of_a = left(a), &of_b = left(b);
  for (std::size_t in_a = 0; in_a < of_a.size(); ++in_a)
    for (std::size_t in_b = 0; in_b < of_b.size(); ++in_b) {
      Diagram differing =
          diagrams_.difference(diagrams_.within(of_a[in_a], of_b[in_b]), diagrams_.within(of_b[in_b], of_a[in_a]));
      while (differing.takes(1) && inquiry_.found.size() < most_pairs) {
        const Packet packet = space_.example(differing, only(1), direction_);
        const Rule* const rule_a = speaker(a, in_a, packet);
        const Rule* const rule_b = speaker(b, in_b, packet);
        inquiry_.found.emplace(std::minmax(rule_a, rule_b), packet);
        const Diagram both = spoken(b, in_b, *rule_b, spoken(a, in_a, *rule_a, differing));
        differing = diagrams_.within(differing, diagrams_.where(both, only(silent)));
      }
    }
}

const Rule* Search::speaker(std::uint32_t segment, std::size_t world, const Packet& packet) const {
  const std::vector<const Rule*>& rules = inquiry_.segments[segment].rules;
  return *std::ranges::find_if(
      rules, [&](const Rule* rule) { return counts(*rule, world) && matches(graph_, rule->packets, packet); });
}

Diagram Search::spoken(std::uint32_t segment, std::size_t world, const Rule& rule, Diagram of) {
  const auto known = indices_.try_emplace(segment, graph_, inquiry_.segments[segment].rules).first;
  const std::vector<Box> boxes = boxes_of(graph_, rule.packets);
  of = diagrams_.within(of, space_.of(boxes, 1));
  for (const Box& box : boxes) {
    const auto entries = known->second.overlapping(box, budget_);
    if (!entries) throw TooComplex{};
    for (const RuleIndex::Entry* entry : *entries)
      if (entry->rule->place < rule.place && counts(*entry->rule, world))
        of = diagrams_.within(of, diagrams_.where(space_.of(entry->box, 1), only(silent)));
  }
  return of;
}

void report(const Rule& a, const Rule& b, const Packet& packet, Diagnostics& diagnostics) {
  const std::string message = "`" + b.name + "` " + std::string(third_person(b.verdict)) + " what `" + a.name + "` " +
                              std::string(third_person(a.verdict)) + ", and nothing says which of them comes first";
  Diagnostic finding{Code::conflict, Severity::error, message, {b.where, ""}};
  finding.related.push_back({a.where, "`" + a.name + "` " + std::string(third_person(a.verdict)) + " it"});
  finding.help = "give the one that is meant `overrides`, or let its file include the other's";
  finding.witness = packet;
  diagnostics.add(std::move(finding));
}

void report_too_complex(const Segment& a, const Segment& b, Diagnostics& diagnostics) {
  diagnostics.add(Code::too_complex, b.rules.front()->where,
                  "whether the rules of this file and those of another contradict each other is too complex to decide",
                  "let one of the two files include the other, or give them different tiers",
                  {{a.rules.front()->where, "the other file's rules begin here"}});
}

/// The pairs of segments that must be compared. Stops when there are too many to look at them all.
bool collect_pairs(const Precedence& precedence, Inquiry& inquiry) {
  const std::vector<Segment>& segments = inquiry.segments;
  const auto tier = [&](std::uint32_t segment) { return segments[segment].rules.front()->tier; };
  const auto file = [&](std::uint32_t segment) { return segments[segment].rules.front()->file; };
  std::size_t tries = 0;
  for (std::uint32_t a = 0; a < segments.size(); ++a)
    for (std::uint32_t b = a + 1; b < segments.size() && tier(a) == tier(b); ++b) {
      if (file(a) == file(b)) continue;
      const bool ordered =
          segments[a].is_before(segments[b], precedence) || segments[b].is_before(segments[a], precedence);
      if (!ordered && segments[a].may_disagree_with(segments[b])) inquiry.pairs.emplace_back(a, b);
      if (++tries > most_comparisons) return false;
    }
  return true;
}

void conflicting(const Graph& graph, const InterfaceClasses& interfaces, Direction direction,
                 Diagnostics& diagnostics) {
  const Section& section = graph.section(direction);
  Inquiry inquiry;
  inquiry.segments = segments_of(section);
  const bool all_collected = collect_pairs(section.precedence, inquiry);
  if (inquiry.pairs.empty() && all_collected) return;
  const auto search = [&](PacketSpace& space) {
    Search(space, graph, direction, inquiry).run();
    return true;
  };
  const bool decided = decide(interfaces, budget_for(graph, direction), search).has_value();
  for (const auto& [pair, packet] : inquiry.found) report(*pair.first, *pair.second, packet, diagnostics);
  if (decided && all_collected) return;
  const bool at_a_pair = inquiry.done < inquiry.pairs.size();
  const auto [a, b] = at_a_pair ? inquiry.pairs[inquiry.done] : std::pair<std::uint32_t, std::uint32_t>{0, 1};
  report_too_complex(inquiry.segments[a], inquiry.segments[b], diagnostics);
}

}  // namespace

void conflicting(const Graph& graph, Diagnostics& diagnostics) {
  const InterfaceClasses interfaces = interface_classes(graph);
  for (const Direction direction : directions) conflicting(graph, interfaces, direction, diagnostics);
}

}  // namespace portpolicy::checks
