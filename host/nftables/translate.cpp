#include "host/nftables/translate.h"

#include <linux/netfilter.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "host/nftables/call_order.h"
#include "host/nftables/hooks.h"
#include "host/nftables/read_rule.h"
#include "host/nftables/registers.h"
#include "host/nftables/write_rule.h"

namespace portpolicy::host {
namespace {

std::optional<Limit> limit_of(const HeldLimit& held) {
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  for (const Limit::Unit unit : {Limit::Unit::second, Limit::Unit::minute, Limit::Unit::hour, Limit::Unit::day})
    if (held.seconds == seconds_in(unit) && !held.bytes && held.rate > 0 && held.rate <= most)
      return Limit{static_cast<std::uint32_t>(held.rate), unit, held.burst, false};
  return std::nullopt;
}

/// The family that all packets of a table are of.
std::optional<Family> family_of(const HeldTable& table) {
  if (table.family == TableFamily::ip) return Family::ipv4;
  if (table.family == TableFamily::ip6) return Family::ipv6;
  return std::nullopt;
}

/// Whether the table sees IPv4 and IPv6 packets at hooks for these.
bool sees_packets(const HeldTable& table) {
  return table.family == TableFamily::inet || table.family == TableFamily::ip || table.family == TableFamily::ip6;
}

Box packets_of(std::optional<Family> family) {
  Box box;
  if (family == Family::ipv4) box.source.v6 = {};
  if (family == Family::ipv6) box.source.v4 = {};
  return box;
}

class Translation {
 public:
  using SetName = std::pair<const HeldTable*, std::string>;

  /// `shared` are sets whose limits are not those of one kind of rule alone.
  Translation(const Held& held, std::set<SetName> shared) : held_(held), shared_(std::move(shared)), sets_(filter_) {}
  filter::Filter run();
  /// Of the sets that limits were read from, those that have another use. To be called after `run`.
  std::set<SetName> found_shared() const;

 private:
  class Context;
  struct Hooked {
    BaseChain base;
    std::int32_t priority = 0;
  };

  /// What all packets have in common that come to a chain.
  struct Known {
    std::set<Family> families;
    ProtocolSet protocols;
  };

  void note_calls(const ReadRule& rule);
  Box known_in(const HeldTable& table, const HeldChain& chain);
  void write_chains(const HeldTable& table);
  void write_chain(const HeldTable& table, const HeldChain& chain);
  void hook_chains(const HeldTable& table);
  bool is_understood(const HeldTable& table, const HeldHook& hook, Direction direction) const;
  bool may_stop(const HeldTable& table, const HeldChain& chain) const;
  std::string name_of(const HeldTable& table, const HeldChain& chain) const {
    return to_string(table) + " " + chain.name;
  }

  const Held& held_;
  std::set<SetName> shared_, otherwise_used_;
  filter::Filter filter_;
  AddressSets sets_;
  std::map<std::pair<const HeldTable*, std::string>, filter::ChainId> chains_;
  std::map<std::pair<const HeldTable*, std::string>, std::optional<filter::LimitId>> limits_;
  std::map<SetName, std::pair<HeldLimit, filter::LimitId>> source_limits_;
  std::map<filter::ChainId, Known> known_;
  std::array<std::vector<Hooked>, 3> hooked_;
};

class Translation::Context : public RuleContext {
 public:
  Context(Translation& translation, const HeldTable& table, const HeldChain& chain, const HeldRule& rule)
      : in_(translation),
        table_(table),
        place_(translation.name_of(table, chain) + ", rule with handle " + std::to_string(rule.handle)),
        name_(rule.comment.empty() ? place_ : rule.comment) {}

