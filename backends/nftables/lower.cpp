#include "backends/nftables/lower.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "backends/nftables/alternatives.h"
#include "backends/nftables/chain_depth.h"
#include "backends/nftables/conditions.h"
#include "backends/nftables/names.h"
#include "compiler/base/overloaded.h"

namespace portpolicy::nft {
namespace {

std::string_view suffix_of(Family family) {
  return family == Family::ipv4 ? "_4" : "_6";
}

std::size_t range_count(const AddressSet& set, Family family) {
  return family == Family::ipv4 ? set.v4.intervals().size() : set.v6.intervals().size();
}

Addresses addresses_of(const AddressSet& set, Family family) {
  return family == Family::ipv4 ? Addresses(set.v4) : Addresses(set.v6);
}

/// Why the kernel would not keep to this limit; empty when it does. It counts in nanoseconds, in 64 bits.
std::string defect(const Limit& limit) {
  const std::uint64_t nanoseconds = std::uint64_t{seconds_in(limit.unit)} * 1'000'000'000;
  if (limit.rate == 0 || limit.burst == 0) return "nothing would pass it";
  const std::uint64_t price = nanoseconds / limit.rate;
  if (price == 0) return "it is faster than one packet a nanosecond";
  if (limit.burst > std::numeric_limits<std::uint64_t>::max() / price) return "its burst takes longer than 500 years";
  return {};
}

/// Seconds until an empty bucket is full.
std::uint64_t refill_time(const Limit& limit) {
  const std::uint64_t needed = std::uint64_t{limit.burst} * seconds_in(limit.unit);
  return (needed + limit.rate - 1) / limit.rate;
}

/// What a rule does that only rule sets of others do, and that is not written; empty when it does nothing of the kind.
std::string not_written(const filter::Filter& filter, const filter::Rule& rule) {
  for (const filter::Match& match : rule.all_of)
    if (const auto* opaque = std::get_if<filter::Opaque>(&match))
      return "asks for `" + filter.opaques[opaque->condition.index] + "`";
  return std::visit(Overloaded{
                        [](Verdict) { return std::string(); },
                        [](const filter::Jump&) { return std::string(); },
                        [&](const filter::Goto& go) {
                          return "goes to the chain `" + filter.chains[go.chain.index].name + "` for good";
                        },
                        [](filter::Return) { return std::string("returns from its chain"); },
                        [](filter::Continue) { return std::string("has no verdict"); },
                    },
                    rule.action);
}

class Lowering {
 public:
  Lowering(const filter::Filter& filter, Diagnostics& diagnostics) : filter_(filter), diagnostics_(diagnostics) {}

  Ruleset run() {
    for (const filter::Origin& origin : filter_.origins) {
      result_.comments.push_back(comment_text(origin.place.empty() ? origin.name : origin.name + " " + origin.place));
    }
    lay_out_chains();
    for (const Direction direction : directions) {
      if (const auto& hook = filter_.hooks[static_cast<std::size_t>(direction)]) lower_hook(*hook, bases_[direction]);
    }
    for (const auto& [source, id] : called_) lower_chain(filter_.chains[source], id);
    if (const std::optional<ChainId> base = too_deep(result_)) {
      report("the chains below `" + result_.chains[base->index].name + "` call each other more than " +
             std::to_string(most_jumps) + " deep, and the kernel refuses that");
    }
    return std::move(result_);
  }

 private:
  void report(std::string message, Span where = {}) {
    diagnostics_.add(Code::not_expressible, where, std::move(message));
  }

  std::string said(const filter::Rule& rule) const {
    const filter::Origin& origin = filter_.origins[rule.origin];
    return "rule `" + origin.name + "`" + (origin.place.empty() ? "" : " (" + origin.place + ")");
  }

  // Chains.

  /// Gives every base chain and every chain that one of them leads to its place, so that rules can name it. The chain
  /// of a hook stands in the base chain itself, unless something else needs it too: nothing can jump to a base chain.
  void lay_out_chains() {
    std::map<std::uint32_t, int> uses;
    std::vector<std::uint32_t> waiting;
    const auto use = [&](filter::ChainId chain) {
      if (uses[chain.index]++ == 0) waiting.push_back(chain.index);
    };
    for (const Direction direction : directions) {
      const auto& hook = filter_.hooks[static_cast<std::size_t>(direction)];
      if (!hook) continue;
      bases_[direction] = ChainId(result_.chains.size());
      const Answer policy = hook->otherwise == Verdict::allow ? Answer::accept : Answer::drop;
      result_.chains.push_back({std::string(to_string(direction)), Hook{direction, policy}, {}, {}});
      use(hook->chain);
    }
    while (!waiting.empty()) {
      const filter::Chain& chain = filter_.chains[waiting.back()];
      waiting.pop_back();
      for (const filter::Rule& rule : chain.rules) {
        if (const auto* jump = std::get_if<filter::Jump>(&rule.action)) {
          use(jump->chain);
          ++uses[jump->chain.index];
        }
      }
    }
    for (const auto& [chain, count] : uses) {
      if (count == 1) continue;
      called_[chain] = ChainId(result_.chains.size());
      result_.chains.push_back({identifiers_.make("chain_", filter_.chains[chain].name), std::nullopt, {}, {}});
    }
  }

