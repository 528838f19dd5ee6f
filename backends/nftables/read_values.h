#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "backends/nftables/read_lexer.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/interval_set.h"

namespace portpolicy::nft::text {

/// What a value is of (nft(8), "data types").
enum class Type : std::uint8_t {
  ipv4,
  ipv6,
  protocol,
  nfproto,
  ethertype,
  port,
  icmp_type,
  icmp_code,
  icmpv6_type,
  icmpv6_code,
  interface_name,
  interface_index,
  state,
};
/// Of the types that a set may declare; nothing for others.
std::optional<Type> type_named(std::string_view name);
Uint128 greatest(Type type);

/// Values as numbers, both ends included. An interface is the number that `Interfaces` gives its pattern.
using Range = Interval<Uint128>;

class Interfaces {
 public:
  std::uint32_t number(const InterfacePattern& pattern);
  const InterfacePattern& pattern(std::uint32_t number) const { return patterns_[number]; }

 private:
  std::map<InterfacePattern, std::uint32_t> numbers_;
  std::vector<InterfacePattern> patterns_;
};

/// The number behind a name of nft's, such as `echo-request`, `tcp` or `established`.
std::optional<std::uint32_t> number_named(Type type, std::string_view name);

enum class Read : std::uint8_t {
  yes,
  unknown,  ///< it may be fine, but what it stands for is not known here
  refused,  ///< nft would refuse it, which has been said
};
/// A value, a range `a-b` or a prefix.
Read read_range(const Source& source, Lexer& lexer, Type type, Interfaces& interfaces, Range& range);
/// In milliseconds; nothing unless it is one, such as `1h30m`.
std::optional<Uint128> read_time_span(std::string_view text);
/// Whether a range of more than one value was written as such, or as a prefix.
inline bool is_wide(const Range& range) {
  return range.first != range.last;
}

}  // namespace portpolicy::nft::text
