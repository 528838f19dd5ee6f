#include "backends/iptables/read_set_match.h"

#include <algorithm>
#include <map>
#include <utility>

namespace portpolicy::iptables::text {
namespace {

// Two sets in one rule multiply.
constexpr std::size_t most_branches = 100'000;

}  // namespace

struct SetMatches::Lookup {
  const std::string& name;
  const Set& set;
  const std::vector<SetGroup>& groups;
  std::vector<std::string_view> directions;
  bool negated = false;

  bool only_ports() const { return set.kind == Set::Kind::ports; }
  void keep_service(Conditions& branch, Protocol protocol, const PortSet& ports) const {
    branch.keep_protocols(ProtocolSet().set(protocol.number));
    if (protocol == protocols::icmp || protocol == protocols::icmpv6) branch.icmp = intersect(branch.icmp, ports);
    else if (directions[only_ports() ? 0 : 1] == "src") branch.keep_source_ports(ports);
    else branch.keep_destination_ports(ports);
  }
};

bool SetMatches::ask(Work& work, const MatchUse& use) {
  const Given* given = find(use.given, Option::match_set);
  if (given == nullptr) return work.refuse(use.where, "`-m set` needs `--match-set`");
  const std::string name(given->values[0]);
  std::vector<std::string_view> directions = parts(given->values[1], ',');
  for (const std::string_view direction : directions)
    if (direction != "src" && direction != "dst")
      return work.refuse(given->where, "behind the name of the set, `src` and `dst` may stand");
  const Set* set = sets_.find(name);
  const std::vector<SetGroup>* groups = use.given.size() == 1 ? sets_.groups(name) : nullptr;
  if (set != nullptr && groups != nullptr && work.branches.size() * (groups->size() + 1) <= most_branches) {
    ask_groups(work, {name, *set, *groups, std::move(directions), given->negated});
    return true;
  }
  const bool alone = use.given.size() == 1;
  const std::string text =
      alone ? "--match-set " + quoted(name) + " " + std::string(given->values[1]) : text_of("-m set", use.given);
  work.ask_text(text, given->where, alone && given->negated, !sets_.changes(name));
  return true;
}

filter::AddressSetId SetMatches::address_set(const std::string& name, const AddressSet& addresses, bool outside) {
  const auto [known, fresh] = in_filter_.try_emplace((outside ? "not " : "") + name);
  if (fresh)
    known->second =
        writer_.addresses(known->first, outside ? subtract(AddressSet::all(family_), addresses) : addresses);
  return known->second;
}

void SetMatches::keep_addresses(Conditions& branch, const Lookup& lookup, std::size_t group) {
  if (lookup.only_ports()) return;
  const std::string part = lookup.groups.size() > 1 ? "." + std::to_string(group + 1) : "";
  const filter::AddressSetId id = address_set(lookup.name + part, lookup.groups[group].addresses, lookup.negated);
  if (lookup.directions[0] == "src") branch.others.emplace_back(filter::SourceIn{id});
  else branch.others.emplace_back(filter::DestinationIn{id});
}

/// A packet is in at most one group, so that the branches stay apart. It is in no set of the other family, and in none that
/// has more in it than the rule asks for.
void SetMatches::ask_groups(Work& work, const Lookup& lookup) {
  const bool fits = lookup.directions.size() >= lookup.set.dimensions && lookup.set.family.value_or(family_) == family_;
  if (!fits && lookup.negated) return;
  std::vector<Conditions> after;
  for (std::size_t i = 0; i < lookup.groups.size() && fits && !(lookup.negated && lookup.only_ports()); ++i)
    for (Conditions branch : work.branches) {
      const SetGroup& group = lookup.groups[i];
      keep_addresses(branch, lookup, i);
      if (group.protocol) lookup.keep_service(branch, *group.protocol, group.ports);
      if (!branch.never()) after.push_back(std::move(branch));
    }
  const bool asks_services = lookup.groups.empty() || lookup.groups[0].protocol;
  if (lookup.negated && asks_services) add_others(work, lookup, after);
  work.branches = std::move(after);
}

/// Packets of services that no element has.
void SetMatches::add_others(Work& work, const Lookup& lookup, std::vector<Conditions>& after) {
  std::map<std::uint8_t, std::vector<Interval<std::uint16_t>>> services;
  for (const SetGroup& group : lookup.groups)
    std::ranges::copy(group.ports.intervals(), std::back_inserter(services[group.protocol->number]));
  ProtocolSet others;
  others.set();
  const auto add = [&](Conditions branch) {
    if (!branch.never()) after.push_back(std::move(branch));
  };
  for (const auto& [protocol, ports] : services) {
    others.reset(protocol);
    const PortSet rest = complement(PortSet::of(ports));
    for (Conditions branch : work.branches) {
      lookup.keep_service(branch, Protocol{protocol}, rest);
      add(std::move(branch));
    }
  }
  for (Conditions branch : work.branches) {
    branch.keep_protocols(others);
    add(std::move(branch));
  }
}

}  // namespace portpolicy::iptables::text
