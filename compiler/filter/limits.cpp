#include "compiler/filter/limits.h"

#include <set>
#include <tuple>

#include "compiler/filter/boxes.h"
#include "compiler/filter/calls.h"

namespace portpolicy::filter {
namespace {

/// Goes the ways that packets of each family can go, in their order, and each of them once.
class Walk {
 public:
  Walk(const Filter& filter, LimitKeys& keys) : filter_(filter), keys_(keys) {}

  void follow(ChainId chain, Families families, Direction direction) {
    // With a stack of its own, because rule sets of others may be deeper than this program's stack.
    std::vector<Open> open;
    enter(open, chain, families);
    while (!open.empty()) {
      const std::vector<Rule>& rules = filter_.chains[open.back().chain.index].rules;
      if (open.back().next_rule == rules.size()) {
        open.pop_back();
        continue;
      }
      const Rule& rule = rules[open.back().next_rule++];
      const std::optional<ChainId> called = called_by(rule);
      if (!rule.limit && !called) continue;
      const Families here = open.back().families & families_of(boxes_of(filter_, rule, direction));
      if (here == 0) continue;
      if (rule.limit && !std::holds_alternative<Continue>(rule.action))
        keys_.meet(rule.limit->index, filter_.limits[rule.limit->index].limit, here);
      if (called) enter(open, *called, here);
    }
    been_.clear();
  }

 private:
  struct Open {
    ChainId chain;
    Families families;
    std::size_t next_rule = 0;
  };
  void enter(std::vector<Open>& open, ChainId chain, Families families) {
    if (been_.insert({chain, families}).second) open.push_back({chain, families});
  }

  const Filter& filter_;
  LimitKeys& keys_;
  std::set<std::pair<ChainId, Families>> been_;
};

}  // namespace

Families families_of(const std::vector<Box>& boxes) {
  Families families = 0;
  for (const Box& box : boxes) {
    if (!box.source.v4.empty() && !box.destination.v4.empty()) families |= bit(Family::ipv4);
    if (!box.source.v6.empty() && !box.destination.v6.empty()) families |= bit(Family::ipv6);
  }
  return families;
}

LimitKeys::LimitKeys(const Filter& filter) {
  if (filter.limits.empty()) return;
  for (const Direction direction : directions)
    if (const std::optional<Hook>& hook = filter.hooks[static_cast<std::size_t>(direction)])
      Walk(filter, *this).follow(hook->chain, both_families, direction);
  number();
}

void LimitKeys::meet(std::uint32_t which, const Limit& limit, Families families) {
  const auto note = [&](Families place, Families met) {
    const auto [known, fresh] = index_of_.try_emplace({which, place}, met_.size());
    if (fresh) met_.push_back({in_smallest_unit(limit), met, 0});
    else met_[known->second].families |= met;
  };
  if (!limit.per_source) return note(0, families);
  for (const Family family : {Family::ipv4, Family::ipv6})
    if ((families & bit(family)) != 0) note(bit(family), bit(family));
}

void LimitKeys::number() {
  std::map<std::pair<Limit, Families>, std::uint32_t> count;
  for (LimitKey& key : met_) key.number = count[{key.limit, key.families}]++;
}

std::optional<LimitKey> LimitKeys::key(std::uint32_t which, Family family) const {
  auto known = index_of_.find({which, 0});
  if (known == index_of_.end()) known = index_of_.find({which, bit(family)});
  return known == index_of_.end() ? std::nullopt : std::optional(met_[known->second]);
}

std::string to_string(const LimitKey& key) {
  std::string text = "the limit `" + to_string(key.limit) + "`";
  if (key.families == bit(Family::ipv4)) text += " of IPv4";
  if (key.families == bit(Family::ipv6)) text += " of IPv6";
  if (key.number != 0) text += ", number " + std::to_string(key.number + 1) + " of its kind,";
  return text;
}

}  // namespace portpolicy::filter
