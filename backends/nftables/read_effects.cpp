#include "backends/nftables/read_effects.h"

#include <algorithm>
#include <utility>

#include "compiler/base/overloaded.h"

namespace portpolicy::nft::text {
namespace {

using K = Action::Kind;

// Two concatenations in one rule multiply.
constexpr std::size_t most_branches = 100'000;

}  // namespace

std::vector<filter::Remark> Remarks::list(const Places& places) const {
  std::vector<filter::Remark> remarks;
  for (const auto& [place, where] : places) remarks.push_back({source_.span(where), place.second});
  return remarks;
}

bool Remarks::has_part_of(std::string_view text, Extent where) const {
  for (auto known = unknown_.lower_bound({where.begin, {}}); known != unknown_.end(); ++known) {
    if (known->first.first > where.end) return false;
    if (text.contains(known->first.second)) return true;
  }
  return false;
}

/// Whether the fields are those of the set. nft refuses others; here it is enough not to be misled.
static bool fit(const std::vector<Key>& keys, const Elements& elements) {
  return std::ranges::equal(keys, elements.types, {}, &Key::type);
}

/// Whether the rule as a whole does not ask this limit of the same packets as nft does: because of what stands behind it.
static bool is_asked_first(const Rule& rule, const LimitUse& use, bool decides) {
  return !decides || rule.map || !rule.unknown_map.empty() || rule.does_anything || use.before < rule.matches.size();
}

/// One rule on its way into the filter.
struct Effects::Work {
  const Place& place;
  const Rule& rule;
  std::uint32_t line = 0;
  std::string name;
  std::uint32_t origin = 0;
  std::vector<Conditions> branches;                                       ///< any of these
  std::vector<std::pair<const Lookup*, const std::vector<Group>*>> none;  ///< and none of these
};

void Effects::add(const Place& place, const Rule& rule) {
  const bool decides = (rule.action.kind != K::none && rule.action.kind != K::go_on) || rule.map ||
                       !rule.unknown_map.empty() || rule.does_anything;
  if (rule.does_beside)
    remarks_.passed_over(*rule.does_beside,
                         "packets of connections that are taken out of the way here skip later rules");
  const bool matters = decides || matters_elsewhere(rule);
  if (!matters && !rule.log && !rule.changes) return;
  Work work{place, rule, source_.line(rule.where.begin), {}, 0, {}, {}};
  work.name = std::string(place.chain) + ":" + std::to_string(work.line);
  work.origin = writer_.origin(work.name, source_.span(rule.where));
  work.branches.push_back(any(work));
  if (!matters || rule.changes) add_to_notice(work);
  if (!matters) return;
  for (std::size_t i = 0; i < rule.matches.size(); ++i) {
    ask_limits(work, i, decides);
    ask(work, rule.matches[i]);
  }
  ask_limits(work, rule.matches.size(), decides);
  if (!decides) return;
  if (rule.does_anything) return decide_anything(work, rule.does_anything->text, rule.does_anything->where);
  decide(work);
}

/// What a rule does beside deciding, for those who ask what depends on a packet: a rule that goes on, of all packets that may
/// come to it.
void Effects::add_to_notice(Work work) {
  for (const Match& match : work.rule.matches) {
    const auto* lookup = std::get_if<Lookup>(&match);
    if (std::holds_alternative<Test>(match) || (lookup != nullptr && is_understood(*lookup, work.rule)))
      ask(work, match);
  }
  for (const Conditions& branch : work.branches)
    add_to(work.place.into, work, branch, filter::Continue{}, std::nullopt);
}

void Effects::add_uncertain_drop(const Place& place, Extent where, const std::string& text) {
  Rule rule;
  rule.where = where;
  Work work{place, rule, source_.line(where.begin), std::string(place.chain), 0, {Conditions()}, {}};
  work.origin = writer_.origin(work.name + ":" + std::to_string(work.line), source_.span(where));
  ask_text(work, text, where, false);
  add_to(place.into, work, work.branches[0], Verdict::deny, std::nullopt);
}

/// Whether a rule that decides nothing takes from buckets of other rules. Its own are kept where no condition stands that
/// is not understood, which would be said for nothing.
bool Effects::matters_elsewhere(const Rule& rule) {
  const auto is_shared = [](const LimitUse& use) { return !use.shared.empty(); };
  const auto understands = [&](const Match& match) {
    if (std::holds_alternative<Unknown>(match)) return false;
    const auto* lookup = std::get_if<Lookup>(&match);
    return lookup == nullptr || is_understood(*lookup, rule);
  };
  return std::ranges::any_of(rule.limits, is_shared) ||
         (!rule.limits.empty() && std::ranges::all_of(rule.matches, understands));
}

bool Effects::is_understood(const Lookup& lookup, const Rule& rule) {
  const Elements* elements = elements_of(lookup, rule);
  return elements == nullptr || (elements->known && fit(lookup.keys, *elements));
}

/// A packet takes from the bucket when it comes to the limit, whatever stands behind it in the rule.
void Effects::ask_limits(Work& work, std::size_t place, bool decides) {
  for (std::size_t i = 0; i < work.rule.limits.size(); ++i)
    if (work.rule.limits[i].before == place && is_asked_first(work.rule, work.rule.limits[i], decides))
      ask_limit(work, i);
}

void Effects::ask_limit(Work& work, std::size_t index) {
  const filter::LimitId asked = limit(work, work.rule.limits[index], index);
  const filter::ChainId chain = work.place.into;
  if (index == 0 && work.none.empty()) {
    for (const Conditions& branch : work.branches) add_to(chain, work, branch, filter::Continue{}, asked);
    return;
  }
  const filter::ChainId helper = writer_.chain(work.name + " limit");
  const filter::ChainId last = pass_limits(work, helper, index);
  add_to(last, work, any(work), filter::Continue{}, asked);
  for (const Conditions& branch : work.branches) add_to(chain, work, branch, filter::Jump{helper}, std::nullopt);
}

/// Makes packets leave a chain that was jumped to unless they are in none of what they must not be in, and get past so
/// many of the limits, in their order. Returns the chain where those go on that do.
filter::ChainId Effects::pass_limits(const Work& work, filter::ChainId chain, std::size_t count) {
  const auto leave = [&](const Conditions& conditions, std::optional<filter::LimitId> over) {
    add_to(chain, work, conditions, filter::Return{}, over);
  };
  for (const auto& [lookup, all] : work.none)
    for (const Group& group : *all) leave(narrowed(any(work), *lookup, group), std::nullopt);
  for (std::size_t i = 0; i < count; ++i) {
    const LimitUse& use = work.rule.limits[i];
    const filter::LimitId id = limit(work, use, i);
    if (use.over) {
      leave(any(work), id);
      continue;
    }
    const filter::ChainId next = writer_.chain(work.name + "." + std::to_string(i + 2));
    add_to(chain, work, any(work), filter::Jump{next}, id);
    chain = next;
  }
  return chain;
}

/// All that comes to the table.
Conditions Effects::any(const Work& work) const {
  Conditions start;
  start.v4 = work.place.table.family != "ip6";
  start.v6 = work.place.table.family != "ip";
  start.family_shown = start.one_family();
  return start;
}

const std::vector<Group>* Effects::groups(const Elements& elements, bool is_map) {
  const auto [known, fresh] = groups_.try_emplace(&elements);
  if (fresh) known->second = groups_of(elements, is_map, interfaces_);
  return known->second ? &*known->second : nullptr;
}

const Elements* Effects::elements_of(const Lookup& lookup, const Rule& rule) {
  if (lookup.set != nullptr) return sets_.of(*lookup.set);
  kept_.push_back(rule.own[lookup.own]);
  return &kept_.back();
}

void Effects::ask(Work& work, const Match& match) {
  std::visit(Overloaded{
                 [&](const Test& test) {
                   for (Conditions& branch : work.branches) writer_.keep(branch, test.key, test.ranges, test.negated);
                 },
                 [&](const Lookup& lookup) { ask_lookup(work, lookup); },
                 [&](const Unknown& unknown) { ask_unknown(work, unknown); },
             },
             match);
}

void Effects::ask_lookup(Work& work, const Lookup& lookup) {
  const Elements* elements = elements_of(lookup, work.rule);
  if (elements == nullptr) return;
  const std::vector<Group>* all = elements->known && fit(lookup.keys, *elements) ? groups(*elements, false) : nullptr;
  if (all == nullptr) return ask_not_understood(work, lookup);
  for (Conditions& branch : work.branches)
    for (const Key& key : lookup.keys) writer_.keep_bearers(branch, key);
  if (elements->has_others) {
    if (lookup.negated) work.branches.clear();
    return;
  }
  if (lookup.keys.size() == 1) {
    const std::string_view name = lookup.set != nullptr ? lookup.set->name : std::string_view();
    for (Conditions& branch : work.branches)
      writer_.keep(branch, lookup.keys[0], (*all)[0].fields[0], lookup.negated, {true, name});
    return;
  }
  if (lookup.negated) {
    work.none.emplace_back(&lookup, all);
  } else if (work.branches.size() * all->size() > most_branches) {
    ask_not_understood(work, lookup);
  } else {
    work.branches = with_groups(work.branches, lookup, *all);
  }
}

void Effects::ask_not_understood(Work& work, const Lookup& lookup) {
  for (Conditions& branch : work.branches)
    for (const Key& key : lookup.keys) writer_.keep_bearers(branch, key);
  const bool changes = lookup.set != nullptr && sets_.changes(lookup.set->name);
  ask_text(work, lookup.text, lookup.where, !changes);
}

void Effects::ask_unknown(Work& work, const Unknown& unknown) {
  for (Conditions& branch : work.branches) {
    if (unknown.family) branch.keep_family(*unknown.family);
    if (unknown.protocol) branch.keep_protocols(std::bitset<256>().set(*unknown.protocol));
  }
  ask_text(work, unknown.text, unknown.where, unknown.fixed, unknown.negated);
}

void Effects::ask_text(Work& work, const std::string& text, Extent where, bool fixed, bool negated) {
  const std::string condition = fixed ? text : text + " (line " + std::to_string(source_.line(where.begin)) + ")";
  for (Conditions& branch : work.branches) writer_.keep_opaque(branch, condition, negated);
  remarks_.not_understood(where, text);
}

Conditions Effects::narrowed(Conditions conditions, const Lookup& lookup, const Group& group) {
  for (std::size_t i = 0; i < lookup.keys.size(); ++i)
    writer_.keep(conditions, lookup.keys[i], group.fields[i], false, {true});
  return conditions;
}

std::vector<Conditions> Effects::with_groups(const std::vector<Conditions>& before, const Lookup& lookup,
                                             const std::vector<Group>& groups) {
  std::vector<Conditions> after;
  for (const Conditions& conditions : before)
    for (const Group& group : groups)
      if (Conditions with = narrowed(conditions, lookup, group); !with.never()) after.push_back(std::move(with));
  return after;
}

std::optional<filter::Action> Effects::action(const Work& work, const Action& action) {
  switch (action.kind) {
    case K::accept:
      return work.place.accept ? filter::Action(filter::Goto{*work.place.accept}) : filter::Action(Verdict::allow);
    case K::drop:
      return Verdict::deny;
    case K::reject:
      return Verdict::reject;
    case K::jump:
      return filter::Jump{find_chain_(work.place, action)};
    case K::go_to:
      return filter::Goto{find_chain_(work.place, action)};
    case K::go_back:
      return filter::Return{};
    case K::none:
    case K::go_on:
    case K::queue:
      return std::nullopt;
  }
  std::unreachable();
}

/// One for each limit that rules share, and one for each that stands in a rule.
filter::LimitId Effects::limit(const Work& work, const LimitUse& use, std::size_t place) {
  std::string name = std::string(use.shared);
  if (name.empty()) name = work.name + (place > 0 ? "." + std::to_string(place + 1) : "");
  const std::string key = use.shared.empty()
                              ? "rule " + std::to_string(work.rule.where.begin) + "." + std::to_string(place)
                              : name_of_shared(use);
  const auto [known, fresh] = limits_.try_emplace({&work.place.table, key});
  if (fresh) known->second = writer_.limit(std::move(name), use.limit);
  return known->second;
}

std::string Effects::name_of_shared(const LimitUse& use) {
  return (use.is_meter ? "meter " : "limit ") + std::string(use.shared);
}

void Effects::distrust_limits(const Table& table, std::string_view chain, const Rule& rule) {
  for (const LimitUse& use : rule.limits) {
    const auto known = limits_.find({&table, name_of_shared(use)});
    if (use.shared.empty() || known == limits_.end()) continue;
    writer_.add_opaque(known->second,
                       "what the chain `" + std::string(chain) + "` leaves of the " + known->first.second);
  }
}

void Effects::add_to(filter::ChainId chain, const Work& work, const Conditions& conditions,
                     const filter::Action& action, std::optional<filter::LimitId> limit) {
  std::optional<filter::Log> log;
  if (work.rule.log) log = filter::Log{*work.rule.log};
  writer_.add(chain, conditions, {action, limit, std::move(log), work.origin}, work.name);
}

void Effects::decide(Work& work) {
  const Rule& rule = work.rule;
  if (!rule.unknown_map.empty() && (!rule.limits.empty() || !work.none.empty()))
    return decide_anything(work, std::string(source_.text(rule.where)), rule.where);
  for (const auto& [condition, action_of] : rule.unknown_map) {
    Work part = work;
    ask_unknown(part, condition);
    const bool goes_on = action_of.kind == K::go_on || action_of.kind == K::none;
    if (const auto to = action(part, goes_on ? rule.action : action_of))
      for (const Conditions& branch : part.branches) add_to(work.place.into, part, branch, *to, std::nullopt);
  }
  if (!rule.unknown_map.empty()) return;
  const bool over = std::ranges::any_of(rule.limits, &LimitUse::over);
  const Elements* map = rule.map ? elements_of(*rule.map, rule) : nullptr;
  if (rule.map && map == nullptr) return;
  const bool others = map != nullptr && map->has_others && rule.map->keys.size() > 1;
  if (work.none.empty() && !over && rule.limits.size() < 2 && !others)
    return decide_plainly(work, rule.limits.empty() ? std::nullopt : std::optional(limit(work, rule.limits[0], 0)));
  if (decide_in_helper(work)) return;
  for (std::size_t i = 0; i < rule.limits.size(); ++i)
    if (!is_asked_first(rule, rule.limits[i], true)) ask_limit(work, i);
  decide_anything(work, std::string(source_.text(rule.where)), rule.where);
}

/// Nobody knows which verdict it is, if it is one.
void Effects::decide_anything(Work& work, const std::string& text, Extent where) {
  const auto part = [&](std::string_view what, const Action& action_of) {
    Work some = work;
    const std::string line = std::to_string(source_.line(where.begin));
    for (Conditions& branch : some.branches)
      writer_.keep_opaque(branch, text + " " + std::string(what) + " (line " + line + ")");
    for (const Conditions& branch : some.branches)
      add_to(work.place.into, some, branch, *action(work, action_of), std::nullopt);
  };
  remarks_.not_understood(where, text);
  part("drops", {K::drop, {}, {}});
  part("rejects", {K::reject, {}, {}});
  part("accepts", {K::accept, {}, {}});
}

void Effects::decide_plainly(Work& work, std::optional<filter::LimitId> limit) {
  const Rule& rule = work.rule;
  const auto decide_as = [&](const Conditions& conditions, const Action& action_of) {
    const bool goes_on = action_of.kind == K::go_on || action_of.kind == K::none;
    if (const auto to = action(work, goes_on ? rule.action : action_of))
      add_to(work.place.into, work, conditions, *to, limit);
  };
  if (!rule.map) {
    for (const Conditions& branch : work.branches) decide_as(branch, rule.action);
    return;
  }
  const Lookup& map = *rule.map;
  const Elements* elements = elements_of(map, rule);
  const std::vector<Group>* all = elements->known && fit(map.keys, *elements) ? groups(*elements, true) : nullptr;
  for (Conditions& branch : work.branches)
    for (const Key& key : map.keys) writer_.keep_bearers(branch, key);
  if (all == nullptr) return decide_anything(work, map.text, map.where);
  std::vector<Range> known;
  for (const Group& group : *all) {
    for (const Conditions& branch : work.branches)
      if (const Conditions with = narrowed(branch, map, group); !with.never()) decide_as(with, group.action);
    if (elements->has_others) known.insert(known.end(), group.fields[0].begin(), group.fields[0].end());
  }
  if (!elements->has_others) return;
  known = IntervalSet<Uint128>::of(std::move(known)).intervals();
  for (Conditions branch : work.branches) {
    writer_.keep(branch, map.keys[0], known, true);
    decide_as(branch, elements->distinct[elements->others]);
  }
}

/// In a chain of its own, which packets leave that do not meet the rule after all. False, and nothing done, where a chain
/// cannot do that.
bool Effects::decide_in_helper(Work& work) {
  const Rule& rule = work.rule;
  // Each final action, with what it asks.
  std::vector<std::pair<Conditions, Action>> last;
  if (rule.map) {
    const Elements* elements = elements_of(*rule.map, rule);
    const std::vector<Group>* all =
        elements->known && fit(rule.map->keys, *elements) ? groups(*elements, true) : nullptr;
    if (all == nullptr) return false;
    for (const Group& group : *all) last.emplace_back(narrowed(any(work), *rule.map, group), group.action);
    if (elements->has_others) last.emplace_back(any(work), elements->distinct[elements->others]);
    for (Conditions& branch : work.branches)
      for (const Key& key : rule.map->keys) writer_.keep_bearers(branch, key);
  } else {
    last.emplace_back(any(work), rule.action);
  }
  std::vector<std::optional<filter::Action>> actions;
  for (const auto& [conditions, action_of] : last) {
    const bool goes_on = action_of.kind == K::go_on || action_of.kind == K::none;
    const std::optional<filter::Action> to = action(work, goes_on ? rule.action : action_of);
    // Behind an element that goes on, `*` must not be tried.
    actions.push_back(to ? inside_helper(*to) : filter::Action(filter::Return{}));
    if (!actions.back()) return false;
  }
  const filter::ChainId helper = writer_.chain(work.name);
  const bool limited = last.size() == 1 && !rule.limits.empty() && !rule.limits.back().over;
  const std::size_t passed = rule.limits.size() - (limited ? 1 : 0);
  const filter::ChainId end = pass_limits(work, helper, passed);
  std::optional<filter::LimitId> with;
  if (limited) with = limit(work, rule.limits.back(), passed);
  for (std::size_t i = 0; i < last.size(); ++i) add_to(end, work, last[i].first, *actions[i], with);
  for (const Conditions& branch : work.branches)
    add_to(work.place.into, work, branch, filter::Jump{helper}, std::nullopt);
  return true;
}

}  // namespace portpolicy::nft::text
