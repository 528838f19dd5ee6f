#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/base/result.h"

namespace portpolicy {

/// `N/second|minute|hour|day [burst N] [per source]`: a token bucket that holds `burst` packets and is refilled at
/// `rate` packets a `unit`. Per source means one bucket for each IPv4 address or IPv6 /64.
struct Limit {
  enum class Unit : std::uint8_t { second, minute, hour, day };
  std::uint32_t rate = 0;
  Unit unit = Unit::second;
  std::uint32_t burst = default_burst;
  bool per_source = false;

  static constexpr std::uint32_t default_burst = 5;  ///< as in nft(8) and iptables-extensions(8)
  static constexpr std::uint32_t max_rate = 1'000'000;
  /// The kernel counts a bucket in nanoseconds, 64 bits wide: a full one at 1/day must not overflow.
  static constexpr std::uint32_t max_burst = 100'000;
  static Result<Limit> parse(std::string_view text);
  friend auto operator<=>(const Limit&, const Limit&) = default;
};
/// The same rate in the smallest unit in which it is a whole number.
Limit in_smallest_unit(Limit limit);
std::string_view to_string(Limit::Unit unit);
std::string to_string(const Limit& limit);
constexpr std::uint32_t seconds_in(Limit::Unit unit) {
  switch (unit) {
    case Limit::Unit::second:
      return 1;
    case Limit::Unit::minute:
      return 60;
    case Limit::Unit::hour:
      return 3600;
    case Limit::Unit::day:
      return 86400;
  }
  return 0;
}

}  // namespace portpolicy
