#include "compiler/base/address.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "compiler/base/decimal.h"

namespace portpolicy {
namespace {

constexpr int groups = 8;  // of 16 bits, in an IPv6 address

Uint128 all_ones(Family family) {
  return family == Family::ipv4 ? Uint128{0xFFFFFFFF} : ~Uint128{0};
}

Uint128 host_mask(Family family, int length) {
  const int host_bits = address_bits(family) - length;
  if (host_bits == 128) return all_ones(family);
  return static_cast<Uint128>((Uint128{1} << host_bits) - 1);
}

Result<std::uint32_t> parse_dotted_quad(std::string_view text) {
  std::uint32_t bits = 0;
  std::string_view rest = text;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = rest.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) {
      return fail(quoted(text) + " is not an IPv4 address: four numbers separated by dots");
    }
    const Result<std::uint32_t> byte = parse_decimal(rest.substr(0, dot), 0, 255);
    if (!byte) return fail(quoted(text) + " is not an IPv4 address: " + byte.error().message);
    bits = bits << 8 | *byte;
    if (i < 3) rest.remove_prefix(dot + 1);
  }
  return bits;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// One side of `::`, or an address without it: at most `groups` groups, the last two perhaps as a dotted quad.
struct GroupList {
  Uint128 bits = 0;
  int count = 0;
};

Result<std::uint16_t> parse_group(std::string_view text) {
  if (text.empty()) return fail("a group of digits is missing");
  if (text.size() > 4) return fail(quoted(text) + " has more than four hexadecimal digits");
  unsigned value = 0;
  for (const char c : text) {
    if (hex_value(c) < 0) return fail(quoted(text) + " is not hexadecimal");
    value = value << 4 | static_cast<unsigned>(hex_value(c));
  }
  return static_cast<std::uint16_t>(value);
}

Result<GroupList> parse_groups(std::string_view text, bool quad_allowed) {
  GroupList list;
  if (text.empty()) return list;
  for (bool more = true; more;) {
    const std::size_t colon = text.find(':');
    const std::string_view part = text.substr(0, colon);
    more = colon != std::string_view::npos;
    if (!more && quad_allowed && part.find('.') != std::string_view::npos) {
      const Result<std::uint32_t> quad = parse_dotted_quad(part);
      if (!quad) return std::unexpected(quad.error());
      list.bits = list.bits << 32 | *quad;
      list.count += 2;
    } else {
      const Result<std::uint16_t> group = parse_group(part);
      if (!group) return std::unexpected(group.error());
      list.bits = list.bits << 16 | *group;
      list.count += 1;
    }
    if (list.count > groups) return fail("it has more than eight groups");
    if (more) text.remove_prefix(colon + 1);
  }
  return list;
}

Result<Uint128> parse_ipv6_bits(std::string_view text) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const Result<GroupList> list = parse_groups(text, true);
    if (!list) return std::unexpected(list.error());
    if (list->count < groups) return fail("it has fewer than eight groups and no `::`");
    return list->bits;
  }
  const std::string_view tail = text.substr(gap + 2);
  if (tail.find("::") != std::string_view::npos || tail.starts_with(':')) {
    return fail("`::` may stand only once");
  }
  const Result<GroupList> before = parse_groups(text.substr(0, gap), false);
  if (!before) return std::unexpected(before.error());
  const Result<GroupList> after = parse_groups(tail, true);
  if (!after) return std::unexpected(after.error());
  if (before->count + after->count >= groups) return fail("`::` stands for no group");
  if (before->count == 0) return after->bits;
  return static_cast<Uint128>(before->bits << (16 * (groups - before->count)) | after->bits);
}

Result<Address> parse_ipv6(std::string_view text) {
  if (text.find('%') != std::string_view::npos) {
    return fail(quoted(text) + " has a zone index; say the interface with `in` or `out`");
  }
  const Result<Uint128> bits = parse_ipv6_bits(text);
  if (!bits) return fail(quoted(text) + " is not an IPv6 address: " + bits.error().message);
  return Address{Family::ipv6, *bits};
}