  void lower_hook(const filter::Hook& hook, ChainId base) {
    const auto called = called_.find(hook.chain.index);
    if (called == called_.end()) {
      lower_chain(filter_.chains[hook.chain.index], base);
    } else {
      add(base, {{}, {}, Jump{called->second}, new_comment(filter_.chains[hook.chain.index].name)});
    }
    if (hook.otherwise == Verdict::reject) {
      const std::uint32_t comment = new_comment("default");
      add(base, {{ProtocolIn{{protocols::tcp}}}, {}, Answer::reset, comment});
      add(base, {{}, {}, Answer::admin_prohibited, comment});
    }
  }

  void lower_chain(const filter::Chain& chain, ChainId to) {
    for (const filter::Rule& rule : chain.rules) lower_rule(rule, to);
  }

  void add(ChainId chain, Rule rule) { result_.chains[chain.index].rules.push_back(std::move(rule)); }

  std::uint32_t new_comment(std::string_view text) {
    result_.comments.push_back(comment_text(text));
    return static_cast<std::uint32_t>(result_.comments.size() - 1);
  }

  // Rules.

  void lower_rule(const filter::Rule& rule, ChainId to) {
    if (const std::string why = not_written(filter_, rule); !why.empty()) {
      report(said(rule) + " " + why + ", and portpolicy does not write that for nftables",
             filter_.origins[rule.origin].where);
      return;
    }
    const Conditions conditions = conditions_of(filter_, rule);
    if (families_of(filter_, conditions).empty()) {
      result_.chains[to.index].left_out.push_back(rule.origin);
      return;
    }
    if (rule.limit && !expressible(rule)) return;
    const TcpShare tcp = tcp_share(conditions);
    const bool rejects_both = is_reject(rule) && tcp == TcpShare::some;
    if (rule.log || (rejects_both && rule.limit)) {
      const ChainId ending = ending_of(rule, tcp);
      // What comes back from a jump must come back to this chain, so the ending is called as the jump would be.
      const bool returns = std::holds_alternative<filter::Jump>(rule.action);
      lower_lines(rule, conditions, returns ? Action(Jump{ending}) : Action(Goto{ending}), to);
    } else if (rejects_both) {
      Conditions part = conditions;
      part.protocols = {protocols::tcp};
      lower_lines(rule, part, Answer::reset, to);
      part.protocols = conditions.protocols;
      if (part.protocols) std::erase(*part.protocols, protocols::tcp);
      lower_lines(rule, part, Answer::admin_prohibited, to);
    } else {
      lower_lines(rule, conditions, plain_action(rule, tcp), to);
    }
  }

  static bool is_reject(const filter::Rule& rule) {
    const auto* verdict = std::get_if<Verdict>(&rule.action);
    return verdict != nullptr && *verdict == Verdict::reject;
  }

  /// For all but a reject of TCP and others, which needs two rules.
  Action plain_action(const filter::Rule& rule, TcpShare tcp) const {
    return std::visit(Overloaded{
                          [&](Verdict verdict) -> Action {
                            switch (verdict) {
                              case Verdict::allow:
                                return Answer::accept;
                              case Verdict::deny:
                                return Answer::drop;
                              case Verdict::reject:
                                return tcp == TcpShare::all ? Answer::reset : Answer::admin_prohibited;
                            }
                            std::unreachable();
                          },
                          [&](const filter::Jump& jump) -> Action { return Jump{called_.at(jump.chain.index)}; },
                          // Refused before they get here.
                          [](const filter::Goto&) -> Action { std::unreachable(); },
                          [](filter::Return) -> Action { std::unreachable(); },
                          [](filter::Continue) -> Action { std::unreachable(); },
                      },
                      rule.action);
  }

