#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

/// What a kernel holds of nftables, as it says it over netlink: values, and no word of what they mean. Numbers that
/// name something are those of linux/netfilter/nf_tables.h.
namespace portpolicy::host {

using Bytes = std::vector<std::uint8_t>;

/// Numbers as in linux/netfilter.h.
enum class TableFamily : std::uint8_t { inet = 1, ip = 2, arp = 3, netdev = 5, bridge = 7, ip6 = 10 };

/// What decides on a packet. `chain` for those verdicts that lead to one.
struct HeldVerdict {
  enum class Code : std::uint8_t { accept, drop, jump, go, back, proceed, other } code = Code::other;
  std::string chain;
  friend auto operator<=>(const HeldVerdict&, const HeldVerdict&) = default;
};

struct HeldLimit {
  std::uint64_t rate = 0;
  std::uint64_t seconds = 0;  ///< the unit of the rate
  std::uint32_t burst = 0;
  bool bytes = false;  ///< counts bytes and not packets
  bool over = false;   ///< matches what exceeds it
  friend bool operator==(const HeldLimit&, const HeldLimit&) = default;
};

// The expressions of a rule, which the kernel runs one after the other. A register is where its first byte stands among
// the 64 that a rule has.
using Register = unsigned;

struct LoadMeta {
  enum class Key : std::uint8_t { family, ether_type, protocol, in_name, out_name, in_index, out_index } key;
  Register to;
};
struct LoadPayload {
  enum class Base : std::uint8_t { network, transport } base;
  unsigned offset, length;
  Register to;
};
struct LoadState {
  Register to;
};
struct LoadConstant {
  Bytes bytes;
  Register to;
};
/// Something that only the kernel knows. It may be missing, and then the rule does not match.
struct LoadOther {
  std::string what;
  Register to;
};
/// `to = (from & mask) ^ flip`
struct Bitwise {
  Register from, to;
  Bytes mask, flip;
};
/// Numbers of `size` bytes from the order of bytes of this machine to that of networks, or back.
struct Byteorder {
  Register from, to;
  unsigned size, length;
};
struct Compare {
  enum class Operator : std::uint8_t { equal, not_equal, less, at_most, greater, at_least } by;
  Register from;
  Bytes with;
};
struct InRange {
  bool negated;
  Register from;
  Bytes first, last;
};
struct Lookup {
  std::string set;
  Register from;
  bool negated = false;
  std::optional<Register> to;  ///< of a map whose values are no verdicts
};
/// `update @SET { KEY limit ... }`
struct UpdateSet {
  std::string set;
  Register from;
  bool negated = false;
  bool removes = false;
  bool renews = false;                           ///< an element that is there begins its timeout again
  std::uint64_t timeout = 0;                     ///< of the element, in milliseconds; 0: that of the set
  std::vector<std::optional<HeldLimit>> limits;  ///< of its statements; nothing: one that is no limit
};
struct LimitTo {
  HeldLimit limit;
};
struct NamedLimitTo {
  std::string name;
};
struct Decide {
  HeldVerdict verdict;
};
struct Reject {
  bool tcp_reset;
};
struct LogLine {
  std::string prefix;
};
/// Counts, marks and the like: changes nothing about which rules and verdicts apply.
struct Indifferent {};
struct Unknown {
  std::string what;
  bool may_decide;  ///< it may end the packet's way, or change the packet; else it only matches or does not
};
using Expression =
    std::variant<LoadMeta, LoadPayload, LoadState, LoadConstant, LoadOther, Bitwise, Byteorder, Compare, InRange,
                 Lookup, UpdateSet, LimitTo, NamedLimitTo, Decide, Reject, LogLine, Indifferent, Unknown>;

struct HeldRule {
  std::uint64_t handle = 0;
  std::string comment;
  std::vector<Expression> expressions;
};

struct HeldHook {
  std::uint32_t number = 0;
  std::int32_t priority = 0;
  std::string type;  ///< filter, nat or route
  bool drops = false;
};

struct HeldChain {
  std::string name;
  std::optional<HeldHook> hook;
  std::vector<HeldRule> rules;
};

struct HeldElement {
  Bytes key;
  Bytes last;             ///< of a concatenation of ranges; else empty
  bool ends = false;      ///< of a set of intervals: not an element, but where those before it end
  bool others = false;    ///< stands for all keys that are not in the set; the key is empty
  bool fleeting = false;  ///< does not stay
  HeldVerdict verdict;    ///< of a verdict map
};

struct HeldSet {
  bool intervals = false;
  bool fleeting = false;  ///< rules fill it, or it loses elements with time
  bool verdicts = false;  ///< a verdict map
  bool map = false;       ///< a map to anything else
  std::size_t key_size = 0;
  std::uint64_t timeout = 0;  ///< in milliseconds until an element is forgotten; 0: it is not
  std::vector<unsigned>
      fields;  ///< lengths in bytes of the parts of a concatenation; may be empty for one that has no ranges
  std::vector<HeldElement> elements;
};

struct HeldTable {
  TableFamily family = TableFamily::inet;
  std::string name;
  bool dormant = false;
  std::vector<HeldChain> chains;
  std::map<std::string, HeldSet> sets;
  std::map<std::string, HeldLimit> limits;
};

/// The tables in the order in which they were made, chains and rules likewise.
using Held = std::vector<HeldTable>;

/// `inet portpolicy`
std::string to_string(const HeldTable& table);

}  // namespace portpolicy::host
