#include <algorithm>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/rule_index.h"
#include "compiler/checks/words.h"
#include "compiler/graph/boxes.h"
#include "compiler/registry/registry.h"

// A rule that says "everybody" in addresses of one family, such as `0.0.0.0/0`, often forgets the other. To be sure, the
// same packets are made in the other family and asked for what becomes of them. Networks that are not everybody's say
// nothing: a rule about one provider's IPv4 addresses is a rule about these.

namespace portpolicy::checks {
namespace {

constexpr std::size_t steps_per_direction = 4'000'000;  // about a second

template <class T>
Uint128 size(const IntervalSet<T>& set) {
  Uint128 sum = 0;
  for (const Interval<T>& interval : set.intervals()) sum += Uint128{interval.last} - interval.first + 1;
  return sum;
}

template <class T>
bool has_half(const IntervalSet<T>& set, const IntervalSet<T>& internet) {
  if (set.is_all()) return true;
  const Uint128 half = size(internet) / 2;
  return size(set) >= half && size(intersect(set, internet)) >= half;
}

/// The family of which a set has half of the internet, if it has nothing of the other one.
std::optional<Family> everybody_of(const AddressSet& set) {
  static const AddressSet internet = *registry::network_named("internet");
  if (set.v6.empty() && has_half(set.v4, internet.v4)) return Family::ipv4;
  if (set.v4.empty() && has_half(set.v6, internet.v6)) return Family::ipv6;
  return std::nullopt;
}

struct Allowed {
  Box box;
  const Rule* rule;  // nothing: the default
};

class Search {
 public:
  Search(const syntax::Policy& policy, const Graph& graph, Direction direction, Diagnostics& diagnostics)
      : policy_(policy),
        graph_(graph),
        section_(graph.section(direction)),
        direction_(direction),
        diagnostics_(diagnostics) {}

  void run();

 private:
  template <class T>
  using Answer = std::expected<std::optional<T>, TooComplex>;

  const AddressSet& addresses(AddressSetId id) const { return graph_.address_sets[id.index].addresses; }
  std::optional<Family> everybody_of(AddressSetId id);
  void look_at(const Rule& rule, Family family);
  /// What the rule says, as packets of the other family that open a connection.
  std::vector<Box> in_the_other(const Rule& rule, Family family);
  std::expected<bool, TooComplex> is_thought_of(const Box& box, Family family);
  Answer<Allowed> allowed(const Box& box);
  Answer<Diagnostic> finding(const Rule& rule, Family family);
  Diagnostic describe(const Rule& rule, Family family, const Box& box, const std::string& what) const;
  void prepare();

