#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "backends/common/conditions.h"
#include "compiler/base/address.h"
#include "compiler/base/id.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/interval_set.h"
#include "compiler/base/limit.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"

/// What portpolicy puts into the kernel: one table of family inet, or one of ip and one of ip6, with their sets, limits
/// and chains. Every value stands for one piece of nft syntax and means what nft(8) says of it.
namespace portpolicy::nft {

/// The names of tables that portpolicy may ever have made, in any family; `table_name` is the one it makes now.
inline constexpr std::string_view table_name = "portpolicy";
inline constexpr std::array<std::string_view, 2> own_tables{table_name, "portpolicy-staging"};

/// Up to so many ranges of addresses stand in the rule itself, more in a named set.
inline constexpr std::size_t most_inline_ranges = 16;
/// The kernel follows so many jumps and gotos, one inside the other, and refuses deeper tables.
inline constexpr std::size_t most_jumps = 15;

using SetId = Id<struct SetTag>;
using LookupId = Id<struct LookupTag>;
using LimitId = Id<struct LimitTag>;
using SourceTableId = Id<struct SourceTableTag>;
using ChainId = Id<struct ChainTag>;

/// Addresses of one family, the one that the alternative says.
using Addresses = std::variant<IntervalSet<std::uint32_t>, IntervalSet<Uint128>>;
inline Family family_of(const Addresses& addresses) {
  return addresses.index() == 0 ? Family::ipv4 : Family::ipv6;
}

/// `set NAME { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 } }`; padded
/// `set NAME { type ipv4_addr . inet_proto; flags interval; elements = { 10.0.0.0/8 . 0-255 } }`, which means the same, but
/// the kernel keeps sets of several fields in another structure (`cost.h`).
struct NamedSet {
  std::string name;
  Addresses elements;
  bool padded = false;
};

/// `limit NAME { rate 10/minute burst 5 packets }`: one bucket for all rules that name it.
struct SharedLimit {
  std::string name;
  Limit limit;
};

/// `set NAME { type ipv4_addr; size 65536; flags dynamic,timeout; timeout 1m }`: one bucket for each source.
struct SourceTable {
  std::string name;
  Family family = Family::ipv4;
  Limit limit;
  std::uint64_t timeout = 0;  ///< seconds
};

using backend::Answer;
using backend::Side;
struct Jump {
  ChainId chain;
};
struct Goto {
  ChainId chain;
};

/// What a lookup is asked about: those of address (of the side that the rule says), protocol and destination port that
/// are there, in this order.
/// `ip saddr & 255.255.0.0 . meta l4proto . th dport`
struct Key {
  struct Part {
    Family family = Family::ipv4;
    int length = 32;  ///< so many leading bits; the others are taken for 0
  };
  std::optional<Part> address;
  bool protocol = false;
  bool port = false;
};
/// Of the values, those that the key has.
struct Element {
  Interval<Uint128> addresses;  ///< one address where the lookup has no ranges
  Protocol protocol;
  Interval<std::uint16_t> ports;             ///< one port where the lookup has no ranges
  std::variant<Answer, Jump, Goto> verdict;  ///< of a map only, and then accept, drop or a chain
};
/// `set NAME { type ipv4_addr . inet_proto . inet_service; elements = { ... } }`, with `flags interval` where it has
/// ranges; a map has a verdict for each element. No two elements overlap.
struct Lookup {
  std::string name;  ///< empty: the elements stand in the one rule that asks
  std::string note;  ///< of what it is made; in the line above it
  Key key;
  bool ranges = false;
  bool is_map = false;
  std::vector<Element> elements;
};

/// `ip saddr 10.0.0.0/8`, `ip6 daddr { ... }`, `ip saddr @NAME`, of a padded set `ip saddr . meta l4proto @NAME`. Matches
/// only packets of that family.
struct AddressIn {
  Side side = Side::source;
  Family family = Family::ipv4;
  std::variant<Addresses, SetId> addresses;
};
/// `meta nfproto ipv4`
struct FamilyIs {
  Family family = Family::ipv4;
};
/// `iifname "eth0"`, `oifname { "eth1", "br-*" }`, and with `!=` where negated. No pattern is `*` alone.
struct InterfaceIn {
  Side side = Side::source;  ///< source: the interface it came in by
  bool negated = false;
  std::vector<InterfacePattern> patterns;
};
/// `meta l4proto tcp`, `meta l4proto { tcp, udp }`
struct ProtocolIn {
  std::vector<Protocol> protocols;
};
/// `tcp dport 80`, which matches only packets of that protocol; without a protocol `th dport 80`, which stands behind a
/// `ProtocolIn`.
struct PortIn {
  Side side = Side::destination;
  std::optional<Protocol> protocol;
  PortSet ports;
};
/// `icmp type { 3, 11 }`, `icmpv6 code 0-3`. Matches only packets of ICMP in that family.
struct IcmpIn {
  enum class Field : std::uint8_t { type, code } field = Field::type;
  Family family = Family::ipv4;
  IntervalSet<std::uint8_t> values;
};
/// `ct state new,untracked`
struct StateIn {
  StateSet states;
};
/// `KEY @NAME`. With an address it matches only packets of that family.
struct FoundIn {
  LookupId set;
  Side side = Side::source;  ///< of the address, where the key has one
};
using Match = std::variant<AddressIn, FamilyIs, InterfaceIn, ProtocolIn, PortIn, IcmpIn, StateIn, FoundIn>;

/// `limit name "NAME"`: over it, the rule does not match.
struct WithinShared {
  LimitId limit;
};
/// `update @NAME { ip saddr limit rate ... }`: over it, or when the table is full, the rule does not match. Only
/// packets of the table's family match.
struct WithinSource {
  SourceTableId table;
};
using LimitTest = std::variant<std::monostate, WithinShared, WithinSource>;

/// `limit rate 10/second burst 20 packets log prefix "..." level info`; the packet goes on to the next rule.
struct LogLine {
  std::string prefix;
};
/// `KEY vmap @NAME`; a packet that is not found goes on to the next rule.
struct ByMap {
  LookupId map;
  Side side = Side::source;
};
using Action = std::variant<Answer, Jump, Goto, LogLine, ByMap>;

struct Rule {
  std::vector<Match> all_of;  ///< in the order of the text; empty matches every packet
  LimitTest limit;            ///< asked last
  Action action;
  std::uint32_t comment = 0;  ///< into `Ruleset::comments`
  bool counted = false;       ///< `counter` before the action
};

/// The hook of a base chain, of type filter and priority 0, and its policy.
struct Hook {
  Direction direction = Direction::inbound;
  Answer policy = Answer::drop;  ///< accept or drop
};

struct Chain {
  std::string name;
  std::optional<Hook> hook;
  std::vector<Rule> rules;
  std::vector<std::uint32_t> left_out;  ///< comments of rules that can match nothing and so are not here
};

enum class TableFamily : std::uint8_t { inet, ip, ip6 };
inline bool covers(TableFamily table, Family family) {
  return table == TableFamily::inet || (table == TableFamily::ip) == (family == Family::ipv4);
}

struct Table {
  TableFamily family = TableFamily::inet;
  std::vector<NamedSet> sets;
  std::vector<Lookup> lookups;
  std::vector<SharedLimit> limits;
  std::vector<SourceTable> source_tables;
  std::vector<Chain> chains;  ///< the base chains first
};

struct Ruleset {
  std::vector<std::string> notes;     ///< what the header says of the shape
  std::vector<std::string> comments;  ///< of rules: printable ASCII without `"` and `\`, at most 127 bytes
  std::vector<Table> tables;          ///< no table: nothing is managed
};

}  // namespace portpolicy::nft
