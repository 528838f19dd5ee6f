#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/interval_set.h"
#include "compiler/base/result.h"

namespace portpolicy {

__extension__ typedef unsigned __int128 Uint128;

enum class Family : std::uint8_t { ipv4, ipv6 };
inline constexpr std::array families{Family::ipv4, Family::ipv6};

/// 32 or 128.
constexpr int address_bits(Family family) {
  return family == Family::ipv4 ? 32 : 128;
}
constexpr Family other_family(Family family) {
  return family == Family::ipv4 ? Family::ipv6 : Family::ipv4;
}
/// "IPv4" or "IPv6".
std::string_view to_string(Family family);

/// An IPv4 or IPv6 address as a number; an IPv4 address uses the low 32 bits.
struct Address {
  Family family = Family::ipv4;
  Uint128 bits = 0;

  /// Dotted quad without leading zeros, or RFC 4291 section 2.2 text. No zone index, no host name.
  static Result<Address> parse(std::string_view text);
  friend constexpr auto operator<=>(const Address&, const Address&) = default;
};
/// The form of RFC 5952 for IPv6.
std::string to_string(Address address);

/// A network with no host bits set.
struct Prefix {
  Address address;
  int length = 0;  ///< leading bits that are fixed, 0 to 32 or 128
  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;
};
std::string to_string(Prefix prefix);
/// The prefix that was meant by one with host bits set (10.0.0.0/8 for `10.1.2.3/8`); nothing for any other text.
std::optional<Prefix> prefix_with_host_bits(std::string_view text);

/// The addresses of one family from `first` to `last`, both included.
struct AddressRange {
  Family family = Family::ipv4;
  Uint128 first = 0;
  Uint128 last = 0;

  /// An address, a prefix or `a-b`. Host bits in a prefix are an error that names the prefix meant.
  static Result<AddressRange> parse(std::string_view text);
  friend constexpr auto operator<=>(const AddressRange&, const AddressRange&) = default;
};
/// The shortest of address, prefix and `a-b`.
std::string to_string(AddressRange range);
/// The one prefix that covers exactly this range, if there is one.
std::optional<Prefix> as_prefix(AddressRange range);

/// Addresses of both families. A rule that says nothing of addresses has `AddressSet::all()`.
struct AddressSet {
  IntervalSet<std::uint32_t> v4;
  IntervalSet<Uint128> v6;

  static AddressSet all() { return {IntervalSet<std::uint32_t>::all(), IntervalSet<Uint128>::all()}; }
  static AddressSet all(Family family) {
    return family == Family::ipv4 ? AddressSet{all().v4, {}} : AddressSet{{}, all().v6};
  }
  static AddressSet of(const AddressRange& range) { return of(std::vector<AddressRange>{range}); }
  static AddressSet of(const std::vector<AddressRange>& ranges);

  bool empty() const { return v4.empty() && v6.empty(); }
  bool empty(Family family) const { return family == Family::ipv4 ? v4.empty() : v6.empty(); }
  bool is_all() const { return v4.is_all() && v6.is_all(); }
  bool is_all(Family family) const { return family == Family::ipv4 ? v4.is_all() : v6.is_all(); }
  bool contains(Address address) const {
    return address.family == Family::ipv4 ? v4.contains(static_cast<std::uint32_t>(address.bits))
                                          : v6.contains(address.bits);
  }
  /// The ranges of one family, ascending.
  std::vector<AddressRange> ranges(Family family) const;
  friend bool operator==(const AddressSet&, const AddressSet&) = default;
};
AddressSet unite(const AddressSet& a, const AddressSet& b);
AddressSet intersect(const AddressSet& a, const AddressSet& b);
AddressSet subtract(const AddressSet& a, const AddressSet& b);

}  // namespace portpolicy
