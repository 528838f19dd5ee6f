#include "backends/nftables/read_translate.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "backends/nftables/read_effects.h"
#include "backends/nftables/read_match.h"
#include "compiler/filter/calls.h"

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

/// A chain that packets of a hook come to by themselves.
struct Base {
  const Table* table;
  const Chain* chain;
};

class Translation {
 public:
  Translation(const Source& source, const Definitions& definitions, const Script& script)
      : source_(source),
        definitions_(definitions),
        script_(script),
        sets_(source, definitions, interfaces_),
        writer_(interfaces_),
        remarks_(source),
        changed_(changed_in(source.text())),
        effects_(source, sets_, interfaces_, writer_, remarks_,
                 [this](const Place& place, const Action& action) { return find(place, action); }) {}

  Reading all();

 private:
  std::vector<Base> bases(std::string_view hook) const;
  bool may_drop(const Base& base);
  std::set<const Chain*> follow(const Base& base, bool& drops, bool to_the_end = false);
  void look_through(const Table& table, Extent text, bool& drops, std::vector<std::string_view>& calls);
  void direction(Direction direction);
  std::vector<Base> before(Direction direction);
  bool sees_other_packets(const Base& base, Direction direction);
  filter::ChainId enter(const Base& base, std::optional<filter::ChainId> next, Direction direction);
  filter::ChainId find(const Place& place, const Action& action);
  filter::ChainId chain(const Table& table, const Chain& chain, std::optional<filter::ChainId> accept);
  void write_chains();
  void read_rest();
  void list_opaques();
  std::string name_of(const Table& table, std::string_view chain) const;
  Place place(const Table& table, std::string_view name, filter::ChainId into) const {
    return {table, name, into, std::nullopt};
  }
  RuleContext context(const Table& table) { return {source_, definitions_, table, sets_, interfaces_, changed_}; }

  struct Pending {
    const Table* table;
    const Chain* chain;
    filter::ChainId into;
    std::optional<filter::ChainId> accept;
  };

  const Source& source_;
  const Definitions& definitions_;
  const Script& script_;
  Interfaces interfaces_;
  Sets sets_;
  Writer writer_;
  Remarks remarks_;
  std::set<std::string_view> changed_;
  Effects effects_;
  std::map<std::pair<const Chain*, std::optional<filter::ChainId>>, filter::ChainId> chains_;
  std::set<const Chain*> read_;
  std::vector<Pending> pending_;
  std::vector<filter::Remark> unused_chains_;
};

bool is_ours(std::string_view family) {
  return family == "inet" || family == "ip" || family == "ip6";
}

std::string_view hook_of(Direction direction) {
  switch (direction) {
    case Direction::inbound:
      return "input";
    case Direction::outbound:
      return "output";
    case Direction::forward:
      return "forward";
  }
  std::unreachable();
}

std::string Translation::name_of(const Table& table, std::string_view chain) const {
  std::string name(chain);
  const auto ours = std::ranges::count_if(script_.tables, [](const Table& each) { return is_ours(each.family); });
  return ours > 1 ? std::string(table.family) + " " + std::string(table.name) + " " + name : name;
}

/// In the order in which packets come to them. Of one priority, the kernel puts the one that was added last first.
std::vector<Base> Translation::bases(std::string_view hook) const {
  std::vector<Base> result;
  for (const Table& table : script_.tables)
    for (const Chain& chain : table.chains.all())
      if (chain.hook && chain.hook->name == hook && !table.dormant) result.push_back({&table, &chain});
  std::ranges::sort(result, [](const Base& a, const Base& b) {
    return std::tuple(a.chain->hook->priority, b.chain->registered) <
           std::tuple(b.chain->hook->priority, a.chain->registered);
  });
  return result;
}

