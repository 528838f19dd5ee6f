#include "backends/iptables/read_effects.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "backends/iptables/read_values.h"

namespace portpolicy::iptables::text {
namespace {

using O = Option;

constexpr std::size_t most_port_slots = 15;
// Two sets in one rule multiply.
constexpr std::size_t most_branches = 100'000;

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

/// An option as it would be written behind the `!`.
std::string text_of(const Given& given) {
  std::string text(given.name);
  for (const std::string_view value : given.values) text += " " + quoted(value);
  return text;
}

std::string text_of(std::string_view before, const std::vector<Given>& all) {
  std::string text(before);
  for (const Given& given : all) text += (given.negated ? " ! " : " ") + text_of(given);
  return text;
}

bool is_source(const Given& given) {
  return given.option == O::source || given.option == O::source_port || given.option == O::source_ports ||
         given.option == O::source_range;
}

const Given* find(const std::vector<Given>& all, Option option) {
  const auto known = std::ranges::find(all, option, &Given::option);
  return known == all.end() ? nullptr : &*known;
}

bool is_limit(const MatchUse& use) {
  return use.is_known && (use.name == "limit" || use.name == "hashlimit");
}

}  // namespace

std::vector<filter::Remark> Remarks::list(const Places& places) {
  std::vector<filter::Remark> remarks;
  for (const auto& [place, where] : places) remarks.push_back({where, std::get<2>(place)});
  return remarks;
}

/// One rule on its way into the filter.
struct Effects::Work {
  const Place& place;
  const Rule& rule;
  std::uint32_t line = 0;
  std::string name;
  std::uint32_t origin = 0;
  std::vector<Conditions> branches;  ///< any of these, of which no packet meets two
  std::vector<LimitUse> limits;
  std::optional<filter::Log> log;
  std::vector<std::pair<Extent, std::string>> not_understood;
  bool matters = true;  ///< false: it decides nothing, and takes from no bucket of others

