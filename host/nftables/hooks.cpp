#include "host/nftables/hooks.h"

#include <algorithm>
#include <map>
#include <utility>

namespace portpolicy::host {
namespace {

using filter::ChainId;
using filter::Goto;
using filter::Jump;

AddressSet all_of(Family family) {
  AddressSet set;
  if (family == Family::ipv4) set.v4 = IntervalSet<std::uint32_t>::all();
  else set.v6 = IntervalSet<Uint128>::all();
  return set;
}

std::uint32_t origin_of(filter::Filter& filter, const std::string& name) {
  filter.origins.push_back({name, "", {}});
  return static_cast<std::uint32_t>(filter.origins.size() - 1);
}

ChainId* leads_to(filter::Action& action) {
  if (auto* jump = std::get_if<Jump>(&action)) return &jump->chain;
  if (auto* go = std::get_if<Goto>(&action)) return &go->chain;
  return nullptr;
}

bool allows(const filter::Action& action) {
  const auto* verdict = std::get_if<Verdict>(&action);
  return verdict != nullptr && *verdict == Verdict::allow;
}

/// A chain and all that it leads to once more; but what they allow goes to `next` instead.
class Copy {
 public:
  Copy(filter::Filter& filter, ChainId next) : filter_(filter), next_(next) {}

  ChainId of(ChainId start) {
    const ChainId result = id(start);
    while (!open_.empty()) {
      const auto [from, to] = open_.back();
      open_.pop_back();
      filter::Chain chain = filter_.chains[from.index];
      for (filter::Rule& rule : chain.rules) {
        if (ChainId* called = leads_to(rule.action)) *called = id(*called);
        else if (allows(rule.action)) rule.action = Goto{next_};
      }
      filter_.chains[to.index] = std::move(chain);
    }
    return result;
  }

 private:
  ChainId id(ChainId original) {
    const auto [place, is_new] = copies_.try_emplace(original, ChainId(filter_.chains.size()));
    if (is_new) {
      filter_.chains.emplace_back();
      open_.emplace_back(original, place->second);
    }
    return place->second;
  }

