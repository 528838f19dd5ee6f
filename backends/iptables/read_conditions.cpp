#include "backends/iptables/read_conditions.h"

#include <algorithm>

#include "compiler/base/overloaded.h"

namespace portpolicy::iptables::text {
namespace {

/// Protocols that a filter cannot ask for in this family, because to it they imply the other one.
const ProtocolSet& not_said_of(Family family) {
  static const auto make = [](Family other) {
    ProtocolSet set;
    for (std::size_t number = 0; number < set.size(); ++number)
      set[number] = family_of(Protocol{static_cast<std::uint8_t>(number)}) == other;
    return set;
  };
  static const ProtocolSet of_ipv4 = make(Family::ipv6), of_ipv6 = make(Family::ipv4);
  return family == Family::ipv4 ? of_ipv4 : of_ipv6;
}

Conditions any(Family family) {
  Conditions conditions;
  conditions.family = family;
  return conditions;
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

void Conditions::keep_protocols(const ProtocolSet& kept) {
  protocols = any_protocol ? kept : protocols & kept;
  any_protocol = any_protocol && kept.all();
}

bool Conditions::never() const {
  return (!any_protocol && protocols.none()) || source_ports.empty() || destination_ports.empty() || icmp.empty();
}

filter::AddressSetId Writer::addresses(const AddressRange& range, bool negated) {
  const auto [known, fresh] = single_.try_emplace({range.family, range.first, range.last, negated});
  if (fresh) {
    AddressSet set = AddressSet::of(range);
    if (negated) set = subtract(AddressSet::all(range.family), set);
    known->second = addresses("", std::move(set));
  }
  return known->second;
}

filter::AddressSetId Writer::addresses(std::string name, AddressSet addresses) {
  filter.address_sets.push_back({std::move(name), std::move(addresses)});
  return filter::AddressSetId(filter.address_sets.size() - 1);
}

filter::ChainId Writer::chain(std::string name) {
  filter.chains.push_back({std::move(name), {}});
  return filter::ChainId(filter.chains.size() - 1);
}

filter::ChainId Writer::end_of(filter::ChainId chain) const {
  const auto later = goes_on_in_.find(chain.index);
  return later == goes_on_in_.end() ? chain : later->second;
}

filter::ChainId Writer::split(filter::ChainId chain) {
  const filter::ChainId later = this->chain(filter.chains[chain.index].name);
  goes_on_in_.insert_or_assign(chain.index, later);
  return later;
}

filter::LimitId Writer::limit(std::string name, const Limit& limit) {
  filter.limits.push_back({std::move(name), limit});
  return filter::LimitId(filter.limits.size() - 1);
}

void Writer::distrust(filter::LimitId limit, const std::string& text) {
  std::size_t count = 0;
  for (filter::Chain& chain : filter.chains)
    for (filter::Rule& rule : chain.rules) {
      if (rule.limit != limit) continue;
      rule.limit.reset();
      rule.all_of.emplace_back(opaque(text + " (use " + std::to_string(++count) + ")", false));
    }
}

std::uint32_t Writer::origin(std::string name, Span where) {
  filter.origins.push_back({std::move(name), {}, where});
  return static_cast<std::uint32_t>(filter.origins.size() - 1);
}

filter::Opaque Writer::opaque(const std::string& text, bool negated) {
  const auto [known, fresh] = opaques_.try_emplace(text, filter::OpaqueId(filter.opaques.size()));
  if (fresh) filter.opaques.push_back(text);
  return {known->second, negated};
}

void Writer::add(filter::ChainId chain, const Conditions& conditions, const Tail& tail) {
  const filter::ChainId here = end_of(chain);
  if (conditions.never()) {
    if (!nowhere_) nowhere_ = addresses("", AddressSet());
    Conditions none = any(conditions.family);
    none.others.emplace_back(filter::SourceIn{*nowhere_});
    return add_rule(here, none, nullptr, tail);
  }
  if (conditions.any_protocol) return add_rule(here, conditions, nullptr, tail);
  const ProtocolSet said = conditions.protocols & ~not_said_of(conditions.family);
  const ProtocolSet rest = conditions.protocols & not_said_of(conditions.family);
  if (said.any()) add_rule(here, conditions, &said, tail);
  if (rest.any()) add_rest(chain, conditions, rest, tail);
}

/// Packets whose protocol implies the other family: what is left when all other protocols are taken away. If they are not
/// meant all, it cannot be told which, and only of them.
void Writer::add_rest(filter::ChainId chain, const Conditions& conditions, const ProtocolSet& rest, const Tail& tail) {
  const ProtocolSet all = not_said_of(conditions.family), others = ~all;
  Conditions kept = conditions;
  kept.any_protocol = true;
  if (rest != all) {
    std::string text = "protocol";
    for (std::size_t number = 0; number < rest.size(); ++number)
      if (rest[number]) text += " " + std::to_string(number);
    text += " over " + std::string(to_string(conditions.family));
    kept.opaque.emplace_back(text, false);
    untold.emplace_back(tail.origin, std::move(text));
  }
  const auto plainly = [&](const filter::Action& action) {
    return Tail{action, std::nullopt, std::nullopt, tail.origin};
  };
  const std::optional<filter::Action> inner = inside_helper(tail.action);
  if (inner) {
    const filter::ChainId helper = this->chain(filter.origins[tail.origin].name);
    add_rule(helper, any(conditions.family), &others, plainly(filter::Return{}));
    Tail inside = tail;
    inside.action = *inner;
    add_rule(helper, any(conditions.family), nullptr, inside);
    return add_rule(end_of(chain), kept, nullptr, plainly(filter::Jump{helper}));
  }
  // What leaves the chain cannot stand in another one, so all other packets do.
  const filter::ChainId here = end_of(chain), later = split(chain);
  add_rule(here, any(conditions.family), &others, plainly(filter::Goto{later}));
  add_rule(here, kept, nullptr, tail);
  add_rule(here, any(conditions.family), nullptr, plainly(filter::Goto{later}));
}

void Writer::add_rule(filter::ChainId chain, const Conditions& conditions, const ProtocolSet* protocols,
                      const Tail& tail) {
  filter::Rule rule;
  rule.all_of.reserve(conditions.others.size() + conditions.opaque.size() + 4);
  rule.all_of = conditions.others;
  if (protocols != nullptr) {
    filter::ProtocolIn in;
    for (std::size_t number = 0; number < protocols->size(); ++number)
      if ((*protocols)[number]) in.protocols.push_back(Protocol{static_cast<std::uint8_t>(number)});
    rule.all_of.emplace_back(std::move(in));
    if (!conditions.source_ports.is_all()) rule.all_of.emplace_back(filter::SourcePortIn{conditions.source_ports});
    if (!conditions.destination_ports.is_all())
      rule.all_of.emplace_back(filter::DestinationPortIn{conditions.destination_ports});
    if (!conditions.icmp.is_all()) rule.all_of.emplace_back(filter::IcmpTypeIn{conditions.icmp});
  }
  for (const auto& [text, negated] : conditions.opaque) rule.all_of.emplace_back(opaque(text, negated));
  rule.limit = tail.limit;
  rule.log = tail.log;
  rule.action = tail.action;
  rule.origin = tail.origin;
  filter.chains[chain.index].rules.push_back(std::move(rule));
}

}  // namespace portpolicy::iptables::text