std::string dotted_quad(std::uint32_t bits) {
  std::string text = std::to_string(bits >> 24);
  for (const int shift : {16, 8, 0}) text += "." + std::to_string(bits >> shift & 0xFF);
  return text;
}

unsigned group_of(Uint128 bits, int index) {
  return static_cast<unsigned>(bits >> (16 * (groups - 1 - index)) & 0xFFFF);
}

/// The groups that `::` replaces: the first of the longest runs of zeros, of at least two (RFC 5952, 4.2).
std::pair<int, int> longest_zero_run(Uint128 bits) {
  std::pair<int, int> best{groups, groups};
  for (int begin = 0; begin < groups; ++begin) {
    int end = begin;
    while (end < groups && group_of(bits, end) == 0) ++end;
    if (end - begin >= 2 && end - begin > best.second - best.first) best = {begin, end};
  }
  return best;
}

std::string hexadecimal(unsigned group) {
  std::string text;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = group >> shift & 0xF;
    if (digit != 0 || !text.empty() || shift == 0) text += "0123456789abcdef"[digit];
  }
  return text;
}

std::string ipv6_text(Uint128 bits) {
  if (bits >> 32 == 0xFFFF) return "::ffff:" + dotted_quad(static_cast<std::uint32_t>(bits & 0xFFFFFFFF));
  const auto [gap_begin, gap_end] = longest_zero_run(bits);
  std::string text;
  for (int i = 0; i < groups; ++i) {
    if (i == gap_begin) {
      text += "::";
      i = gap_end - 1;
      continue;
    }
    if (!text.empty() && !text.ends_with(':')) text += ':';
    text += hexadecimal(group_of(bits, i));
  }
  return text;
}

struct WrittenPrefix {
  Address address;  ///< as written, host bits and all
  int length = 0;
  Uint128 host_bits() const { return address.bits & host_mask(address.family, length); }
  Prefix meant() const { return {{address.family, address.bits & ~host_mask(address.family, length)}, length}; }
};

Result<WrittenPrefix> parse_written_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const Result<Address> address = Address::parse(text.substr(0, slash));
  if (!address) return std::unexpected(address.error());
  const std::string_view after = text.substr(slash + 1);
  const int most = address_bits(address->family);
  const Result<std::uint32_t> length = parse_decimal(after, 0, static_cast<std::uint32_t>(most));
  if (!length) {
    return fail(quoted(text) + " is not a prefix: after `/` stands a length from 0 to " + std::to_string(most) +
                (after.empty() ? ", which is missing" : ", not " + quoted(after)));
  }
  return WrittenPrefix{*address, static_cast<int>(*length)};
}

Result<AddressRange> parse_prefix(std::string_view text) {
  const Result<WrittenPrefix> written = parse_written_prefix(text);
  if (!written) return std::unexpected(written.error());
  if (written->host_bits() != 0) {
    return fail(quoted(text) + " has host bits set; the prefix meant may be `" + to_string(written->meant()) + "`");
  }
  const Address first = written->address;
  return AddressRange{first.family, first.bits, first.bits | host_mask(first.family, written->length)};
}

Result<AddressRange> parse_span(std::string_view text, std::size_t dash) {
  const std::string_view left = text.substr(0, dash);
  const std::string_view right = text.substr(dash + 1);
  if (left.ends_with(' ') || right.starts_with(' ')) return fail(quoted(text) + " is a range with spaces; write `a-b`");
  const Result<Address> first = Address::parse(left);
  if (!first) return std::unexpected(first.error());
  const Result<Address> last = Address::parse(right);
  if (!last) return std::unexpected(last.error());
  if (first->family != last->family) return fail(quoted(text) + " mixes an IPv4 and an IPv6 address");
  if (last->bits < first->bits) {
    return fail(quoted(text) + " ends before it begins; the range meant may be `" + to_string(*last) + "-" +
                to_string(*first) + "`");
  }
  return AddressRange{first->family, first->bits, last->bits};
}

}  // namespace

