#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "backends/nftables/read_keys.h"
#include "compiler/filter/filter.h"

namespace portpolicy::nft::text {

/// All that a rule asks of a packet, put together so that it can be said with the matches of a filter.
struct Conditions {
  bool v4 = true, v6 = true;
  bool family_shown = false;  ///< another match, or the way that leads here, shows the family where it is one
  bool any_protocol = true;
  std::bitset<256> protocols;  ///< unless `any_protocol`
  PortSet source_ports = PortSet::all(), destination_ports = PortSet::all();
  IcmpSet icmp = IcmpSet::all();
  std::vector<filter::Match> others;

  void keep_protocols(const std::bitset<256>& kept);
  void keep_family(Family family);
  bool never() const { return (!v4 && !v6) || (!any_protocol && protocols.none()); }
  bool one_family() const { return v4 != v6; }
};

/// What becomes of the packets that meet a rule's conditions.
struct Tail {
  filter::Action action;
  std::optional<filter::LimitId> limit;
  std::optional<filter::Log> log;
  std::uint32_t origin = 0;
};

/// Ranges that stay where they are, so that addresses are made of them once.
struct Shared {
  bool stay = false;
  std::string_view name = {};  ///< of their set
};

/// Makes a filter, with each thing that is named in it once.
class Writer {
 public:
  explicit Writer(const Interfaces& interfaces) : interfaces_(interfaces) {}

  /// Leaves only the packets of which this field is in `ranges`, or is not.
  void keep(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated, Shared shared = {});
  /// What nft asks before it looks at the field, whatever its value.
  void keep_bearers(Conditions& conditions, const Key& key);
  void keep_opaque(Conditions& conditions, const std::string& text, bool negated = false);

  /// To all rules that there are with this limit.
  void add_opaque(filter::LimitId limit, const std::string& text);

  /// Adds the rules that say this. `line` calls chains that it takes.
  void add(filter::ChainId chain, const Conditions& conditions, const Tail& tail, const std::string& line);
  filter::ChainId chain(std::string name);
  filter::LimitId limit(std::string name, const Limit& limit);
  std::uint32_t origin(std::string name, Span where);

  filter::Filter filter;

 private:
  using Protocols = std::bitset<256>;
  void keep_addresses(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated,
                      Shared shared);
  void keep_ports(Conditions& conditions, const Key& key, PortSet ports);
  void keep_icmp(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated);
  void keep_interfaces(Conditions& conditions, const Key& key, const std::vector<Range>& ranges, bool negated);
  filter::Opaque opaque(const std::string& text, bool negated);
  filter::AddressSetId addresses(const Key& key, const std::vector<Range>& ranges, bool negated, Shared shared);
  filter::AddressSetId new_addresses(std::string name, AddressSet addresses);
  filter::AddressSetId whole(Family family);
  void add_exact(filter::ChainId chain, Conditions conditions, const Tail& tail, const std::string& line);
  void add_rest(filter::ChainId chain, const Conditions& conditions, Family family, const Protocols& rest,
                const Tail& tail, const std::string& line);
  void add_rule(filter::ChainId chain, const Conditions& conditions, const Protocols* protocols, const Tail& tail);

  const Interfaces& interfaces_;
  std::map<std::tuple<Family, Uint128, Uint128, bool>, filter::AddressSetId> single_;
  std::map<std::tuple<const void*, Uint128, bool>, filter::AddressSetId> shared_;
  std::array<std::optional<filter::AddressSetId>, 2> whole_;
  std::unordered_map<std::string, filter::OpaqueId> opaques_;
  std::unordered_map<std::size_t, filter::ChainId> goes_on_in_;  ///< chains that came to their end before all was said
};

/// The same action for a chain that was jumped to from where the action stood: nothing where there is none.
std::optional<filter::Action> inside_helper(const filter::Action& action);

}  // namespace portpolicy::nft::text
