#include "backends/iptables/read_effects.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "backends/iptables/read_values.h"

namespace portpolicy::iptables::text {
namespace {

using O = Option;

bool is_fixed_here(const Work& work, std::string_view match) {
  const bool is_mark = match == "mark" || match == "connmark" || match == "connlabel";
  return is_fixed(match) && !(is_mark && work.place.table.changes_marks);
}

}  // namespace

/// For a list of addresses iptables makes a rule for each of them. That matters where each then has a limit of its own.
void Effects::add(const Place& place, const Rule& rule) {
  const bool limited = std::ranges::any_of(rule.matches, Limits::is_limit);
  const Given *source = find(rule.header, O::source), *destination = find(rule.header, O::destination);
  const auto count = [&](const Given* given) {
    return limited && given != nullptr ? static_cast<std::size_t>(std::ranges::count(given->values[0], ',')) + 1 : 1;
  };
  const std::size_t sources = count(source), destinations = count(destination);
  if (sources * destinations == 1) return add_one(place, rule, std::nullopt, std::nullopt);
  for (std::size_t i = 0; i < sources; ++i)
    for (std::size_t j = 0; j < destinations; ++j) add_one(place, rule, i, j);
}

void Effects::add_one(const Place& place, const Rule& rule, std::optional<std::size_t> source,
                      std::optional<std::size_t> destination) {
  Work work{place, rule, place.line.source->line(place.line.where.begin), {}, 0, {}, {}, {}, {}, true};
  work.matters = (rule.target && !goes_on(rule.target->name)) ||
                 std::ranges::find(rule.matches, "hashlimit", &MatchUse::name) != rule.matches.end();
  work.name = place.chain.name + ":" + std::to_string(work.line);
  work.origin = writer_.origin(work.name, work.source().span(place.line.where));
  work.branches.emplace_back().family = family_;
  for (const Given& given : rule.header)
    if (!matches_.ask_header(work, given, given.option == O::source ? source : destination)) return;
  for (const MatchUse& use : rule.matches)
    if (!ask_match(work, use)) return;
  decide(work);
}

bool Effects::ask_match(Work& work, const MatchUse& use) {
  if (Limits::is_limit(use)) {
    std::optional<std::string> unknown;
    if (!limits_.ask(work, use, unknown)) return false;
    if (!unknown) return true;
    ask_limits_before(work);
    work.ask_text(*unknown, use.where, false, false);
    return true;
  }
  if (use.is_known && use.name == "comment") return true;
  ask_limits_before(work);
  if (!use.is_known) {
    const std::string name = "-m " + quoted(use.name);
    const bool alone = use.given.size() == 1 && use.given[0].negated;
    Extent where = use.where;
    if (!use.given.empty()) where.end = std::max(where.end, use.given.back().where.end);
    work.ask_text(alone ? name + " " + text_of(use.given[0]) : text_of(name, use.given), where, alone,
                  is_fixed_here(work, use.name));
    return true;
  }
  if (use.name == "set") return set_matches_.ask(work, use);
  return std::ranges::all_of(use.given, [&](const Given& given) { return matches_.ask(work, use, given); });
}

/// A packet takes from the bucket when it comes to the limit, whatever stands behind it in the rule.
void Effects::ask_limits_before(Work& work) {
  for (std::size_t i = 0; i < work.limits.size() && work.matters; ++i) {
    if (std::exchange(work.limits[i].asked, true)) continue;
    const std::vector<LimitUse> all = work.limits;
    work.limits[i].over = false;
    put_through(work, i + 1, filter::Continue{});
    work.limits = all;
    work.limits[i].asked = true;
  }
}

bool Effects::decide(Work& work) {
  bool refused = false;
  const std::optional<filter::Action> to = action(work, refused);
  if (refused) return false;
  if (!work.matters && !work.not_understood.empty()) {
    put_noticed(work);
    return true;
  }
  for (auto& [where, text] : work.not_understood) remarks_.not_understood(work.source().span(where), text);
  if (!to) decide_anything(work);
  else put(work, *to);
  return true;
}

/// Nothing when nobody knows what becomes of the packet.
std::optional<filter::Action> Effects::action(Work& work, bool& refused) {
  if (!work.rule.target) return filter::Continue{};
  const Target& target = *work.rule.target;
  if (const auto chain = find_chain_(work.place, target.name)) {
    refused = !target.given.empty() && !work.refuse(target.given[0].where, "a jump to a chain takes no options");
    if (target.is_goto) return filter::Goto{*chain};
    return filter::Jump{*chain};
  }
  const auto refuse = [&](const std::string& message) -> std::optional<filter::Action> {
    refused = true;
    work.refuse(target.where, message);
    return std::nullopt;
  };
  const std::string name = "`" + std::string(target.name) + "`";
  const bool known = is_target(target.name);
  if (target.is_goto || (!known && target.given.empty()))
    return refuse("there is no chain " + name + " in the table `" + work.place.table.name + "`" +
                  (target.is_goto ? "" : ", and no such target is known"));
  if (target.name == "ACCEPT") return Verdict::allow;
  if (target.name == "DROP") return Verdict::deny;
  if (target.name == "RETURN") return filter::Return{};
  if (target.name == "REJECT") {
    refused = !reject(work);
    return Verdict::reject;
  }
  if (!goes_on(target.name)) return std::nullopt;
  refused = !log(work);
  if (!work.log)
    remarks_.passed_over(work.source().span(target.where),
                         "`-j " + std::string(target.name) + "`, which decides nothing");
  return filter::Continue{};
}

bool Effects::reject(Work& work) {
  const Given* with = find(work.rule.target->given, O::reject_with);
  if (with == nullptr) return true;
  constexpr auto of_ipv4 = std::to_array<std::string_view>(
      {"icmp-net-unreachable", "net-unreach", "icmp-host-unreachable", "host-unreach", "icmp-port-unreachable",
       "port-unreach", "icmp-proto-unreachable", "proto-unreach", "icmp-net-prohibited", "net-prohib",
       "icmp-host-prohibited", "host-prohib", "icmp-admin-prohibited", "admin-prohib", "tcp-reset", "tcp-rst"});
  constexpr auto of_ipv6 = std::to_array<std::string_view>(
      {"icmp6-no-route", "no-route", "icmp6-adm-prohibited", "adm-prohibited", "icmp6-addr-unreachable", "addr-unreach",
       "icmp6-port-unreachable", "port-unreach", "tcp-reset", "icmp6-policy-fail", "policy-fail", "icmp6-reject-route",
       "reject-route"});
  const std::string_view kind = with->values[0];
  const auto fits = [&](std::string_view name) { return begins(name, kind); };
  if (family_ == Family::ipv4 ? std::ranges::none_of(of_ipv4, fits) : std::ranges::none_of(of_ipv6, fits))
    return work.refuse(with->where, "`" + std::string(kind) + "` is no answer that iptables sends over " +
                                        std::string(to_string(family_)));
  const Given* protocol = find(work.rule.header, O::protocol);
  const bool tcp = protocol != nullptr && !protocol->negated && read_protocol(protocol->values[0]) == 6;
  return !begins("tcp-reset", kind) || tcp || work.refuse(with->where, "`tcp-reset` needs `-p tcp`");
}

bool Effects::log(Work& work) {
  const Target& target = *work.rule.target;
  constexpr auto logging = std::to_array<std::string_view>({"LOG", "NFLOG", "ULOG", "TRACE"});
  if (std::ranges::find(logging, target.name) == logging.end()) return true;
  work.log = filter::Log{};
  if (const Given* prefix = find(target.given, O::log_prefix)) work.log->prefix = prefix->values[0];
  const Given* level = find(target.given, O::log_level);
  if (level == nullptr || read_number(level->values[0], 7)) return true;
  constexpr auto names = std::to_array<std::string_view>(
      {"emerg", "alert", "crit", "error", "err", "warning", "warn", "notice", "info", "debug", "panic"});
  const auto fits = [&](std::string_view name) { return begins(name, level->values[0]); };
  return std::ranges::any_of(names, fits) ||
         work.refuse(level->where, "`" + std::string(level->values[0]) + "` is no level of a log");
}

void Effects::decide_anything(Work& work) {
  const Target& target = *work.rule.target;
  const std::string text = text_of("-j " + std::string(target.name), target.given);
  remarks_.not_understood(work.source().span(target.where), text);
  const auto part = [&](std::string_view what, Verdict verdict) {
    Work some = work;
    for (Conditions& branch : some.branches)
      branch.opaque.emplace_back(text + " " + std::string(what) + " (line " + std::to_string(work.line) + ")", false);
    put(some, verdict);
  };
  part("drops", Verdict::deny);
  part("rejects", Verdict::reject);
  part("accepts", Verdict::allow);
}

/// A rule that decides nothing, for those who ask what else depends on a packet: for all packets that it may log or mark.
void Effects::put_noticed(Work& work) {
  work.limits.clear();
  for (Conditions& branch : work.branches) branch.opaque.clear();
  put(work, filter::Continue{});
}

/// The rule itself. In a chain of its own where one rule of a filter cannot say it.
void Effects::put(Work& work, const filter::Action& action) {
  if (work.branches.empty()) {
    Conditions& never = work.branches.emplace_back();
    never.family = family_;
    never.icmp = IcmpSet();
  }
  put_through(work, work.limits.size(), action);
}

/// With so many of the limits, in their order. Who is over one of them goes on behind the rule.
void Effects::put_through(Work& work, std::size_t count, const filter::Action& action) {
  const auto tail = [&](const filter::Action& to, std::optional<filter::LimitId> limit = std::nullopt) {
    return Tail{to, limit, std::nullopt, work.origin};
  };
  const auto limits = std::span(work.limits).first(count);
  const filter::ChainId chain = work.place.into;
  if (limits.empty() || (limits.size() == 1 && !limits[0].over)) {
    Tail last = tail(action, limits.empty() ? std::nullopt : std::optional(limits[0].limit));
    last.log = work.log;
    for (const Conditions& branch : work.branches) writer_.add(chain, branch, last);
    return;
  }
  Conditions any;
  any.family = family_;
  const std::optional<filter::Action> inner = inside_helper(action);
  filter::ChainId helper = writer_.chain(work.name);
  for (const Conditions& branch : work.branches)
    writer_.add(chain, branch,
                tail(inner ? filter::Action(filter::Jump{helper}) : filter::Action(filter::Goto{helper})));
  filter::Action leave = filter::Return{};
  if (!inner) {
    const filter::ChainId here = writer_.end_of(chain), later = writer_.split(chain);
    leave = filter::Goto{later};
    writer_.filter.chains[here.index].rules.push_back({{}, std::nullopt, std::nullopt, leave, work.origin});
  }
  for (const LimitUse& use : limits) {
    if (use.over) {
      writer_.add(helper, any, tail(leave, use.limit));
      continue;
    }
    const filter::ChainId next = writer_.chain(work.name);
    writer_.add(helper, any, tail(filter::Goto{next}, use.limit));
    writer_.add(helper, any, tail(leave));
    helper = next;
  }
  Tail last = tail(inner.value_or(action));
  last.log = work.log;
  writer_.add(helper, any, last);
}

}  // namespace portpolicy::iptables::text