  const Source& source() const { return *place.line.source; }
  bool refuse(Extent where, std::string message, std::string help = {}) const {
    return source().refuse(where, std::move(message), std::move(help));
  }
  /// The branches, once with each of these changes.
  template <class... Changes>
  void fork(Changes... changes) {
    std::vector<Conditions> after;
    after.reserve(branches.size() * sizeof...(changes));
    for (const Conditions& branch : branches)
      (
          [&] {
            after.push_back(branch);
            changes(after.back());
          }(),
          ...);
    branches = std::move(after);
  }
};

/// For a list of addresses iptables makes a rule for each of them. That matters where each then has a limit of its own.
void Effects::add(const Place& place, const Rule& rule) {
  const bool limited = std::ranges::any_of(rule.matches, is_limit);
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
  for (const Given& given : rule.header) {
    const bool addresses = given.option == O::source || given.option == O::destination;
    if (addresses ? !ask_addresses(work, given, is_source(given) ? source : destination) : !ask_header(work, given))
      return;
  }
  for (const MatchUse& use : rule.matches)
    if (!ask_match(work, use)) return;
  decide(work);
}

bool Effects::ask_header(Work& work, const Given& given) {
  switch (given.option) {
    case O::protocol:
      return ask_protocol(work, given);
    case O::in_interface:
    case O::out_interface:
      return ask_interface(work, given);
    case O::fragments:
      if (family_ == Family::ipv6) return work.refuse(given.where, "`-f` is not for IPv6; there it is `-m frag`");
      ask_text(work, "-f", given.where, given.negated);
      return true;
    default:
      return true;  // counters
  }
}

bool Effects::ask_protocol(Work& work, const Given& given) {
  const auto protocol = read_protocol(given.values[0]);
  if (!protocol) {
    if (read_number(given.values[0], UINT64_MAX)) return work.refuse(given.where, "a protocol is a number up to 255");
    ask_text(work, "-p " + quoted(given.values[0]), given.where, given.negated);
    return true;
  }
  if (*protocol == 0)
    return !given.negated || work.refuse(given.where, "no packet is of no protocol, so the rule would never match");
  ProtocolSet set;
  set.set(*protocol);
  if (given.negated) set.flip();
  for (Conditions& branch : work.branches) branch.keep_protocols(set);
  return true;
}

bool Effects::ask_addresses(Work& work, const Given& given, std::optional<std::size_t> only) {
  std::vector<std::string_view> list = parts(given.values[0], ',');
  if (list.size() > 1 && given.negated)
    return work.refuse(given.where, "`!` takes one address, not a list", "write a chain that returns for each of them");
  if (only) list = {list[*only]};
  std::vector<AddressRange> ranges;
  std::string unknown;
  for (const std::string_view text : list) {
    const auto network = read_network(text, family_);
    if (network && network->is_range) {
      ranges.push_back(network->range);
      continue;
    }
    // What has no letters is no name of a host.
    const bool name = text.find_first_of("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos ||
                      (!text.contains(':') && text.find_first_of("abcdefABCDEF") != std::string_view::npos);
    if (!network && (!name || (text.contains('/') && read_address(text.substr(0, text.find('/')), family_))))
      return work.refuse(given.where,
                         "`" + std::string(text) + "` is no " + std::string(to_string(family_)) + " address");
    unknown += (unknown.empty() ? "" : ",") + std::string(text);
  }
  const auto keep = [&](Conditions& branch, filter::AddressSetId id) {
    if (given.option == O::source) branch.others.emplace_back(filter::SourceIn{id});
    else branch.others.emplace_back(filter::DestinationIn{id});
  };
  const auto id_of = [&](bool negated) {
    if (ranges.size() == 1) return writer_.addresses(ranges[0], negated);
    const AddressSet set = AddressSet::of(ranges);
    return writer_.addresses("", negated ? subtract(AddressSet::all(family_), set) : set);
  };
  if (unknown.empty()) {
    const bool all = ranges.size() == 1 && AddressSet::of(ranges).is_all(family_);
    if (all && !given.negated) return true;
    const filter::AddressSetId id = id_of(given.negated);
    for (Conditions& branch : work.branches) keep(branch, id);
    return true;
  }
  const std::string text = std::string(is_source(given) ? "-s " : "-d ") + unknown;
  if (ranges.empty()) {
    ask_text(work, text, given.where, given.negated);
    return true;
  }
  const filter::AddressSetId inside = id_of(false), outside = id_of(true);
  work.not_understood.emplace_back(given.where, text);
  work.fork([&](Conditions& branch) { keep(branch, inside); },
            [&](Conditions& branch) {
              keep(branch, outside);
              branch.opaque.emplace_back(text, false);
            });
  return true;
}

bool Effects::ask_interface(Work& work, const Given& given) {
  const std::string name(given.values[0]);
  const bool in = given.option == O::in_interface;
  InterfaceSet set = InterfaceSet::all();
  if (name.size() > 15) return work.refuse(given.where, "a name of an interface has at most 15 characters");
  if (name.empty()) return work.refuse(given.where, "the name of the interface is empty");
  if (name != "+") {
    const bool wildcard = name.ends_with('+');
    const auto pattern = InterfacePattern::parse(wildcard ? name.substr(0, name.size() - 1) + "*" : name);
    if (!pattern || pattern->wildcard != wildcard) {
      ask_text(work, std::string(in ? "-i " : "-o ") + quoted(name), given.where, given.negated);
      return true;
    }
    set = InterfaceSet::of(*pattern);
  }
  if (given.negated) set = subtract(InterfaceSet::all(), set);
  if (set.is_all()) return true;
  for (Conditions& branch : work.branches) {
    if (in) branch.others.emplace_back(filter::InterfaceIn{set});
    else branch.others.emplace_back(filter::InterfaceOut{set});
  }
  return true;
}

void Effects::ask_text(Work& work, const std::string& text, Extent where, bool negated, bool fixed) {
  const std::string condition = fixed ? text : text + " (line " + std::to_string(work.line) + ")";
  for (Conditions& branch : work.branches) branch.opaque.emplace_back(condition, negated);
  work.not_understood.emplace_back(where, text);
}

bool Effects::is_fixed_here(const Work& work, std::string_view match) const {
  const bool is_mark = match == "mark" || match == "connmark" || match == "connlabel";
  return is_fixed(match) && !(is_mark && work.place.table.changes_marks);
}

bool Effects::ask_match(Work& work, const MatchUse& use) {
  if (is_limit(use)) return use.name == "limit" ? ask_limit(work, use) : ask_hashlimit(work, use);
  if (use.is_known && use.name == "comment") return true;
  ask_limits_before(work);
  if (!use.is_known) {
    const std::string name = "-m " + quoted(use.name);
    const bool alone = use.given.size() == 1 && use.given[0].negated;
    Extent where = use.where;
    if (!use.given.empty()) where.end = std::max(where.end, use.given.back().where.end);
    ask_text(work, alone ? name + " " + text_of(use.given[0]) : text_of(name, use.given), where, alone,
             is_fixed_here(work, use.name));
    return true;
  }
  if (use.name == "set") return ask_set(work, use);
  return std::ranges::all_of(use.given, [&](const Given& given) { return ask(work, use, given); });
}

bool Effects::ask(Work& work, const MatchUse& use, const Given& given) {
  switch (given.option) {
    case O::source_port:
    case O::destination_port:
      return ask_ports(work, given);
    case O::source_ports:
    case O::destination_ports:
    case O::either_ports:
      return ask_port_lists(work, given);
    case O::tcp_flags:
    case O::syn:
      return ask_flags(work, given);
    case O::icmp_type:
      return ask_icmp(work, given);
    case O::state:
      return ask_states(work, use, given);
    case O::source_range:
    case O::destination_range:
      return ask_range(work, given);
    default:
      ask_text(work, text_of(given), given.where, given.negated);
      return true;
  }
}

bool Effects::ask_ports(Work& work, const Given& given) {
  Interval<std::uint16_t> ports;
  const Known known = read_ports(given.values[0], ':', ports);
  if (known == Known::nowhere)
    return work.refuse(given.where, "`" + std::string(given.values[0]) + "` is no port and no range of ports");
  if (known == Known::not_here) {
    ask_text(work, (is_source(given) ? "--sport " : "--dport ") + quoted(given.values[0]), given.where, given.negated);
    return true;
  }
  const PortSet inside = ports.first <= ports.last ? PortSet::of(ports) : PortSet();
  const PortSet set = given.negated ? complement(inside) : inside;
  for (Conditions& branch : work.branches) {
    if (is_source(given)) branch.keep_source_ports(set);
    else branch.keep_destination_ports(set);
  }
  return true;
}

bool Effects::ask_port_lists(Work& work, const Given& given) {
  std::vector<Interval<std::uint16_t>> list;
  std::size_t slots = 0;
  bool all_known = true;
  for (const std::string_view text : parts(given.values[0], ',')) {
    Interval<std::uint16_t> ports;
    const Known known = read_ports(text, ':', ports);
    const bool range = text.contains(':');
    if (known == Known::nowhere || (range && known == Known::yes && ports.first >= ports.last))
      return work.refuse(given.where, "`" + std::string(text) + "` is no port and no range of ports");
    all_known = all_known && known == Known::yes;
    slots += range ? 2u : 1u;
    list.push_back(ports);
  }
  if (slots > most_port_slots)
    return work.refuse(given.where, "`-m multiport` takes " + std::to_string(most_port_slots) +
                                        " ports, of which a range counts as two");
  if (!all_known) {
    const std::string_view name = given.option == O::source_ports        ? "--sports "
                                  : given.option == O::destination_ports ? "--dports "
                                                                         : "--ports ";
    ask_text(work, std::string(name) + quoted(given.values[0]), given.where, given.negated);
    return true;
  }
  const PortSet in = PortSet::of(list), out = complement(in);
  const PortSet& set = given.negated ? out : in;
  if (given.option == O::source_ports) {
    for (Conditions& branch : work.branches) branch.keep_source_ports(set);
  } else if (given.option == O::destination_ports) {
    for (Conditions& branch : work.branches) branch.keep_destination_ports(set);
  } else if (given.negated) {
    for (Conditions& branch : work.branches) {
      branch.keep_source_ports(out);
      branch.keep_destination_ports(out);
    }
  } else {
    work.fork([&](Conditions& branch) { branch.keep_source_ports(in); },
              [&](Conditions& branch) {
                branch.keep_source_ports(out);
                branch.keep_destination_ports(in);
              });
  }
  return true;
}

bool Effects::ask_icmp(Work& work, const Given& given) {
  const auto types = read_icmp(given.values[0], family_);
  if (!types)
    return work.refuse(given.where, "`" + std::string(given.values[0]) + "` is no ICMP type that iptables knows for " +
                                        std::string(to_string(family_)));
  const IcmpSet set = given.negated ? complement(*types) : *types;
  for (Conditions& branch : work.branches) branch.icmp = intersect(branch.icmp, set);
  return true;
}

bool Effects::ask_flags(Work& work, const Given& given) {
  constexpr std::array<std::string_view, 6> names{"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
  const auto flags = [&](std::string_view text) -> std::optional<std::string> {
    std::array<bool, names.size()> set{};
    for (const std::string_view part : parts(text, ',')) {
      if (part == "NONE") continue;
      const auto known = std::ranges::find(names, part);
      if (known == names.end() && part != "ALL") return std::nullopt;
      for (std::size_t i = 0; i < names.size(); ++i) set[i] = set[i] || part == "ALL" || names[i] == part;
    }
    std::string result;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (set[i]) result += (result.empty() ? "" : ",") + std::string(names[i]);
    return result.empty() ? "NONE" : result;
  };
  const bool syn = given.option == O::syn;
  const auto mask = flags(syn ? "FIN,SYN,RST,ACK" : given.values[0]), set = flags(syn ? "SYN" : given.values[1]);
  if (!mask || !set) return work.refuse(given.where, "a TCP flag is one of FIN, SYN, RST, PSH, ACK, URG, ALL and NONE");
  ask_text(work, "--tcp-flags " + *mask + " " + *set, given.where, given.negated);
  return true;
}

bool Effects::ask_states(Work& work, const MatchUse& use, const Given& given) {
  StateSet states;
  std::string translated;
  for (const std::string_view text : parts(given.values[0], ',')) {
    if (const auto state = read_state(text)) {
      states = states | StateSet::of(*state);
    } else if (use.name == "conntrack" && (text == "SNAT" || text == "DNAT")) {
      translated += (translated.empty() ? "" : ",") + std::string(text);
    } else {
      return work.refuse(given.where, "`" + std::string(text) + "` is no state");
    }
  }
  const StateSet others = StateSet::all() - states;
  const std::string text = "--ctstate " + translated;
  if (translated.empty()) {
    for (Conditions& branch : work.branches)
      branch.others.emplace_back(filter::StateIn{given.negated ? others : states});
    return true;
  }
  work.not_understood.emplace_back(given.where, text);
  const auto not_these = [&](Conditions& branch) {
    branch.others.emplace_back(filter::StateIn{others});
    branch.opaque.emplace_back(text, given.negated);
  };
  if (given.negated || states == StateSet())
    for (Conditions& branch : work.branches) not_these(branch);
  else work.fork([&](Conditions& branch) { branch.others.emplace_back(filter::StateIn{states}); }, not_these);
  return true;
}

bool Effects::ask_range(Work& work, const Given& given) {
  const std::string_view text = given.values[0];
  const std::size_t dash = text.find('-');
  const auto first = read_address(text.substr(0, dash), family_);
  const auto last = dash == std::string_view::npos ? first : read_address(text.substr(dash + 1), family_);
  if (!first || !last)
    return work.refuse(given.where,
                       "`" + std::string(text) + "` is no range of " + std::string(to_string(family_)) + " addresses");
  // A range that ends before it begins holds nothing; the kernel says so, and takes it.
  const bool none = *first > *last;
  if (none && given.negated) return true;
  const filter::AddressSetId id =
      none ? writer_.addresses("", AddressSet()) : writer_.addresses({family_, *first, *last}, given.negated);
  for (Conditions& branch : work.branches) {
    if (is_source(given)) branch.others.emplace_back(filter::SourceIn{id});
    else branch.others.emplace_back(filter::DestinationIn{id});
  }
  return true;
}

bool Effects::ask_set(Work& work, const MatchUse& use) {
  const Given* given = find(use.given, O::match_set);
  if (given == nullptr) return work.refuse(use.where, "`-m set` needs `--match-set`");
  const std::string name(given->values[0]);
  const Texts directions = parts(given->values[1], ',');
  for (const std::string_view direction : directions)
    if (direction != "src" && direction != "dst")
      return work.refuse(given->where, "behind the name of the set, `src` and `dst` may stand");
  const Set* set = sets_.find(name);
  const std::vector<SetGroup>* groups = use.given.size() == 1 ? sets_.groups(name) : nullptr;
  if (set == nullptr || groups == nullptr || work.branches.size() * (groups->size() + 1) > most_branches) {
    std::vector<Given> all = use.given;
    const bool alone = all.size() == 1;
    std::string text = alone ? text_of(all[0]) : text_of("-m set", all);
    if (alone) text = "--match-set " + quoted(name) + " " + std::string(given->values[1]);
    ask_text(work, text, given->where, alone && given->negated, !sets_.changes(name));
    return true;
  }
  ask_groups(work, name, *set, *groups, directions, given->negated);
  return true;
}

filter::AddressSetId Effects::address_set(const std::string& name, const AddressSet& addresses, bool outside) {
  const auto [known, fresh] = sets_in_filter_.try_emplace((outside ? "not " : "") + name);
  if (fresh)
    known->second =
        writer_.addresses(known->first, outside ? subtract(AddressSet::all(family_), addresses) : addresses);
  return known->second;
}

/// A packet is in at most one group, so that the branches stay apart; it is in no set of the other family, and in none that
/// asks for more than the rule gives.
void Effects::ask_groups(Work& work, const std::string& name, const Set& set, const std::vector<SetGroup>& groups,
                         const Texts& directions, bool negated) {
  const bool fits = directions.size() >= set.dimensions && set.family.value_or(family_) == family_;
  if (!fits && negated) return;
  const bool only_ports = set.kind == Set::Kind::ports;
  const bool ports_of_source = directions[only_ports || directions.size() == 1 ? 0 : 1] == "src";
  const auto keep_addresses = [&](Conditions& branch, std::size_t group, bool outside) {
    if (only_ports) return;
    const std::string part = groups.size() > 1 ? "." + std::to_string(group + 1) : "";
    const filter::AddressSetId id = address_set(name + part, groups[group].addresses, outside);
    if (directions[0] == "src") branch.others.emplace_back(filter::SourceIn{id});
    else branch.others.emplace_back(filter::DestinationIn{id});
  };
  const auto keep_service = [&](Conditions& branch, Protocol protocol, const PortSet& ports) {
    branch.keep_protocols(ProtocolSet().set(protocol.number));
    if (protocol == protocols::icmp || protocol == protocols::icmpv6) branch.icmp = intersect(branch.icmp, ports);
    else if (ports_of_source) branch.keep_source_ports(ports);
    else branch.keep_destination_ports(ports);
  };
  std::vector<Conditions> after;
  std::map<std::uint8_t, PortSet> spoken_of;
  for (std::size_t i = 0; i < groups.size() && fits; ++i) {
    if (groups[i].protocol) {
      PortSet& ports = spoken_of[groups[i].protocol->number];
      ports = unite(ports, groups[i].ports);
    }
    if (negated && only_ports) continue;
    for (Conditions branch : work.branches) {
      keep_addresses(branch, i, negated);
      if (groups[i].protocol) keep_service(branch, *groups[i].protocol, groups[i].ports);
      if (!branch.never()) after.push_back(std::move(branch));
    }
  }
  if (negated && (groups.empty() || groups[0].protocol)) {
    ProtocolSet others;
    others.set();
    for (const auto& [protocol, ports] : spoken_of) {
      others.reset(protocol);
      for (Conditions branch : work.branches) {
        keep_service(branch, Protocol{protocol}, complement(ports));
        if (!branch.never()) after.push_back(std::move(branch));
      }
    }
    for (Conditions branch : work.branches) {
      branch.keep_protocols(others);
      if (!branch.never()) after.push_back(std::move(branch));
    }
  }
  work.branches = std::move(after);
}

bool Effects::ask_limit(Work& work, const MatchUse& use) {
  Limit limit{3, Limit::Unit::hour, Limit::default_burst, false};
  for (const Given& given : use.given) {
    if (given.option == O::limit_burst) {
      const auto burst = read_number(given.values[0], 10'000);
      if (!burst) return work.refuse(given.where, "a burst is a number up to 10000");
      limit.burst = static_cast<std::uint32_t>(*burst);
      continue;
    }
    const auto rate = read_rate(given.values[0]);
    if (!rate || rate->rate > 10'000 * static_cast<std::uint64_t>(seconds_in(rate->unit)))
      return work.refuse(given.where, "`" + std::string(given.values[0]) + "` is no rate, such as `10/minute`");
    limit.rate = rate->rate;
    limit.unit = rate->unit;
  }
  if (limit.rate > Limit::max_rate || limit.burst == 0) {
    ask_text(work, text_of("-m limit", use.given), use.where, false, false);
    return true;
  }
  const std::string name = work.name + (work.limits.empty() ? "" : "." + std::to_string(work.limits.size() + 1));
  work.limits.push_back({writer_.limit(name, limit)});
  return true;
}

/// What rules share that name the same table: what stands in the first one is what the kernel keeps.
bool Effects::ask_hashlimit(Work& work, const MatchUse& use) {
  const Given *name = find(use.given, O::hash_name), *rate = nullptr;
  Limit limit{0, Limit::Unit::second, Limit::default_burst, false};
  bool over = false, understood = true;
  std::uint64_t milliseconds = 0, source_bits = static_cast<std::uint64_t>(address_bits(family_));
  bool by_source = false;
  for (const Given& given : use.given) {
    const std::string_view value = given.values.empty() ? std::string_view() : given.values[0];
    const auto number = read_number(value, UINT32_MAX);
    switch (given.option) {
      case O::hash_upto:
      case O::hash_above: {
        if (rate != nullptr) return work.refuse(given.where, "`-m hashlimit` takes one rate");
        rate = &given;
        over = (given.option == O::hash_above) != given.negated;
        const auto read = read_rate(value);
        understood = understood && read;
        if (read) limit.rate = read->rate, limit.unit = read->unit;
        break;
      }
      case O::hash_burst:
        understood = understood && number && *number > 0 && *number <= Limit::max_burst;
        if (number) limit.burst = static_cast<std::uint32_t>(*number);
        break;
      case O::hash_mode:
        by_source = value == "srcip";
        understood = understood && by_source;
        break;
      case O::hash_source_mask:
        understood = understood && number;
        source_bits = number.value_or(0);
        break;
      case O::hash_expire:
        understood = understood && number;
        milliseconds = number.value_or(0);
        break;
      case O::unknown:
        understood = false;
        break;
      default:
        break;
    }
  }
  if (name == nullptr || rate == nullptr)
    return work.refuse(use.where,
                       std::string("`-m hashlimit` needs ") +
                           (name == nullptr ? "`--hashlimit-name`" : "`--hashlimit-upto` or `--hashlimit-above`"));
  limit.per_source = by_source;
  const std::uint64_t second = seconds_in(limit.unit);
  if (milliseconds == 0) milliseconds = second * 1000;
  understood = understood && limit.rate <= Limit::max_rate;
  // One per source is what the model means by it, and none is forgotten before its bucket is full.
  understood = understood && (!by_source || source_bits == (family_ == Family::ipv4 ? 32 : 64));
  understood = understood && limit.burst * second * 1000 <= milliseconds * limit.rate;
  const auto [known, fresh] = hashlimits_.try_emplace(std::string(name->values[0]));
  const std::string said = understood ? to_string(limit) + " " + std::to_string(milliseconds) : "";
  if (fresh) known->second = {{}, said, understood};
  Shared& shared = known->second;
  const bool usable = shared.trusted && understood && shared.said == said;
  const std::string text = text_of("-m hashlimit", use.given);
  if (!usable) {
    if (shared.trusted && !fresh) {
      distrusted_.emplace_back(
          shared.limit, "the hashlimit " + quoted(name->values[0]) + ", of which two rules say different things");
      remarks_.not_understood(work.source().span(use.where), text);
    }
    shared.trusted = false;
    ask_limits_before(work);
    ask_text(work, text, use.where, false, false);
    return true;
  }
  if (fresh) shared.limit = writer_.limit(std::string(name->values[0]), limit);
  work.limits.push_back({shared.limit, over});
  return true;
}

void Effects::distrust_limits(const RuleLine& line, const Rule& rule) {
  for (const MatchUse& use : rule.matches) {
    const Given* name = find(use.given, O::hash_name);
    if (name == nullptr) continue;
    const auto known = hashlimits_.find(std::string(name->values[0]));
    if (known == hashlimits_.end() || !known->second.trusted) continue;
    known->second.trusted = false;
    const std::string text = "what another table leaves of the hashlimit " + quoted(name->values[0]);
    distrusted_.emplace_back(known->second.limit, text);
    remarks_.not_understood(line.source->span(use.where), text);
  }
}

void Effects::finish() {
  for (const auto& [limit, text] : distrusted_) writer_.distrust(limit, text);
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
  if (target.name != "LOG" && target.name != "NFLOG" && target.name != "ULOG") return true;
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