  filter::Filter& filter_;
  ChainId next_;
  std::map<ChainId, ChainId> copies_;
  std::vector<std::pair<ChainId, ChainId>> open_;
};

/// A chain that always ends in a verdict: what this base chain says, and of what it accepts, what `next` says.
ChainId entry(filter::Filter& filter, const BaseChain& base, std::optional<ChainId> next) {
  const ChainId id(filter.chains.size());
  filter.chains.push_back({filter.chains[base.chain.index].name + " and after it", {}});
  const filter::Action accepted = next ? filter::Action(Goto{*next}) : filter::Action(Verdict::allow);
  const std::uint32_t origin = origin_of(filter, "policy of " + filter.chains[base.chain.index].name);
  std::vector<filter::Rule> rules;
  if (base.doubt) {
    rules.push_back({{filter::Opaque{filter::OpaqueId(*base.doubt), false}}, {}, {}, Verdict::deny, origin});
    rules.push_back({{}, {}, {}, accepted, origin});
  } else {
    const ChainId body = next ? Copy(filter, *next).of(base.chain) : base.chain;
    rules.push_back({{}, {}, {}, Jump{body}, origin});
    rules.push_back({{}, {}, {}, base.drops ? filter::Action(Verdict::deny) : accepted, origin});
  }
  filter.chains[id.index].rules = std::move(rules);
  return id;
}

/// What packets of one family meet; nothing: no chain.
std::optional<ChainId> line(filter::Filter& filter, const std::vector<BaseChain>& chains, Family family) {
  std::optional<ChainId> next;
  for (auto base = chains.rbegin(); base != chains.rend(); ++base)
    if (!base->of || *base->of == family) next = entry(filter, *base, next);
  return next;
}

}  // namespace

filter::Hook join(filter::Filter& filter, AddressSets& sets, const std::vector<BaseChain>& chains) {
  const bool one = chains.size() == 1 && !chains.front().of && !chains.front().doubt;
  if (one) return {chains.front().chain, chains.front().drops ? Verdict::deny : Verdict::allow};
  const bool same = std::ranges::none_of(chains, [](const BaseChain& chain) { return chain.of.has_value(); });
  if (same) return {*line(filter, chains, Family::ipv4), Verdict::deny};
  std::vector<filter::Rule> rules;
  const std::uint32_t origin = origin_of(filter, "hook");
  for (const Family family : families) {
    const std::optional<ChainId> first = line(filter, chains, family);
    const filter::Action action = first ? filter::Action(Goto{*first}) : filter::Action(Verdict::allow);
    rules.push_back({{filter::SourceIn{sets.id(all_of(family))}}, {}, {}, action, origin});
  }
  const ChainId id(filter.chains.size());
  filter.chains.push_back({"hook", std::move(rules)});
  return {id, Verdict::deny};
}

namespace {

std::vector<ChainId> reachable(filter::Filter& filter) {
  std::vector<bool> seen(filter.chains.size());
  std::vector<ChainId> order;
  const auto see = [&](ChainId chain) {
    if (!seen[chain.index]) order.push_back(chain);
    seen[chain.index] = true;
  };
  for (const std::optional<filter::Hook>& hook : filter.hooks)
    if (hook) see(hook->chain);
  for (std::size_t i = 0; i < order.size(); ++i)
    for (filter::Rule& rule : filter.chains[order[i].index].rules)
      if (const ChainId* called = leads_to(rule.action)) see(*called);
  std::ranges::sort(order);
  return order;
}

void renumber_chains(filter::Filter& filter) {
  const std::vector<ChainId> kept = reachable(filter);
  std::map<ChainId, ChainId> now;
  std::vector<filter::Chain> chains;
  for (const ChainId chain : kept) {
    now[chain] = ChainId(chains.size());
    chains.push_back(std::move(filter.chains[chain.index]));
  }
  for (filter::Chain& chain : chains)
    for (filter::Rule& rule : chain.rules)
      if (ChainId* called = leads_to(rule.action)) *called = now[*called];
  for (std::optional<filter::Hook>& hook : filter.hooks)
    if (hook) hook->chain = now[hook->chain];
  filter.chains = std::move(chains);
}

/// The elements that `visit` shows, in the order in which it does; their ids change with them.
template <class Id, class Element, class Visit>
void keep_used(std::vector<Element>& elements, Visit visit) {
  std::map<Id, Id> now;
  std::vector<Element> kept;
  visit([&](Id& id) {
    const auto [place, is_new] = now.try_emplace(id, Id(kept.size()));
    if (is_new) kept.push_back(std::move(elements[id.index]));
    id = place->second;
  });
  elements = std::move(kept);
}

template <class Function>
void for_each_rule(filter::Filter& filter, Function function) {
  for (filter::Chain& chain : filter.chains)
    for (filter::Rule& rule : chain.rules) function(rule);
}

/// A limit that no rule asks which decides something has no say, nor has what is not understood of who asks it.
void forget_idle_conditions(filter::Filter& filter) {
  std::vector<bool> matters(filter.limits.size(), false);
  for_each_rule(filter, [&](filter::Rule& rule) {
    if (rule.limit && !std::holds_alternative<filter::Continue>(rule.action)) matters[rule.limit->index] = true;
  });
  for_each_rule(filter, [&](filter::Rule& rule) {
    if (rule.limit && !matters[rule.limit->index])
      std::erase_if(rule.all_of,
                    [](const filter::Match& match) { return std::holds_alternative<filter::Opaque>(match); });
  });
}

}  // namespace

void prune(filter::Filter& filter) {
  renumber_chains(filter);
  forget_idle_conditions(filter);
  keep_used<filter::OpaqueId>(filter.opaques, [&](auto use) {
    for_each_rule(filter, [&](filter::Rule& rule) {
      for (filter::Match& match : rule.all_of)
        if (auto* opaque = std::get_if<filter::Opaque>(&match)) use(opaque->condition);
    });
  });
  keep_used<filter::LimitId>(filter.limits, [&](auto use) {
    for_each_rule(filter, [&](filter::Rule& rule) {
      if (rule.limit) use(*rule.limit);
    });
  });
}

}  // namespace portpolicy::host
