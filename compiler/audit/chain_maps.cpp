#include "compiler/audit/chain_maps.h"

#include <algorithm>
#include <map>
#include <variant>

#include "compiler/base/overloaded.h"
#include "compiler/filter/boxes.h"
#include "compiler/packets/outcomes.h"

namespace portpolicy::audit {
namespace {

Diagram or_else(Diagrams& diagrams, const Diagram& map, Value outcomes) {
  return with_each(diagrams, map, [&](Value bits) { return static_cast<Value>(bits | outcomes); });
}

/// One value wherever the rule may match.
Diagram all_of(Diagrams& diagrams, const Diagram& match, Value value) {
  NewValues values{};
  values[1] = value;
  return diagrams.renamed(match, values);
}

/// Whether it asks that one condition be true and not true.
bool contradicts_itself(const filter::Rule& rule) {
  std::map<std::uint32_t, bool> asked;
  return std::ranges::any_of(rule.all_of, [&](const filter::Match& match) {
    const auto* opaque = std::get_if<filter::Opaque>(&match);
    return opaque != nullptr &&
           asked.emplace(opaque->condition.index, opaque->negated).first->second != opaque->negated;
  });
}

/// What becomes of the packets of a rule, from what becomes of them in the chain that it calls.
Diagram outcomes_of(Diagrams& diagrams, const filter::Rule& rule, const Diagram& match, const Diagram* called) {
  const auto in_called_chain = [&](const Diagram& outcomes) { return diagrams.within(outcomes, match); };
  return std::visit(Overloaded{
                        [&](Verdict verdict) { return all_of(diagrams, match, filter::bit(verdict)); },
                        [&](filter::Jump) { return in_called_chain(*called); },
                        [&](filter::Goto) {
                          return in_called_chain(with_each(diagrams, *called, [](Value bits) {
                            return (bits & goes_on) == 0 ? bits : static_cast<Value>((bits & ~goes_on) | leaves);
                          }));
                        },
                        [&](filter::Return) { return all_of(diagrams, match, leaves); },
                        [&](filter::Continue) { return diagrams.constant(silent); },
                    },
                    rule.action);
}

ChainMaps::Maps maps_of(PacketSpace& space, const filter::Filter& filter, Direction direction, const filter::Rule& rule,
                        std::span<const std::optional<ChainMaps>> chains) {
  Diagrams& diagrams = space.diagrams;
  if (contradicts_itself(rule))
    return {diagrams.constant(silent), diagrams.constant(silent), diagrams.constant(silent)};
  const Diagram match = space.of(filter::boxes_of(filter, rule, direction), 1);
  const std::optional<filter::ChainId> to = filter::called_by(rule);
  const ChainMaps* called = to ? &*chains[to->index] : nullptr;
  Diagram outcomes = outcomes_of(diagrams, rule, match, called != nullptr ? &called->outcomes() : nullptr);
  Diagram guarded = outcomes_of(diagrams, rule, match, called != nullptr ? &called->guarded() : nullptr);
  if (rule.limit || has_opaque(rule)) {
    const auto perhaps = [&](const Diagram& map) { return diagrams.within(or_else(diagrams, map, goes_on), match); };
    outcomes = perhaps(outcomes);
    guarded = perhaps(guarded);
  }
  if (does_more(filter, rule)) guarded = diagrams.within(or_else(diagrams, guarded, all_verdicts), match);
  return {match, std::move(outcomes), std::move(guarded)};
}

}  // namespace

bool has_opaque(const filter::Rule& rule) {
  return std::ranges::any_of(rule.all_of,
                             [](const auto& match) { return std::holds_alternative<filter::Opaque>(match); });
}

bool does_more(const filter::Filter& filter, const filter::Rule& rule) {
  // Readers name the line where the answer is another one each time, because asking changes something.
  const auto changes = [&](const filter::Match& match) {
    const auto* opaque = std::get_if<filter::Opaque>(&match);
    return opaque != nullptr && filter.opaques[opaque->condition.index].contains(" (line ");
  };
  return rule.log || rule.limit || std::holds_alternative<filter::Continue>(rule.action) ||
         std::ranges::any_of(rule.all_of, changes);
}

Diagram either(Diagrams& diagrams, const Diagram& one, const Diagram& other) {
  const Diagram both = diagrams.then(or_else(diagrams, one, goes_on), other);
  return with_each(diagrams, both,
                   [](Value bits) { return bits == goes_on ? bits : static_cast<Value>(bits & ~goes_on); });
}

Diagram come_back(Diagrams& diagrams, const Diagram& outcomes) {
  return with_each(diagrams, outcomes, [](Value bits) {
    return (bits & leaves) == 0 ? bits : static_cast<Value>((bits & ~leaves) | goes_on);
  });
}

ChainMaps::ChainMaps(PacketSpace& space, const filter::Filter& filter, Direction direction, filter::ChainId chain,
                     std::span<const std::optional<ChainMaps>> called) {
  const std::vector<filter::Rule>& rules = filter.chains[chain.index].rules;
  leaf_.resize(rules.size());
  outcomes_ = guarded_ = space.diagrams.constant(silent);
  if (rules.empty()) return;
  build(space, filter, direction, rules, called, 1, 0);
  outcomes_ = come_back(space.diagrams, tree_[1].outcomes);
  guarded_ = come_back(space.diagrams, tree_[1].guarded);
}

void ChainMaps::build(PacketSpace& space, const filter::Filter& filter, Direction direction,
                      std::span<const filter::Rule> rules, std::span<const std::optional<ChainMaps>> called,
                      std::size_t node, std::size_t begin) {
  if (tree_.size() <= node) tree_.resize(node + 1);
  if (rules.size() == 1) {
    leaf_[begin] = node;
    tree_[node] = maps_of(space, filter, direction, rules.front(), called);
    return;
  }
  const std::size_t half = rules.size() / 2;
  build(space, filter, direction, rules.first(half), called, 2 * node, begin);
  build(space, filter, direction, rules.subspan(half), called, 2 * node + 1, begin + half);
  const Maps &first = tree_[2 * node], &second = tree_[2 * node + 1];
  Maps both{space.diagrams.over(first.match, second.match), space.diagrams.then(first.outcomes, second.outcomes),
            space.diagrams.then(first.guarded, second.guarded)};
  tree_[node] = std::move(both);
}

std::optional<std::size_t> ChainMaps::first_taker(const PacketSpace& space, const Packet& packet,
                                                  std::size_t from) const {
  return leaf_.empty() ? std::nullopt : first_taker(space, packet, from, 1, 0, leaf_.size());
}

std::optional<std::size_t> ChainMaps::first_taker(const PacketSpace& space, const Packet& packet, std::size_t from,
                                                  std::size_t node, std::size_t begin, std::size_t end) const {
  if (end <= from || may_go_on(space.at(tree_[node].outcomes, packet))) return std::nullopt;
  if (end - begin == 1) return begin;
  const std::size_t middle = begin + (end - begin) / 2;
  if (const auto found = first_taker(space, packet, from, 2 * node, begin, middle)) return found;
  return first_taker(space, packet, from, 2 * node + 1, middle, end);
}

}  // namespace portpolicy::audit
