#include "backends/nftables/read_conditions.h"

#include <algorithm>
#include <utility>

#include "compiler/base/overloaded.h"

namespace portpolicy::nft::text {
namespace {

using Protocols = std::bitset<256>;

const Protocols& with_ports() {
  static const Protocols protocols = [] {
    Protocols result;
    for (std::size_t number = 0; number < 256; ++number)
      if (has_ports(Protocol{static_cast<std::uint8_t>(number)})) result.set(number);
    return result;
  }();
  return protocols;
}

/// The protocols that a `ProtocolIn` never means in this family: those that imply the other one.
Protocols not_said_of(Family family) {
  Protocols result;
  for (std::size_t number = 0; number < 256; ++number)
    if (family_of(Protocol{static_cast<std::uint8_t>(number)}).value_or(family) != family) result.set(number);
  return result;
}

bool contains(const std::vector<Range>& ranges, Uint128 value) {
  const auto after = std::ranges::upper_bound(ranges, value, {}, &Range::first);
  return after != ranges.begin() && value <= std::prev(after)->last;
}

Protocols in(const std::vector<Range>& ranges, bool negated) {
  Protocols result;
  for (std::size_t number = 0; number < 256; ++number)
    if (contains(ranges, number) != negated) result.set(number);
  return result;
}

/// The values of which those leading bits are in `ranges`.
std::vector<Range> unmasked(const std::vector<Range>& ranges, Uint128 mask, Type type) {
  const Uint128 host = greatest(type) & ~mask;
  std::vector<Range> result;
  for (const Range& range : ranges) {
    const bool aligned = (range.first & host) == 0;
    if (!aligned && (range.first | host) == greatest(type)) continue;
    const Uint128 first = aligned ? range.first : (range.first | host) + 1;
    const Uint128 last = range.last & ~host;
    if (first <= last) result.push_back({first, last | host});
  }
  return result;
}

AddressSet address_set(Type type, const std::vector<Range>& ranges, bool negated) {
  AddressSet set;
  if (type == Type::ipv4) {
    std::vector<Interval<std::uint32_t>> intervals;
    intervals.reserve(ranges.size());
    for (const Range& range : ranges)
      intervals.push_back({static_cast<std::uint32_t>(range.first), static_cast<std::uint32_t>(range.last)});
    set.v4 = IntervalSet<std::uint32_t>::of(std::move(intervals));
    if (negated) set.v4 = complement(set.v4);
  } else {
    set.v6 = IntervalSet<Uint128>::of(ranges);
    if (negated) set.v6 = complement(set.v6);
  }
  return set;
}

PortSet port_set(const std::vector<Range>& ranges, bool negated) {
  std::vector<Interval<std::uint16_t>> intervals;
  for (const Range& range : ranges)
    intervals.push_back({static_cast<std::uint16_t>(range.first), static_cast<std::uint16_t>(range.last)});
  PortSet ports = PortSet::of(std::move(intervals));
  return negated ? complement(ports) : ports;
}

}  // namespace

std::optional<filter::Action> inside_helper(const filter::Action& action) {
  using Result = std::optional<filter::Action>;
  return std::visit(Overloaded{
                        [](Verdict verdict) -> Result { return verdict; },
                        [](const filter::Jump& jump) -> Result { return filter::Goto{jump.chain}; },
                        [](const filter::Goto&) -> Result { return std::nullopt; },
                        [](filter::Return) -> Result { return std::nullopt; },
                        [](filter::Continue) -> Result { return filter::Continue{}; },
                    },
                    action);
}

void Conditions::keep_protocols(const Protocols& kept) {
  protocols = any_protocol ? kept : protocols & kept;
  any_protocol = any_protocol && kept.all();
}

void Conditions::keep_family(Family family) {
  (family == Family::ipv4 ? v6 : v4) = false;
}

filter::ChainId Writer::chain(std::string name) {
  filter.chains.push_back({std::move(name), {}});
  return filter::ChainId(filter.chains.size() - 1);
}

filter::LimitId Writer::limit(std::string name, const Limit& limit) {
  filter.limits.push_back({std::move(name), limit});
  return filter::LimitId(filter.limits.size() - 1);
}

std::uint32_t Writer::origin(std::string name, Span where) {
  filter.origins.push_back({std::move(name), {}, where});
  return static_cast<std::uint32_t>(filter.origins.size() - 1);
}

filter::AddressSetId Writer::new_addresses(std::string name, AddressSet addresses) {
  filter.address_sets.push_back({std::move(name), std::move(addresses)});
  return filter::AddressSetId(filter.address_sets.size() - 1);
}

filter::AddressSetId Writer::whole(Family family) {
  std::optional<filter::AddressSetId>& id = whole_[static_cast<std::size_t>(family)];
  if (!id) {
    const bool v4 = family == Family::ipv4;
    id = new_addresses("", address_set(v4 ? Type::ipv4 : Type::ipv6, {}, true));
  }
  return *id;
}

filter::AddressSetId Writer::addresses(const Key& key, const std::vector<Range>& ranges, bool negated, Shared shared) {
  const auto make = [&] {
    return address_set(key.type, key.mask ? unmasked(ranges, *key.mask, key.type) : ranges, negated);
  };
  if (shared.stay) {
    const auto [known, fresh] = shared_.try_emplace({&ranges, key.mask.value_or(greatest(key.type)), negated});
    if (fresh)
      known->second = new_addresses((negated && !shared.name.empty() ? "not " : "") + std::string(shared.name), make());
    return known->second;
  }
  if (ranges.size() != 1 || key.mask) return new_addresses("", make());
  const Family family = key.type == Type::ipv4 ? Family::ipv4 : Family::ipv6;
  const auto [known, fresh] = single_.try_emplace({family, ranges[0].first, ranges[0].last, negated});
  if (fresh) known->second = new_addresses("", make());
  return known->second;
}

void Writer::keep_addresses(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated,
                            Shared shared) {
  const bool all = ranges.size() == 1 && ranges[0] == Range{0, greatest(key.type)};
  if (all && !negated) return;
  const filter::AddressSetId id = addresses(key, ranges, negated, shared);
  conditions.family_shown = true;
  if (key.field == Field::source) conditions.others.emplace_back(filter::SourceIn{id});
  else conditions.others.emplace_back(filter::DestinationIn{id});
}

void Writer::keep_ports(Conditions& conditions, const Key& key, PortSet ports) {
  PortSet& kept = key.field == Field::source_port ? conditions.source_ports : conditions.destination_ports;
  kept = intersect(kept, ports);
}

/// What is called icmp in a packet of the other family is none to the model.
void Writer::keep_icmp(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated) {
  if (key.protocol == 1 ? !conditions.v4 : !conditions.v6) {
    std::string text = key.protocol == 1 ? "icmp" : "icmpv6";
    text += key.field == Field::icmp_type ? " type" : " code";
    for (const Range& range : ranges)
      text += " " + std::to_string(static_cast<unsigned>(range.first)) + "-" +
              std::to_string(static_cast<unsigned>(range.last));
    keep_opaque(conditions, text + " in a packet of the other family", negated);
    return;
  }
  std::vector<Interval<std::uint16_t>> intervals;
  for (unsigned type = 0; type < 256; ++type) {
    if (key.field == Field::icmp_type) {
      if (contains(ranges, type) != negated)
        intervals.push_back(
            {icmp_value(static_cast<std::uint8_t>(type), 0), icmp_value(static_cast<std::uint8_t>(type), 255)});
      continue;
    }
    for (unsigned code = 0; code < 256; ++code) {
      const std::uint16_t value = icmp_value(static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code));
      if (contains(ranges, code) != negated) intervals.push_back({value, value});
    }
  }
  conditions.icmp = intersect(conditions.icmp, IcmpSet::of(std::move(intervals)));
}

