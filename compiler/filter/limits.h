#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/limit.h"
#include "compiler/filter/filter.h"
#include "compiler/packets/box.h"

namespace portpolicy::filter {

/// Families as bits.
using Families = std::uint8_t;
constexpr Families bit(Family family) {
  return family == Family::ipv4 ? 1 : 2;
}

inline constexpr Families both_families = bit(Family::ipv4) | bit(Family::ipv6);

/// The families that packets of these boxes have.
Families families_of(const std::vector<Box>& boxes);

/// What a limit is known by in two rule sets, which have no names for it in common: what it says, and the how manyth one it
/// is of those that say so. One `per source` is two, for IPv4 and IPv6 addresses share no bucket.
struct LimitKey {
  Limit limit;               ///< in the smallest unit, for `120/hour` and `2/minute` are one rate
  Families families = 0;     ///< whose packets meet it
  std::uint32_t number = 0;  ///< of those alike, in the order in which packets meet them, from 0
  friend auto operator<=>(const LimitKey&, const LimitKey&) = default;
};
/// ``the limit `10/minute burst 20` ``, with a number behind it where it is not the first of its kind.
std::string to_string(const LimitKey& key);

/// The limits of one rule set by their keys. Those that no rule asks which decides something have none.
class LimitKeys {
 public:
  LimitKeys() = default;
  explicit LimitKeys(const Filter& filter);

  /// Packets of these families meet the limit, after those that were noted before. `which` tells limits apart.
  void meet(std::uint32_t which, const Limit& limit, Families families);
  /// To be called when all are noted.
  void number();

  /// What `which` is for packets of one family; nothing when none of them meets it.
  std::optional<LimitKey> key(std::uint32_t which, Family family) const;
  /// Every key, in order of first meeting.
  const std::vector<LimitKey>& all() const { return met_; }

 private:
  using Place = std::pair<std::uint32_t, Families>;  // of one per source: which, and its family; else which, and 0
  std::vector<LimitKey> met_;
  std::map<Place, std::size_t> index_of_;
};

}  // namespace portpolicy::filter
