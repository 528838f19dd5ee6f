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
#include "backends/common/resolve.h"
#include "compiler/base/address.h"
#include "compiler/base/id.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/limit.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"

/// What portpolicy puts into the table `filter` of iptables and of ip6tables: chains of its own and the sets that they ask.
/// Every value stands for one piece of the syntax of iptables(8), iptables-extensions(8) and ipset(8).
namespace portpolicy::iptables {

using backend::Answer;
using backend::Side;

// What the programs and the kernel take, in bytes without the NUL.
inline constexpr std::size_t most_chain_bytes = 28;
inline constexpr std::size_t most_set_bytes = 30;  ///< 31, and one is for the `~` of a set that is being filled
inline constexpr std::size_t most_comment_bytes = 255;
inline constexpr std::size_t most_log_prefix_bytes = 29;
inline constexpr std::size_t most_bucket_bytes = 31;
/// Ports in one match of `multiport`; a range counts as two.
inline constexpr std::size_t most_ports_of_match = 15;

/// What the names of all chains of ours begin with.
inline constexpr std::string_view chain_prefix = "PORTPOLICY-";

using ChainId = Id<struct ChainTag>;
using SetId = Id<struct SetTag>;
using BucketId = Id<struct BucketTag>;

/// `-s 10.0.0.0/8`, `-d 10.0.0.0/8`, and where it is no prefix `-m iprange --src-range 10.0.0.1-10.0.0.9`
struct AddressIn {
  Side side = Side::source;
  AddressRange range;
};
/// `-i eth+`, `! -o eth0`
struct InterfaceIs {
  Side side = Side::source;  ///< source: the interface it came in by
  bool negated = false;
  InterfacePattern pattern;
};
/// `-p tcp`
struct ProtocolIs {
  Protocol protocol;
};
/// `-m tcp --dport 80`, `-m multiport --dports 80,443,8000:8010`; stands behind the protocol.
struct PortIn {
  Side side = Side::destination;
  Protocol protocol;
  std::vector<Interval<std::uint16_t>> ports;  ///< not empty, at most `most_ports_of_match`
};
/// `-m icmp --icmp-type 8`, `-m icmp6 --icmpv6-type 1/4`; stands behind the protocol.
struct IcmpIs {
  std::uint8_t type = 0;
  std::optional<std::uint8_t> code;  ///< nothing: all
};
/// `-m set --match-set NAME src`, of a set with ports `--match-set NAME src,dst`: the port is always that of the destination.
struct InSet {
  SetId set;
  Side side = Side::source;
};
/// `-m conntrack --ctstate NEW,UNTRACKED`
struct StateIn {
  StateSet states;
};
/// In the order of the text.
using Match = std::variant<AddressIn, InterfaceIs, ProtocolIs, PortIn, IcmpIs, InSet, StateIn>;

struct Jump {
  ChainId chain;
};
struct Goto {
  ChainId chain;
};
struct Return {};
/// `-m limit --limit 10/sec --limit-burst 20 -j LOG --log-prefix "..." --log-level 6`; the packet goes on to the next rule.
struct LogLine {
  std::string prefix;
};
using Action = std::variant<Answer, Jump, Goto, Return, LogLine>;

struct Rule {
  std::vector<Match> all_of;      ///< in the order of the variant; empty matches every packet
  std::optional<BucketId> limit;  ///< asked last; over it, the rule does not match
  Action action;
  std::uint32_t comment = 0;  ///< into `Ruleset::comments`
};

struct Chain {
  std::string name;
  std::vector<Rule> rules;
};

/// What a limit counts in. Several rules that share one name it by `-m hashlimit --hashlimit-name`.
struct Bucket {
  std::string name;
  Limit limit;
  std::size_t rules = 0;  ///< how many ask
};

/// `create NAME hash:net family inet`, or of type `hash:net,port`. No prefix has length 0.
struct Set {
  std::string name;
  bool ports = false;
  std::vector<Prefix> prefixes;              ///< ascending; of a set with ports one for each of `services`
  std::vector<backend::Service> services{};  ///< one port each
};

/// The chain that packets of a direction go through, and what becomes of those that come back from it in a table that is
/// all ours.
struct Hook {
  ChainId chain;
  Answer otherwise = Answer::drop;  ///< accept or drop
};

/// The table `filter` of one family.
struct Table {
  Family family = Family::ipv4;
  std::array<std::optional<Hook>, 3> hooks;  ///< by Direction; nothing: the direction is not managed
  std::vector<Chain> chains;
  std::vector<Set> sets;
  std::vector<Bucket> buckets;
};

struct Ruleset {
  std::vector<std::string> comments;  ///< of rules: printable ASCII without `"` and `\`
  std::vector<Table> tables;          ///< of IPv4 and of IPv6; none when the filter cannot be said
};

}  // namespace portpolicy::iptables
