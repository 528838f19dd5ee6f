#include "compiler/filter/calls.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace portpolicy::filter {

std::optional<ChainId> called_by(const Rule& rule) {
  if (const auto* jump = std::get_if<Jump>(&rule.action)) return jump->chain;
  if (const auto* go = std::get_if<Goto>(&rule.action)) return go->chain;
  return std::nullopt;
}

// With a stack of its own, because rule sets of others may be deeper than this program's stack.
std::expected<std::vector<ChainId>, Recursion> called_first(const Filter& filter, ChainId start) {
  enum class Seen : std::uint8_t { no, open, done };
  struct Open {
    ChainId chain;
    std::size_t next_rule = 0;
  };
  std::vector<Seen> seen(filter.chains.size(), Seen::no);
  std::vector<ChainId> result;
  std::vector<Open> open{{start}};
  seen[start.index] = Seen::open;
  while (!open.empty()) {
    Open& last = open.back();
    const std::vector<Rule>& rules = filter.chains[last.chain.index].rules;
    if (last.next_rule == rules.size()) {
      seen[last.chain.index] = Seen::done;
      result.push_back(last.chain);
      open.pop_back();
      continue;
    }
    const std::optional<ChainId> called = called_by(rules[last.next_rule++]);
    if (!called || seen[called->index] == Seen::done) continue;
    if (seen[called->index] == Seen::open) {
      Recursion recursion;
      for (auto at = std::ranges::find(open, *called, &Open::chain); at != open.end(); ++at)
        recursion.circle.push_back(at->chain);
      return std::unexpected(std::move(recursion));
    }
    seen[called->index] = Seen::open;
    open.push_back({*called});
  }
  return result;
}

std::vector<std::uint32_t> reachable_chains(const Filter& filter) {
  std::vector<bool> seen(filter.chains.size());
  std::vector<std::uint32_t> waiting;
  const auto reach = [&](ChainId chain) {
    if (!seen[chain.index]) waiting.push_back(chain.index);
    seen[chain.index] = true;
  };
  for (const auto& hook : filter.hooks)
    if (hook) reach(hook->chain);
  while (!waiting.empty()) {
    const Chain& chain = filter.chains[waiting.back()];
    waiting.pop_back();
    for (const Rule& rule : chain.rules)
      if (const auto called = called_by(rule)) reach(*called);
  }
  std::vector<std::uint32_t> result;
  for (std::uint32_t chain = 0; chain < seen.size(); ++chain)
    if (seen[chain]) result.push_back(chain);
  return result;
}

std::vector<std::uint32_t> called_chains(const Filter& filter) {
  std::map<std::uint32_t, int> uses;
  for (const auto& hook : filter.hooks)
    if (hook) ++uses[hook->chain.index];
  for (const std::uint32_t chain : reachable_chains(filter))
    for (const Rule& rule : filter.chains[chain].rules)
      if (const auto called = called_by(rule)) uses[called->index] += 2;
  std::vector<std::uint32_t> result;
  for (const auto& [chain, count] : uses)
    if (count > 1) result.push_back(chain);
  return result;
}

}  // namespace portpolicy::filter