void Writer::keep_interfaces(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated) {
  InterfaceSet set;
  if (ranges.size() == 1 && ranges[0] == Range{0, greatest(key.type)}) {
    set = InterfaceSet::all();
  } else {
    std::vector<InterfacePattern> patterns;
    for (const Range& range : ranges)
      for (Uint128 number = range.first; number <= range.last; ++number)
        patterns.push_back(interfaces_.pattern(static_cast<std::uint32_t>(number)));
    set = InterfaceSet::of(patterns);
  }
  if (negated) set = subtract(InterfaceSet::all(), set);
  if (key.field == Field::in_interface) conditions.others.emplace_back(filter::InterfaceIn{std::move(set)});
  else conditions.others.emplace_back(filter::InterfaceOut{std::move(set)});
}

void Writer::keep_bearers(Conditions& conditions, const Key& key) {
  switch (key.field) {
    case Field::source:
    case Field::destination:
      conditions.keep_family(key.type == Type::ipv4 ? Family::ipv4 : Family::ipv6);
      break;
    case Field::ip_protocol:
      conditions.keep_family(Family::ipv4);
      break;
    case Field::source_port:
    case Field::destination_port:
      if (key.protocol != 0) conditions.keep_protocols(Protocols().set(key.protocol));
      break;
    case Field::icmp_type:
    case Field::icmp_code:
      conditions.keep_protocols(Protocols().set(key.protocol));
      // nft asks for the family only where it does not know it.
      if (key.protocol == 1 ? conditions.v4 : conditions.v6)
        conditions.keep_family(key.protocol == 1 ? Family::ipv4 : Family::ipv6);
      break;
    case Field::l4proto:
    case Field::nfproto:
    case Field::ethertype:
    case Field::in_interface:
    case Field::out_interface:
    case Field::state:
      break;
  }
}