  const syntax::Policy& policy_;
  const Graph& graph_;
  const Section& section_;
  Direction direction_;
  Diagnostics& diagnostics_;
  Budget budget_{steps_per_direction};
  std::vector<std::optional<std::optional<Family>>> known_;  // by address set
  std::optional<RuleIndex> index_;
  std::vector<Box> base_;
};

void Search::run() {
  known_.resize(graph_.address_sets.size());
  for (const Rule& rule : section_.rules) {
    if (rule.library) continue;
    if (const auto family = everybody_of(rule.packets.source)) look_at(rule, *family);
    else if (const auto at_destination = everybody_of(rule.packets.destination)) look_at(rule, *at_destination);
  }
}

std::optional<Family> Search::everybody_of(AddressSetId id) {
  auto& known = known_[id.index];
  if (!known) known = checks::everybody_of(addresses(id));
  return *known;
}

void Search::prepare() {
  if (index_) return;
  index_.emplace(graph_, pointers_to(section_.rules));
  base_ = boxes_of_base(graph_, direction_);
}

void Search::look_at(const Rule& rule, Family family) {
  prepare();
  auto found = finding(rule, family);
  if (found && *found) diagnostics_.add(std::move(**found));
  if (found) return;
  diagnostics_.add({.code = Code::family_forgotten,
                    .severity = Severity::note,
                    .message = "whether rule `" + rule.name + "` forgets " +
                               std::string(to_string(other_family(family))) + " is too complex to decide",
                    .primary = {rule.where, ""}});
}

std::vector<Box> Search::in_the_other(const Rule& rule, Family family) {
  const AddressSet all = AddressSet::all(other_family(family));
  const auto side = [&](AddressSetId id) { return everybody_of(id) == family ? all : intersect(addresses(id), all); };
  Selector packets = rule.packets;
  packets.source = packets.destination = {};
  std::vector<Box> boxes = boxes_of(graph_, packets);
  for (Box& box : boxes) {
    for (const Protocol bound : {protocols::icmp, protocols::igmp, protocols::icmpv6})
      box.protocols.reset(bound.number);
    box.source = intersect(box.source, side(rule.packets.source));
    box.destination = side(rule.packets.destination);
    box.states = opening_states;
    leave_out_loopback(box, direction_);
  }
  std::erase_if(boxes, [](const Box& box) { return empty(box); });
  return boxes;
}

/// Whether a rule speaks of some of these packets by addresses of their family alone.
std::expected<bool, TooComplex> Search::is_thought_of(const Box& box, Family family) {
  const auto entries = index_->overlapping(box, budget_);
  if (!entries) return std::unexpected(entries.error());
  const auto alone = [&](AddressSetId id) { return addresses(id).empty(family); };
  return std::ranges::any_of(*entries, [&](const RuleIndex::Entry* entry) {
    return alone(entry->rule->packets.source) || alone(entry->rule->packets.destination);
  });
}

/// Some of these packets that a rule or the default allows.
Search::Answer<Allowed> Search::allowed(const Box& box) {
  const auto entries = index_->overlapping(box, budget_);
  if (!entries) return std::unexpected(entries.error());
  std::vector<const Box*> decided;
  for (const Box& of_base : base_) decided.push_back(&of_base);
  for (const RuleIndex::Entry* entry : *entries) {
    if (entry->rule->verdict == Verdict::allow) {
      const auto left = uncovered(intersect(box, entry->box), decided, budget_);
      if (!left) return std::unexpected(left.error());
      if (*left) return Allowed{**left, entry->rule};
    }
    if (!entry->rule->limit) decided.push_back(&entry->box);
  }
  if (section_.otherwise != Verdict::allow) return std::nullopt;
  const auto left = uncovered(box, decided, budget_);
  if (!left) return std::unexpected(left.error());
  return *left ? std::optional(Allowed{**left, nullptr}) : std::nullopt;
}

Search::Answer<Diagnostic> Search::finding(const Rule& rule, Family family) {
  const std::vector<Box> boxes = in_the_other(rule, family);
  std::vector<const Box*> base;
  for (const Box& box : base_) base.push_back(&box);
  std::optional<Box> denied;
  for (const Box& box : boxes) {
    const auto thought_of = is_thought_of(box, family);
    if (!thought_of) return std::unexpected(thought_of.error());
    if (*thought_of) return std::nullopt;
  }
  for (const Box& box : boxes) {
    const auto found = allowed(box);
    if (!found) return std::unexpected(found.error());
    if (*found && rule.verdict == Verdict::allow) return std::nullopt;
    if (*found) {
      const Rule* by = (*found)->rule;
      Diagnostic result = describe(rule, family, (*found)->box,
                                   by == nullptr ? "the default allows it" : "rule `" + by->name + "` allows it");
      if (by != nullptr) result.related.push_back({by->where, "`" + by->name + "` allows it"});
      return result;
    }
    const auto left = uncovered(box, base, budget_);
    if (!left) return std::unexpected(left.error());
    if (*left && !denied) denied = **left;
  }
  if (rule.verdict != Verdict::allow || !denied) return std::nullopt;
  return describe(rule, family, *denied, "nothing does");
}

Diagnostic Search::describe(const Rule& rule, Family family, const Box& box, const std::string& what) const {
  const syntax::Rule& text = written(policy_, rule, direction_);
  const bool at_source = checks::everybody_of(addresses(rule.packets.source)).has_value();
  Diagnostic result{Code::family_forgotten,
                    Severity::warning,
                    "rule `" + rule.name + "` " + std::string(third_person(rule.verdict)) + " this for " +
                        std::string(to_string(family)) + " only: over " + std::string(to_string(other_family(family))) +
                        " " + what,
                    {(at_source ? text.from : text.to)->where, ""}};
  result.help = "name both families, as in `[0.0.0.0/0, \"::/0\"]`, or leave `" +
                std::string(at_source ? "from" : "to") + "` out; or waive this, with the reason";
  result.witness = example(box, direction_);
  return result;
}

}  // namespace

void family_forgotten(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics) {
  for (const Direction direction : directions)
    if (graph.section(direction).managed) Search(policy, graph, direction, diagnostics).run();
}

}  // namespace portpolicy::checks