std::string_view to_string(Family family) {
  return family == Family::ipv4 ? "IPv4" : "IPv6";
}

Result<Address> Address::parse(std::string_view text) {
  if (text.empty()) return fail("an address is missing");
  if (text.find(':') != std::string_view::npos) return parse_ipv6(text);
  const bool numeric = std::all_of(text.begin(), text.end(), [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
  if (!numeric) return fail(quoted(text) + " is not an address");
  const Result<std::uint32_t> bits = parse_dotted_quad(text);
  if (!bits) return std::unexpected(bits.error());
  return Address{Family::ipv4, *bits};
}

std::string to_string(Address address) {
  return address.family == Family::ipv4 ? dotted_quad(static_cast<std::uint32_t>(address.bits))
                                        : ipv6_text(address.bits);
}

std::string to_string(Prefix prefix) {
  return to_string(prefix.address) + "/" + std::to_string(prefix.length);
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return parse_prefix(text);
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) return parse_span(text, dash);
  const Result<Address> address = Address::parse(text);
  if (!address) return std::unexpected(address.error());
  return AddressRange{address->family, address->bits, address->bits};
}

std::optional<Prefix> prefix_with_host_bits(std::string_view text) {
  if (text.find('/') == std::string_view::npos) return std::nullopt;
  const Result<WrittenPrefix> written = parse_written_prefix(text);
  if (!written || written->host_bits() == 0) return std::nullopt;
  return written->meant();
}

std::optional<Prefix> as_prefix(AddressRange range) {
  const Uint128 differing = range.first ^ range.last;
  const bool is_mask = (differing & (differing + 1)) == 0;
  if (!is_mask || (range.first & differing) != 0) return std::nullopt;
  const int host_bits =
      std::popcount(static_cast<std::uint64_t>(differing >> 64)) + std::popcount(static_cast<std::uint64_t>(differing));
  return Prefix{{range.family, range.first}, address_bits(range.family) - host_bits};
}

std::string to_string(AddressRange range) {
  std::string first = to_string(Address{range.family, range.first});
  if (range.first == range.last) return first;
  if (const std::optional<Prefix> prefix = as_prefix(range)) return to_string(*prefix);
  return first + "-" + to_string(Address{range.family, range.last});
}

AddressSet AddressSet::of(const std::vector<AddressRange>& ranges) {
  std::vector<Interval<std::uint32_t>> v4;
  std::vector<Interval<Uint128>> v6;
  for (const AddressRange& range : ranges) {
    if (range.family == Family::ipv6) v6.push_back({range.first, range.last});
    else v4.push_back({static_cast<std::uint32_t>(range.first), static_cast<std::uint32_t>(range.last)});
  }
  return {IntervalSet<std::uint32_t>::of(std::move(v4)), IntervalSet<Uint128>::of(std::move(v6))};
}

std::vector<AddressRange> AddressSet::ranges(Family family) const {
  std::vector<AddressRange> ranges;
  if (family == Family::ipv4) {
    for (const Interval<std::uint32_t>& interval : v4.intervals()) {
      ranges.push_back({family, interval.first, interval.last});
    }
  } else {
    for (const Interval<Uint128>& interval : v6.intervals()) ranges.push_back({family, interval.first, interval.last});
  }
  return ranges;
}

AddressSet unite(const AddressSet& a, const AddressSet& b) {
  return {unite(a.v4, b.v4), unite(a.v6, b.v6)};
}
AddressSet intersect(const AddressSet& a, const AddressSet& b) {
  return {intersect(a.v4, b.v4), intersect(a.v6, b.v6)};
}
AddressSet subtract(const AddressSet& a, const AddressSet& b) {
  return {subtract(a.v4, b.v4), subtract(a.v6, b.v6)};
}

}  // namespace portpolicy