void Writer::keep(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated,
                  Shared shared) {
  keep_bearers(conditions, key);
  switch (key.field) {
    case Field::source:
    case Field::destination:
      return keep_addresses(conditions, key, ranges, negated, shared);
    case Field::ip_protocol:
    case Field::l4proto:
      return conditions.keep_protocols(in(ranges, negated));
    case Field::nfproto:
    case Field::ethertype: {
      const bool nfproto = key.field == Field::nfproto;
      if (contains(ranges, nfproto ? 2 : 0x0800) == negated) conditions.v4 = false;
      if (contains(ranges, nfproto ? 10 : 0x86dd) == negated) conditions.v6 = false;
      return;
    }
    case Field::source_port:
    case Field::destination_port:
      return keep_ports(conditions, key, port_set(ranges, negated));
    case Field::icmp_type:
    case Field::icmp_code:
      return keep_icmp(conditions, key, ranges, negated);
    case Field::in_interface:
    case Field::out_interface:
      return keep_interfaces(conditions, key, ranges, negated);
    case Field::state: {
      StateSet states;
      constexpr std::array numbers{std::pair{8u, State::new_}, std::pair{2u, State::established},
                                   std::pair{4u, State::related}, std::pair{1u, State::invalid},
                                   std::pair{64u, State::untracked}};
      for (const auto& [number, state] : numbers)
        if (contains(ranges, number) != negated) states = states | StateSet::of(state);
      conditions.others.emplace_back(filter::StateIn{states});
      return;
    }
  }
  std::unreachable();
}

filter::Opaque Writer::opaque(const std::string& text, bool negated) {
  const auto [known, fresh] = opaques_.try_emplace(text, filter::OpaqueId(filter.opaques.size()));
  if (fresh) filter.opaques.push_back(text);
  return {known->second, negated};
}

void Writer::keep_opaque(Conditions& conditions, const std::string& text, bool negated) {
  conditions.others.emplace_back(opaque(text, negated));
}

void Writer::add_opaque(filter::LimitId limit, const std::string& text) {
  const filter::Opaque condition = opaque(text, false);
  for (filter::Chain& chain : filter.chains)
    for (filter::Rule& rule : chain.rules)
      if (rule.limit == limit) rule.all_of.emplace_back(condition);
}

void Writer::add(filter::ChainId chain, const Conditions& conditions, const Tail& tail, const std::string& line) {
  if (conditions.never()) return;
  const bool ports = !conditions.source_ports.is_all() || !conditions.destination_ports.is_all();
  const Protocols kept = conditions.any_protocol ? Protocols().set() : conditions.protocols;
  if (!ports || (kept & ~with_ports()).none()) return add_exact(chain, conditions, tail, line);
  // Of other protocols the bytes where ports would be are something else.
  if (Conditions exact = conditions; (kept & with_ports()).any()) {
    exact.keep_protocols(with_ports());
    add_exact(chain, exact, tail, line);
  }
  Conditions others = conditions;
  others.keep_protocols(~with_ports());
  others.source_ports = others.destination_ports = PortSet::all();
  const auto text = [](std::string_view name, const PortSet& set) {
    return set.is_all() ? std::string() : std::string(name) + (set.empty() ? "none" : to_string(set));
  };
  keep_opaque(others, "th" + text(" sport ", conditions.source_ports) + text(" dport ", conditions.destination_ports) +
                          " of a protocol without ports");
  add_exact(chain, others, tail, line);
}