  filter::OpaqueId opaque(const std::string& condition) override {
    const auto [place, is_new] = opaques_.try_emplace(condition, filter::OpaqueId(in_.filter_.opaques.size()));
    if (is_new) in_.filter_.opaques.push_back(place_ + ": " + condition);
    return place->second;
  }
  std::optional<filter::LimitId> limit(const HeldLimit& held) override { return add(name_, limit_of(held)); }
  std::optional<filter::LimitId> named_limit(const std::string& name) override {
    const auto [place, is_new] = in_.limits_.try_emplace({&table_, name});
    if (is_new) place->second = add(name, limit_of(table_.limits.at(name)));
    return place->second;
  }
  std::optional<filter::LimitId> source_limit(const std::string& set, const HeldLimit& held) override;
  void other_use(const std::string& set) override { in_.otherwise_used_.insert({&table_, set}); }
  const HeldLimit* limit_named(const std::string& name) override {
    const auto found = table_.limits.find(name);
    return found == table_.limits.end() ? nullptr : &found->second;
  }
  const HeldSet* set(const std::string& name) override {
    const auto found = table_.sets.find(name);
    return found == table_.sets.end() ? nullptr : &found->second;
  }
  std::optional<filter::ChainId> chain(const std::string& name) override {
    const auto found = in_.chains_.find({&table_, name});
    return found == in_.chains_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::optional<filter::LimitId> add(const std::string& name, const std::optional<Limit>& limit) {
    if (!limit) return std::nullopt;
    in_.filter_.limits.push_back({name, *limit});
    return filter::LimitId(in_.filter_.limits.size() - 1);
  }

  Translation& in_;
  const HeldTable& table_;
  std::string place_, name_;
  std::map<std::string, filter::OpaqueId> opaques_;
};

/// The limit that came first stays with an element, so two rules with different ones have none that can be told.
std::optional<filter::LimitId> Translation::Context::source_limit(const std::string& set, const HeldLimit& held) {
  if (in_.shared_.contains({&table_, set})) return std::nullopt;
  const auto found = in_.source_limits_.find({&table_, set});
  if (found != in_.source_limits_.end()) {
    if (found->second.first == held) return found->second.second;
    other_use(set);
    return std::nullopt;
  }
  std::optional<Limit> limit = limit_of(held);
  if (limit) limit->per_source = true;
  const std::optional<filter::LimitId> id = add(set, limit);
  if (id) in_.source_limits_.emplace(std::pair{&table_, set}, std::pair{held, *id});
  return id;
}

/// A rule sees packets of those families and protocols that some rule which calls its chain lets through.
void Translation::note_calls(const ReadRule& rule) {
  for (const Ending& ending : rule.endings) {
    const auto* jump = std::get_if<filter::Jump>(&ending.action);
    const auto* go = std::get_if<filter::Goto>(&ending.action);
    const Box box = intersect(rule.base.box, ending.when.box);
    if ((jump == nullptr && go == nullptr) || empty(box)) continue;
    Known& known = known_[jump != nullptr ? jump->chain : go->chain];
    known.protocols |= box.protocols;
    for (const Family family : families)
      if (!box.source.empty(family) && !box.destination.empty(family)) known.families.insert(family);
  }
}

/// Whether all packets of these protocols have the same fields behind the network header. Others need not be known.
bool tell_header(const ProtocolSet& protocols) {
  if (protocols.count() == 1) return true;
  for (unsigned number = 0; number < protocols.size(); ++number)
    if (protocols.test(number) && !has_ports({static_cast<std::uint8_t>(number)})) return false;
  return true;
}

Box Translation::known_in(const HeldTable& table, const HeldChain& chain) {
  if (chain.hook) return packets_of(family_of(table));
  const Known& known = known_[chains_.at({&table, chain.name})];
  Box box;
  if (tell_header(known.protocols)) box.protocols = known.protocols;
  if (!known.families.contains(Family::ipv4)) box.source.v4 = {};
  if (!known.families.contains(Family::ipv6)) box.source.v6 = {};
  return box;
}

void Translation::write_chain(const HeldTable& table, const HeldChain& chain) {
  const Box known = known_in(table, chain);
  if (empty(known)) return;
  ChainWriter writer(filter_, sets_, chains_.at({&table, chain.name}), only_family(known));
  for (const HeldRule& rule : chain.rules) {
    const std::string name = rule.comment.empty() ? "handle " + std::to_string(rule.handle) : rule.comment;
    filter_.origins.push_back({name, name_of(table, chain), {}});
    Context context(*this, table, chain, rule);
    const ReadRule read = read_rule(rule, known, context);
    note_calls(read);
    writer.write(read, static_cast<std::uint32_t>(filter_.origins.size() - 1));
  }
}

void Translation::write_chains(const HeldTable& table) {
  for (const HeldChain& chain : table.chains) {
    chains_[{&table, chain.name}] = filter::ChainId(filter_.chains.size());
    filter_.chains.push_back({name_of(table, chain), {}});
  }
  for (const HeldChain* chain : callers_first(table)) write_chain(table, *chain);
}

/// Chains before connection tracking see another state of the packets that this host sends.
bool Translation::is_understood(const HeldTable& table, const HeldHook& hook, Direction direction) const {
  constexpr std::int32_t tracking = -200;
  const bool too_early = direction == Direction::outbound && hook.priority <= tracking;
  return sees_packets(table) && hook.type == "filter" && !too_early;
}

/// Whether a chain that only translates addresses, or is not looked at, may keep a packet from going on.
bool Translation::may_stop(const HeldTable& table, const HeldChain& chain) const {
  if (table.family == TableFamily::arp) return false;
  if (chain.hook->type != "nat" || chain.hook->drops) return true;
  const auto harmless = [&](const Expression& expression) {
    if (const auto* decide = std::get_if<Decide>(&expression)) return decide->verdict.code == HeldVerdict::Code::accept;
    if (const auto* unknown = std::get_if<Unknown>(&expression))
      return unknown->what == "nat" || unknown->what == "masq" || unknown->what == "redir";
    if (const auto* lookup = std::get_if<Lookup>(&expression)) return !table.sets.at(lookup->set).verdicts;
    return !std::holds_alternative<Reject>(expression);
  };
  return !std::ranges::all_of(chain.rules,
                              [&](const HeldRule& rule) { return std::ranges::all_of(rule.expressions, harmless); });
}

std::optional<Direction> direction_of(std::uint32_t hook) {
  if (hook == NF_INET_LOCAL_IN) return Direction::inbound;
  if (hook == NF_INET_LOCAL_OUT) return Direction::outbound;
  if (hook == NF_INET_FORWARD) return Direction::forward;
  return std::nullopt;
}

/// Whether packets of a direction come by a hook.
bool meets(const HeldTable& table, std::uint32_t hook, Direction direction) {
  if (!sees_packets(table)) return true;
  if (hook == NF_INET_PRE_ROUTING) return direction != Direction::outbound;
  if (hook == NF_INET_POST_ROUTING) return direction != Direction::inbound;
  const std::optional<Direction> only = direction_of(hook);
  return !only || *only == direction;
}

void Translation::hook_chains(const HeldTable& table) {
  if (table.dormant) return;
  for (const HeldChain& chain : table.chains) {
    if (!chain.hook) continue;
    const std::optional<Direction> direction = direction_of(chain.hook->number);
    Hooked hooked{{chains_.at({&table, chain.name}), chain.hook->drops, family_of(table), std::nullopt},
                  chain.hook->priority};
    if (direction && sees_packets(table) && is_understood(table, *chain.hook, *direction)) {
      hooked_[static_cast<std::size_t>(*direction)].push_back(hooked);
      continue;
    }
    if (!may_stop(table, chain)) continue;
    hooked.base.doubt = static_cast<std::uint32_t>(filter_.opaques.size());
    filter_.opaques.push_back("what the base chain " + name_of(table, chain) +
                              " stops, at another hook or of another type");
    for (const Direction one : directions)
      if (meets(table, chain.hook->number, one)) hooked_[static_cast<std::size_t>(one)].push_back(hooked);
  }
}

std::set<Translation::SetName> Translation::found_shared() const {
  std::set<SetName> shared;
  for (const auto& [set, limit] : source_limits_)
    if (otherwise_used_.contains(set)) shared.insert(set);
  return shared;
}

filter::Filter Translation::run() {
  for (const HeldTable& table : held_) {
    write_chains(table);
    hook_chains(table);
  }
  for (const Direction direction : directions) {
    std::vector<Hooked>& hooked = hooked_[static_cast<std::size_t>(direction)];
    if (hooked.empty()) continue;
    // Among those of one priority, the one that was made last comes first.
    std::ranges::reverse(hooked);
    std::ranges::stable_sort(hooked, {}, &Hooked::priority);
    std::vector<BaseChain> chains;
    for (const Hooked& one : hooked) chains.push_back(one.base);
    filter_.hooks[static_cast<std::size_t>(direction)] = join(filter_, sets_, chains);
  }
  prune(filter_);
  return std::move(filter_);
}

}  // namespace

filter::Filter translate(const Held& held) {
  Translation translation(held, {});
  filter::Filter filter = translation.run();
  // A later rule may spoil the limits of an earlier one.
  std::set<Translation::SetName> shared = translation.found_shared();
  return shared.empty() ? std::move(filter) : Translation(held, std::move(shared)).run();
}

}  // namespace portpolicy::host