  /// The chain that logs, where the rule asks for it, and then does what the rule does. All rules of one origin with
  /// the same ending share it, and with it the limit of log lines.
  ChainId ending_of(const filter::Rule& rule, TcpShare tcp) {
    const std::string prefix = rule.log ? log_prefix(rule) : std::string();
    const auto* jump = std::get_if<filter::Jump>(&rule.action);
    const std::uint32_t what = jump != nullptr ? jump->chain.index : std::to_underlying(std::get<Verdict>(rule.action));
    const auto key = std::tuple(rule.origin, prefix, rule.log.has_value(), jump != nullptr, what, tcp);
    const auto [found, fresh] = endings_.try_emplace(key, ChainId(result_.chains.size()));
    if (!fresh) return found->second;
    const std::string_view kind = rule.log ? "log_" : "reject_";
    Chain chain{identifiers_.make(kind, filter_.origins[rule.origin].name), std::nullopt, {}, {}};
    if (rule.log) chain.rules.push_back({{}, {}, LogLine{prefix}, rule.origin});
    if (is_reject(rule) && tcp == TcpShare::some) {
      chain.rules.push_back({{ProtocolIn{{protocols::tcp}}}, {}, Answer::reset, rule.origin});
      chain.rules.push_back({{}, {}, Answer::admin_prohibited, rule.origin});
    } else {
      Action action = plain_action(rule, tcp);
      if (jump != nullptr) action = Goto{called_.at(jump->chain.index)};
      chain.rules.push_back({{}, {}, action, rule.origin});
    }
    result_.chains.push_back(std::move(chain));
    return found->second;
  }

  std::string log_prefix(const filter::Rule& rule) const {
    if (!rule.log->prefix.empty()) return log_prefix_text(rule.log->prefix);
    const auto* verdict = std::get_if<Verdict>(&rule.action);
    const std::string end = verdict != nullptr ? " " + std::string(to_string(*verdict)) + ": " : ": ";
    const std::string start = "portpolicy " + filter_.origins[rule.origin].name;
    return log_prefix_text(start.substr(0, most_log_prefix_bytes - end.size()) + end);
  }

  // Lines: what one rule needs for its interfaces, families and ICMP types. No two match the same packet, so that a
  // packet over the limit meets it once.

  void lower_lines(const filter::Rule& rule, const Conditions& conditions, const Action& action, ChainId to) {
    const auto in = interface_alternatives(Side::source, conditions.interfaces[0]);
    const auto out = interface_alternatives(Side::destination, conditions.interfaces[1]);
    for (const auto& alternatives : {in, out}) {
      if (const std::optional<InterfacePattern> pattern = unwritable(alternatives)) {
        report(said(rule) + " names the interface `" + to_string(*pattern) +
                   "`, which nft cannot read: it has no way to write the characters `\"` and `\\`",
               filter_.origins[rule.origin].where);
        return;
      }
    }
    for (auto& [family, packets] : packet_alternatives(rule, conditions)) {
      for (const Matches& came_in : in) {
        for (const Matches& goes_out : out) {
          Rule line{came_in, limit_test(rule, family), action, rule.origin};
          line.all_of.insert(line.all_of.end(), goes_out.begin(), goes_out.end());
          line.all_of.insert(line.all_of.end(), packets.begin(), packets.end());
          if (conditions.states != StateSet::all()) line.all_of.push_back(StateIn{conditions.states});
          add(to, std::move(line));
        }
      }
    }
  }

  struct PacketAlternative {
    std::optional<Family> family;  ///< nothing: of both
    Matches matches;
  };

  /// The matches of family, addresses, protocol and what the protocol has.
  std::vector<PacketAlternative> packet_alternatives(const filter::Rule& rule, const Conditions& conditions) {
    const bool by_family = rule.limit && filter_.limits[rule.limit->index].limit.per_source;
    if (!by_family && alike_in_both_families(filter_, conditions)) {
      return {{std::nullopt, protocol_matches(conditions.protocols, conditions)}};
    }
    std::vector<PacketAlternative> result;
    for (const Family family : families_of(filter_, conditions)) {
      Matches addresses;
      for (const Side side : {Side::source, Side::destination}) {
        const AddressSet* set = nft::addresses_of(filter_, conditions, side);
        if (set != nullptr && !set->is_all(family)) addresses.push_back(address_match(rule, conditions, side, family));
      }
      for (Matches& protocol : icmp_or_protocol_matches(conditions, family)) {
        Matches matches = addresses;
        if (addresses.empty()) {
          add_family_test(family, protocol);
        }
        matches.insert(matches.end(), protocol.begin(), protocol.end());
        result.push_back({family, std::move(matches)});
      }
    }
    return result;
  }

  /// A match of ICMP types implies its family. Behind a family test nft lists `meta l4proto icmp` without that test,
  /// and what it lists would then mean both families; the other way round it keeps both.
  static void add_family_test(Family family, Matches& protocol) {
    if (!protocol.empty() && std::holds_alternative<IcmpIn>(protocol.front())) return;
    const Protocol icmp = family == Family::ipv4 ? protocols::icmp : protocols::icmpv6;
    const auto* in = protocol.empty() ? nullptr : std::get_if<ProtocolIn>(&protocol.front());
    const bool just_icmp = in != nullptr && in->protocols == std::vector{icmp};
    protocol.insert(just_icmp ? protocol.end() : protocol.begin(), FamilyIs{family});
  }