/// The words of a rule or of a map's elements that decide, and the chains that they lead to.
void Translation::look_through(const Table& table, Extent text, bool& drops, std::vector<std::string_view>& calls) {
  constexpr std::array<std::string_view, 8> deciding{"drop",   "reject", "queue", "synproxy",
                                                     "tproxy", "xt",     "fwd",   "dup"};
  Lexer lexer(source_, definitions_, text, Lexer::Newlines::are_spaces);
  while (!lexer.at_end()) {
    const Token token = lexer.next();
    if (token.is("comment") || token.is("prefix")) lexer.next();
    if (token.kind == Kind::word && std::ranges::find(deciding, token.text) != deciding.end()) drops = true;
    if (token.is("jump") || token.is("goto")) calls.push_back(lexer.peek().text);
    if (!token.is("vmap") || !lexer.take("@")) continue;
    const Set* map = table.sets.find(lexer.peek().text);
    if (map == nullptr || map->dynamic || map->timeout) drops = true;
    if (map != nullptr)
      for (const Set::Elements& elements : map->elements) look_through(table, elements.inside, drops, calls);
  }
}

/// Whether a packet may end here, as far as the words tell: perhaps where none does.
bool Translation::may_drop(const Base& base) {
  bool drops = base.chain->hook->drops;
  if (!drops) follow(base, drops);
  return drops;
}

/// The chain and all that its packets may come to, until one of them drops.
std::set<const Chain*> Translation::follow(const Base& base, bool& drops, bool to_the_end) {
  std::set<const Chain*> seen{base.chain};
  std::vector<const Chain*> open{base.chain};
  while (!open.empty() && (to_the_end || !drops)) {
    const Chain* chain = open.back();
    open.pop_back();
    std::vector<std::string_view> calls;
    for (const Extent& rule : chain->rules) look_through(*base.table, rule, drops, calls);
    for (const std::string_view name : calls)
      if (const Chain* called = base.table->chains.find(name); called != nullptr && seen.insert(called).second)
        open.push_back(called);
  }
  return seen;
}

/// Chains that packets of this direction go through at other hooks, and that may drop them.
std::vector<Base> Translation::before(Direction direction) {
  std::vector<Base> result;
  for (const std::string_view hook : {"ingress", "prerouting", "input", "output", "postrouting", "egress"}) {
    const bool inwards = hook == "ingress" || hook == "prerouting" || hook == "input";
    if (direction == (inwards ? Direction::outbound : Direction::inbound)) continue;
    for (const Base& base : bases(hook)) {
      const std::string_view family = base.table->family;
      // A bridge takes its own part in what comes to the host and leaves it; what it forwards, the host does not see.
      const bool only_bridge = hook == "input" || hook == "output";
      const bool packets = family == "bridge" || (!only_bridge && (is_ours(family) || family == "netdev"));
      if (packets && base.chain->hook->type != "nat" && may_drop(base)) result.push_back(base);
    }
  }
  return result;
}

/// Where connection tracking or address translation of this hook comes only later, or came already the other way.
bool Translation::sees_other_packets(const Base& base, Direction direction) {
  const int priority = base.chain->hook->priority;
  if (direction == Direction::forward || !may_drop(base)) return false;
  const std::vector<Base> all = bases(hook_of(direction));
  const bool translates = std::ranges::any_of(all, [](const Base& each) { return each.chain->hook->type == "nat"; });
  if (direction == Direction::inbound) return translates && priority >= 100;
  constexpr int tracking = -200, destinations = -100;
  return priority <= tracking || (translates && priority <= destinations);
}

filter::ChainId Translation::chain(const Table& table, const Chain& chain, std::optional<filter::ChainId> accept) {
  const auto [known, fresh] = chains_.try_emplace({&chain, accept});
  if (fresh) {
    known->second = writer_.chain(name_of(table, chain.name));
    pending_.push_back({&table, &chain, known->second, accept});
  }
  return known->second;
}

