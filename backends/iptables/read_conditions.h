#pragma once

#include <bitset>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/filter/filter.h"

namespace portpolicy::iptables::text {

using ProtocolSet = std::bitset<256>;

/// All that a rule asks of a packet of its family, put together so that it can be said with the matches of a filter.
struct Conditions {
  Family family = Family::ipv4;
  bool any_protocol = true;
  ProtocolSet protocols;  ///< unless `any_protocol`
  PortSet source_ports = PortSet::all(), destination_ports = PortSet::all();
  IcmpSet icmp = IcmpSet::all();
  std::vector<filter::Match> others;
  std::vector<std::pair<std::string, bool>> opaque;  ///< texts, and whether they are negated

  void keep_protocols(const ProtocolSet& kept);
  /// With these none but protocols that have ports, or just ICMP, may be left.
  void keep_source_ports(const PortSet& ports) { source_ports = intersect(source_ports, ports); }
  void keep_destination_ports(const PortSet& ports) { destination_ports = intersect(destination_ports, ports); }
  bool never() const;
};

/// What becomes of the packets that meet a rule's conditions.
struct Tail {
  filter::Action action;
  std::optional<filter::LimitId> limit;
  std::optional<filter::Log> log;
  std::uint32_t origin = 0;
};

/// Makes a filter, with each thing that is named in it once.
class Writer {
 public:
  /// One range, or all others of its family.
  filter::AddressSetId addresses(const AddressRange& range, bool negated);
  filter::AddressSetId addresses(std::string name, AddressSet addresses);
  filter::AddressSetId whole(Family family) { return addresses(AddressSet::all(family).ranges(family)[0], false); }

  /// Adds the rules that say this; with conditions that no packet meets, one that never matches.
  void add(filter::ChainId chain, const Conditions& conditions, const Tail& tail);
  filter::ChainId chain(std::string name);
  /// The rules that are added to this chain from now on stand in a new one, which is returned. Who comes to the end of the
  /// old one must be sent there.
  filter::ChainId split(filter::ChainId chain);
  /// Where rules that are added to this chain stand.
  filter::ChainId end_of(filter::ChainId chain) const;
  filter::LimitId limit(std::string name, const Limit& limit);
  /// Wherever the limit is asked, nobody knows what it says.
  void distrust(filter::LimitId limit, const std::string& text);
  std::uint32_t origin(std::string name, Span where);

  filter::Filter filter;
  /// By Direction: whether anything but empty chains that let all pass stands there.
  std::array<bool, 3> managed{};
  /// Conditions that no part of a text says, but which it takes to tell protocols apart: origins, and what is not known.
  std::vector<std::pair<std::uint32_t, std::string>> untold;

 private:
  filter::Opaque opaque(const std::string& text, bool negated);
  void add_rest(filter::ChainId chain, const Conditions& conditions, const ProtocolSet& rest, const Tail& tail);
  void add_rule(filter::ChainId chain, const Conditions& conditions, const ProtocolSet* protocols, const Tail& tail);

  std::map<std::tuple<Family, Uint128, Uint128, bool>, filter::AddressSetId> single_;
  std::optional<filter::AddressSetId> nowhere_;
  std::unordered_map<std::string, filter::OpaqueId> opaques_;
  std::unordered_map<std::uint32_t, filter::ChainId> goes_on_in_;
};

/// The same action for a chain that was jumped to from where the action stood: nothing where there is none.
std::optional<filter::Action> inside_helper(const filter::Action& action);

}  // namespace portpolicy::iptables::text