  static std::vector<Matches> icmp_or_protocol_matches(const Conditions& conditions, Family family) {
    if (!conditions.icmp.is_all()) return icmp_alternatives(family, conditions.icmp);
    return {protocol_matches(protocols_of(conditions, family), conditions)};
  }

  static Matches protocol_matches(const std::optional<std::vector<Protocol>>& protocols, const Conditions& conditions) {
    if (!protocols) return {};
    if (!conditions.has_ports()) return {ProtocolIn{*protocols}};
    Matches result;
    std::optional<Protocol> keyword;
    if (protocols->size() == 1) keyword = protocols->front();
    else result.push_back(ProtocolIn{*protocols});
    for (const Side side : {Side::source, Side::destination}) {
      const PortSet& ports = conditions.ports[static_cast<std::size_t>(side)];
      if (!ports.is_all()) result.push_back(PortIn{side, keyword, ports});
    }
    return result;
  }

  // Addresses.

  Match address_match(const filter::Rule& rule, const Conditions& conditions, Side side, Family family) {
    const AddressSet& set = *nft::addresses_of(filter_, conditions, side);
    const std::size_t ranges = range_count(set, family);
    const Conditions::Addresses& addresses = conditions.addresses[static_cast<std::size_t>(side)];
    const bool named = !addresses.narrowed && !filter_.address_sets[addresses.id->index].name.empty();
    if (ranges <= (named ? 1 : most_inline_ranges)) return AddressIn{side, family, addresses_of(set, family)};
    if (addresses.narrowed) return AddressIn{side, family, add_set(set, family, side_prefix(side), name_of(rule))};
    const auto [found, fresh] = sets_.try_emplace(std::pair(*addresses.id, family), SetId());
    if (fresh) {
      const std::string& name = named ? filter_.address_sets[addresses.id->index].name : name_of(rule);
      found->second = add_set(set, family, named ? "net_" : side_prefix(side), name);
    }
    return AddressIn{side, family, found->second};
  }

  const std::string& name_of(const filter::Rule& rule) const { return filter_.origins[rule.origin].name; }
  static std::string_view side_prefix(Side side) { return side == Side::source ? "from_" : "to_"; }

  SetId add_set(const AddressSet& set, Family family, std::string_view prefix, std::string_view name) {
    result_.sets.push_back({identifiers_.make(prefix, name, suffix_of(family)), addresses_of(set, family)});
    return SetId(result_.sets.size() - 1);
  }

  // Limits.

  bool expressible(const filter::Rule& rule) {
    const Limit& limit = filter_.limits[rule.limit->index].limit;
    const std::string why = defect(limit);
    if (!why.empty())
      report(said(rule) + " has the limit `" + to_string(limit) + "`, which the kernel cannot keep: " + why,
             filter_.origins[rule.origin].where);
    return why.empty();
  }

  LimitTest limit_test(const filter::Rule& rule, std::optional<Family> family) {
    if (!rule.limit) return std::monostate{};
    const filter::NamedLimit& named = filter_.limits[rule.limit->index];
    if (!named.limit.per_source) {
      const auto [found, fresh] = limits_.try_emplace(*rule.limit, LimitId(result_.limits.size()));
      if (fresh) result_.limits.push_back({identifiers_.make("limit_", named.name), named.limit});
      return WithinShared{found->second};
    }
    const auto key = std::pair(*rule.limit, *family);
    const auto [found, fresh] = source_tables_.try_emplace(key, SourceTableId(result_.source_tables.size()));
    if (fresh) {
      const std::uint64_t timeout = std::max(least_source_timeout, refill_time(named.limit));
      const std::string name = identifiers_.make("source_", named.name, suffix_of(*family));
      result_.source_tables.push_back({name, *family, named.limit, timeout});
    }
    return WithinSource{found->second};
  }

  const filter::Filter& filter_;
  Diagnostics& diagnostics_;
  Ruleset result_;
  Identifiers identifiers_;
  std::map<Direction, ChainId> bases_;
  std::map<std::uint32_t, ChainId> called_;  ///< by index of the filter's chain
  std::map<std::tuple<std::uint32_t, std::string, bool, bool, std::uint32_t, TcpShare>, ChainId> endings_;
  std::map<std::pair<filter::AddressSetId, Family>, SetId> sets_;
  std::map<filter::LimitId, LimitId> limits_;
  std::map<std::pair<filter::LimitId, Family>, SourceTableId> source_tables_;
};

}  // namespace

Ruleset lower(const filter::Filter& filter, Diagnostics& diagnostics) {
  return Lowering(filter, diagnostics).run();
}

}  // namespace portpolicy::nft