filter::ChainId Translation::find(const Place& place, const Action& action) {
  const Chain* called = place.table.chains.find(action.chain);
  if (called != nullptr && !called->hook) return chain(place.table, *called, place.accept);
  const std::string name = "`" + std::string(action.chain) + "`";
  source_.refuse(action.where, called == nullptr ? "there is no chain " + name + " in this table"
                                                 : "nothing can lead to " + name + ", because it has a hook");
  return writer_.chain({});
}

/// A chain that ends with a verdict for each packet: what the base chain says, and of what it accepts, the next ones.
filter::ChainId Translation::enter(const Base& base, std::optional<filter::ChainId> next, Direction direction) {
  const std::string name = name_of(*base.table, base.chain->name);
  const Hook& hook = *base.chain->hook;
  const filter::ChainId entry = writer_.chain(name + " entry");
  Writer& writer = writer_;
  const std::uint32_t origin = writer.origin(name + " policy", source_.span(hook.where));
  const filter::Action passes = next ? filter::Action(filter::Goto{*next}) : filter::Action(Verdict::allow);
  Conditions start;
  start.v4 = base.table->family != "ip6";
  start.v6 = base.table->family != "ip";
  if (sees_other_packets(base, direction)) {
    effects_.add_uncertain_drop(
        place(*base.table, base.chain->name, entry), base.chain->where,
        "what the chain `" + name + "` drops, before or after addresses or states are as in the model");
  } else {
    writer.add(entry, start, {filter::Jump{chain(*base.table, *base.chain, next)}, std::nullopt, std::nullopt, origin},
               name);
    const filter::Action otherwise = hook.drops ? filter::Action(Verdict::deny) : passes;
    writer.add(entry, start, {otherwise, std::nullopt, std::nullopt, origin}, name);
  }
  writer.add(entry, Conditions(), {passes, std::nullopt, std::nullopt, origin}, name);
  return entry;
}

/// Managed too is a direction without a chain of its own whose packets another hook may drop.
void Translation::direction(Direction direction) {
  std::vector<Base> stages;
  for (const Base& base : bases(hook_of(direction))) {
    if (!is_ours(base.table->family)) continue;
    if (base.chain->hook->type != "nat") stages.push_back(base);
  }
  const std::vector<Base> others = before(direction);
  if (stages.empty() && others.empty()) return;
  if (stages.size() > 1) {
    const Base last = stages.back();
    std::erase_if(stages, [&](const Base& base) { return !may_drop(base); });
    if (stages.empty()) stages.push_back(last);
  }
  auto& hook = writer_.filter.hooks[static_cast<std::size_t>(direction)];
  const auto is_plain = [&](const Base& base) {
    return base.table->family == "inet" && !sees_other_packets(base, direction);
  };
  if (others.empty() && stages.size() == 1 && is_plain(stages.front())) {
    const Base& first = stages.front();
    hook = filter::Hook{chain(*first.table, *first.chain, std::nullopt),
                        first.chain->hook->drops ? Verdict::deny : Verdict::allow};
    return;
  }
  std::optional<filter::ChainId> next;
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) next = enter(*stage, next, direction);
  if (!others.empty()) {
    const filter::ChainId start = writer_.chain(std::string(hook_of(direction)) + " hook");
    for (const Base& base : others)
      effects_.add_uncertain_drop(place(*base.table, base.chain->name, start), base.chain->where,
                                  "what the chain `" + std::string(base.chain->name) + "` drops at the hook " +
                                      std::string(base.chain->hook->name));
    if (next)
      writer_.add(start, Conditions(),
                  {filter::Goto{*next}, std::nullopt, std::nullopt,
                   writer_.origin(std::string(hook_of(direction)), source_.span(stages.front().chain->where))},
                  "");
    next = start;
  }
  hook = filter::Hook{*next, Verdict::allow};
}