/// The conditions with their protocols, of each family as far as a filter can say it.
void Writer::add_exact(filter::ChainId chain, Conditions conditions, const Tail& tail, const std::string& line) {
  if (conditions.any_protocol) return add_rule(chain, conditions, nullptr, tail);
  Protocols said = conditions.protocols;
  for (const Family family : families) {
    const bool other_too = family == Family::ipv4 ? conditions.v6 : conditions.v4;
    const bool is_there = family == Family::ipv4 ? conditions.v4 : conditions.v6;
    if (is_there && !other_too) said &= ~not_said_of(family);
  }
  if (said.any()) add_rule(chain, conditions, &said, tail);
  for (const Family family : families) {
    if (!(family == Family::ipv4 ? conditions.v4 : conditions.v6)) continue;
    const Protocols rest = conditions.protocols & not_said_of(family);
    if (rest.any()) add_rest(chain, conditions, family, rest, tail, line);
  }
}

/// Packets of a family whose protocol implies the other one: what is left when all other protocols are taken away. If they
/// are not meant all, it cannot be told which, and only of them.
void Writer::add_rest(filter::ChainId chain, const Conditions& conditions, Family family, const Protocols& rest,
                      const Tail& tail, const std::string& line) {
  const std::optional<filter::Action> action = inside_helper(tail.action);
  Conditions of_family = conditions;
  of_family.any_protocol = true;
  of_family.keep_family(family);
  const Protocols all = not_said_of(family), others = ~all;
  const auto without_limit = [&](const filter::Action& to) {
    return Tail{to, std::nullopt, std::nullopt, tail.origin};
  };
  const auto keep_rest = [&](Conditions& kept) {
    if (rest == all) return;
    std::string text = "protocol";
    for (std::size_t number = 0; number < 256; ++number)
      if (rest[number]) text += " " + std::to_string(number);
    keep_opaque(kept, text + " over " + std::string(to_string(family)));
  };
  if (!action) {
    // What leaves the chain cannot stand in another one, so all other packets do.
    const filter::ChainId later = this->chain(filter.chains[chain.index].name);
    add_rule(chain, Conditions(), &others, without_limit(filter::Goto{later}));
    keep_rest(of_family);
    add_rule(chain, of_family, nullptr, tail);
    add_rule(chain, Conditions(), nullptr, without_limit(filter::Goto{later}));
    goes_on_in_.insert_or_assign(chain.index, later);
    return;
  }
  const filter::ChainId helper = this->chain(line + " " + std::string(to_string(family)));
  add_rule(helper, Conditions(), &others, without_limit(filter::Return{}));
  Conditions inside;
  keep_rest(inside);
  Tail inner = tail;
  inner.action = *action;
  add_rule(helper, inside, nullptr, inner);
  add_rule(chain, of_family, nullptr, without_limit(filter::Jump{helper}));
}

void Writer::add_rule(filter::ChainId chain, const Conditions& conditions, const Protocols* protocols,
                      const Tail& tail) {
  filter::Rule rule;
  rule.all_of.reserve(conditions.others.size() + 3);
  rule.all_of = conditions.others;
  bool shown = conditions.family_shown || !conditions.one_family();
  if (protocols != nullptr) {
    filter::ProtocolIn in;
    bool implied = true;
    for (std::size_t number = 0; number < 256; ++number) {
      if (!(*protocols)[number]) continue;
      in.protocols.push_back(Protocol{static_cast<std::uint8_t>(number)});
      implied = implied && family_of(in.protocols.back()).has_value();
    }
    shown = shown || implied;
    rule.all_of.emplace_back(std::move(in));
  }
  if (!shown) rule.all_of.emplace_back(filter::SourceIn{whole(conditions.v4 ? Family::ipv4 : Family::ipv6)});
  if (!conditions.source_ports.is_all()) rule.all_of.emplace_back(filter::SourcePortIn{conditions.source_ports});
  if (!conditions.destination_ports.is_all())
    rule.all_of.emplace_back(filter::DestinationPortIn{conditions.destination_ports});
  if (!conditions.icmp.is_all()) rule.all_of.emplace_back(filter::IcmpTypeIn{conditions.icmp});
  rule.limit = tail.limit;
  rule.log = tail.log;
  rule.action = tail.action;
  rule.origin = tail.origin;
  if (const auto later = goes_on_in_.find(chain.index); later != goes_on_in_.end()) chain = later->second;
  filter.chains[chain.index].rules.push_back(std::move(rule));
}

}  // namespace portpolicy::nft::text
