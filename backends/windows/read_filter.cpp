#include "backends/windows/read_filter.h"

#include <cassert>
#include <iterator>

namespace portpolicy::windows::text {
namespace {

constexpr std::array sides{Direction::inbound, Direction::outbound};

/// The protocols that a filter can ask for over IPv6.
filter::ProtocolIn told_over_ipv6() {
  filter::ProtocolIn told;
  for (unsigned number = 0; number < 256; ++number)
    if (const Protocol protocol{static_cast<std::uint8_t>(number)}; family_of(protocol) != Family::ipv4)
      told.protocols.push_back(protocol);
  return told;
}

}  // namespace

std::uint32_t Writer::origin(std::string name, Span where) {
  filter_.origins.push_back({std::move(name), {}, where});
  return static_cast<std::uint32_t>(filter_.origins.size() - 1);
}

filter::OpaqueId Writer::opaque(const std::string& text) {
  const auto [known, fresh] = opaques_.try_emplace(text, filter::OpaqueId(filter_.opaques.size()));
  if (fresh) filter_.opaques.push_back(text);
  return known->second;
}

filter::AddressSetId Writer::addresses(AddressSet set) {
  filter_.address_sets.push_back({"", std::move(set)});
  return filter::AddressSetId(filter_.address_sets.size() - 1);
}

// Local is this host: where inbound packets go, and where outbound ones come from.
std::vector<filter::Match> Writer::matches(Direction direction, const Conditions& conditions) {
  const bool inbound = direction == Direction::inbound;
  const auto& source_ports = inbound ? conditions.remote_ports : conditions.local_ports;
  const auto& destination_ports = inbound ? conditions.local_ports : conditions.remote_ports;
  const auto& source = inbound ? conditions.remote_addresses : conditions.local_addresses;
  const auto& destination = inbound ? conditions.local_addresses : conditions.remote_addresses;
  std::vector<filter::Match> all_of;
  if (source) all_of.emplace_back(filter::SourceIn{addresses(*source)});
  if (destination) all_of.emplace_back(filter::DestinationIn{addresses(*destination)});
  if (conditions.protocol) all_of.emplace_back(filter::ProtocolIn{{*conditions.protocol}});
  if (source_ports) all_of.emplace_back(filter::SourcePortIn{*source_ports});
  if (destination_ports) all_of.emplace_back(filter::DestinationPortIn{*destination_ports});
  if (conditions.icmp_types) all_of.emplace_back(filter::IcmpTypeIn{*conditions.icmp_types});
  for (const auto& [text, negated] : conditions.opaque) all_of.emplace_back(filter::Opaque{opaque(text), negated});
  return all_of;
}

void Writer::add(Direction direction, Rank rank, Verdict verdict, const Conditions& conditions, std::uint32_t origin) {
  assert(direction != Direction::forward && "Windows has no rules for packets that it forwards");
  filter::Rule rule;
  rule.all_of = matches(direction, conditions);
  rule.action = verdict;
  rule.origin = origin;
  rules_[static_cast<std::size_t>(direction)].rules[static_cast<std::size_t>(rank)].push_back(std::move(rule));
  if (conditions.protocol == protocols::igmp) add_other_family(direction, rank, verdict, conditions, origin);
}

/// To a filter IGMP is of IPv4, as ICMP is. But Windows, whose names of protocols tell the family of ICMP, has but the number
/// for it, and that may be in a packet of IPv6. What is left over IPv6 without all protocols that can be told is IGMP or ICMP.
void Writer::add_other_family(Direction direction, Rank rank, Verdict verdict, const Conditions& conditions,
                              std::uint32_t origin) {
  const AddressSet all = AddressSet::all(Family::ipv6);
  Conditions rest = conditions;
  rest.protocol.reset();
  if (rest.local_addresses) rest.local_addresses = intersect(*rest.local_addresses, all);
  rest.remote_addresses = intersect(conditions.remote_addresses.value_or(all), all);
  if ((rest.local_addresses && rest.local_addresses->empty()) || rest.remote_addresses->empty()) return;
  const std::string text = "protocol 2 over IPv6";
  not_understood(filter_.origins[origin].where, text);
  rest.opaque.emplace_back(text, false);
  filter_.chains.push_back({filter_.origins[origin].name, {}});
  const filter::ChainId helper(filter_.chains.size() - 1);
  filter_.chains.back().rules = {
      {{told_over_ipv6()}, std::nullopt, std::nullopt, filter::Return{}, origin},
      {{}, std::nullopt, std::nullopt, verdict, origin},
  };
  filter::Rule rule;
  rule.all_of = matches(direction, rest);
  rule.action = filter::Jump{helper};
  rule.origin = origin;
  rules_[static_cast<std::size_t>(direction)].rules[static_cast<std::size_t>(rank)].push_back(std::move(rule));
}

filter::Filter Writer::finish(const std::array<std::optional<Verdict>, 2>& defaults) {
  for (const Direction direction : sides) {
    const auto index = static_cast<std::size_t>(direction);
    if (!defaults[index]) continue;
    filter::Chain chain{std::string(to_string(direction)), {}};
    for (auto& ranked : rules_[index].rules)
      chain.rules.insert(chain.rules.end(), std::make_move_iterator(ranked.begin()),
                         std::make_move_iterator(ranked.end()));
    filter_.chains.push_back(std::move(chain));
    filter_.hooks[index] = filter::Hook{filter::ChainId(filter_.chains.size() - 1), *defaults[index]};
  }
  return std::move(filter_);
}

std::vector<filter::Remark> Writer::remarks() const {
  std::vector<filter::Remark> result;
  for (const auto& [place, where] : remarks_) result.push_back({where, place.second});
  return result;
}

}  // namespace portpolicy::windows::text