/// Chains lead to chains, so this goes on until none is new.
void Translation::write_chains() {
  while (!pending_.empty()) {
    const Pending work = pending_.back();
    pending_.pop_back();
    read_.insert(work.chain);
    const RuleContext context = this->context(*work.table);
    const Place place{*work.table, work.chain->name, work.into, work.accept};
    writer_.filter.chains[work.into.index].rules.reserve(work.chain->rules.size());
    for (const Extent& where : work.chain->rules)
      if (const std::optional<Rule> rule = read_rule(context, where)) effects_.add(place, *rule);
  }
}

/// Rules that are not in the filter, for their mistakes and for what they take from limits.
void Translation::read_rest() {
  for (const Table& table : script_.tables) {
    if (!is_ours(table.family)) {
      remarks_.passed_over(source_.extent(table.name), "a table of other packets");
      continue;
    }
    if (table.dormant) remarks_.passed_over(source_.extent(table.name), "a table that is dormant");
    const RuleContext context = this->context(table);
    for (const Chain& chain : table.chains.all())
      if (chain.hook && chain.hook->type == "nat")
        remarks_.passed_over(chain.where, "address translation; of it, rules see the result");
    for (const Object& limit : table.limits.all()) check_limit(context, limit.inside);
    for (const Set& set : table.sets.all()) sets_.of(set);
    std::set<const Chain*> elsewhere;
    for (const Chain& chain : table.chains.all())
      if (bool drops = false; chain.hook && !read_.contains(&chain) && !table.dormant)
        elsewhere.merge(follow({&table, &chain}, drops, true));
    for (const Chain& chain : table.chains.all()) {
      const bool asks = elsewhere.contains(&chain);
      if (read_.contains(&chain) && !asks) continue;
      if (!chain.hook && !asks && !chain.rules.empty())
        unused_chains_.push_back({source_.span(chain.where), name_of(table, chain.name)});
      for (const Extent& where : chain.rules)
        if (const std::optional<Rule> rule = read_rule(context, where); rule && asks)
          effects_.distrust_limits(table, chain.name, *rule);
    }
  }
}

/// Conditions that nft has and the model of packets has not were found only when rules were written.
void Translation::list_opaques() {
  const filter::Filter& filter = writer_.filter;
  for (const filter::Chain& chain : filter.chains)
    for (const filter::Rule& rule : chain.rules)
      for (const filter::Match& match : rule.all_of)
        if (const auto* opaque = std::get_if<filter::Opaque>(&match)) {
          const Span where = filter.origins[rule.origin].where;
          const std::string& text = filter.opaques[opaque->condition.index];
          if (!remarks_.has_part_of(text, {where.begin, where.end}))
            remarks_.not_understood({where.begin, where.end}, text);
        }
}

Reading Translation::all() {
  for (const Direction each : directions) direction(each);
  write_chains();
  read_rest();
  for (const auto& hook : writer_.filter.hooks) {
    if (!hook) continue;
    if (const auto order = filter::called_first(writer_.filter, hook->chain); !order) {
      const Chain* chain = nullptr;
      for (const auto& [known, id] : chains_)
        if (std::ranges::find(order.error().circle, id) != order.error().circle.end()) chain = known.first;
      source_.refuse(chain != nullptr ? chain->where : Extent{}, "this chain leads back to itself");
      break;
    }
  }
  list_opaques();
  Reading reading;
  reading.filter = std::move(writer_.filter);
  reading.not_understood = remarks_.not_understood();
  reading.passed_over = remarks_.passed_over();
  reading.passed_over.insert(reading.passed_over.end(), script_.passed_over.begin(), script_.passed_over.end());
  reading.unused_chains = std::move(unused_chains_);
  reading.removed = script_.removed;
  for (const std::string_view family : script_.all_removed) reading.flushed.emplace_back(family);
  for (const Table& table : script_.tables)
    reading.defined.push_back({std::string(table.family), std::string(table.name)});
  return reading;
}

}  // namespace

std::optional<Reading> translate(const Source& source, const Definitions& definitions, const Script& script) {
  return Translation(source, definitions, script).all();
}

}  // namespace portpolicy::nft::text
