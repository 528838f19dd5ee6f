#include "backends/nftables/format.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <string_view>

namespace portpolicy::nft {
namespace {

void append_hexadecimal(std::string& text, std::uint16_t group) {
  std::array<char, 4> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16).ptr;
  text.append(digits.data(), end);
}

std::string_view name_of_protocol(Protocol protocol) {
  switch (protocol.number) {
    case 1:
      return "icmp";
    case 2:
      return "igmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 33:
      return "dccp";
    case 50:
      return "esp";
    case 51:
      return "ah";
    case 58:
      return "icmpv6";
    case 108:
      return "comp";
    case 132:
      return "sctp";
    case 136:
      return "udplite";
    default:
      return {};
  }
}

std::string_view name_of_icmp_type(std::uint8_t type) {
  switch (type) {
    case 0:
      return "echo-reply";
    case 3:
      return "destination-unreachable";
    case 4:
      return "source-quench";
    case 5:
      return "redirect";
    case 8:
      return "echo-request";
    case 9:
      return "router-advertisement";
    case 10:
      return "router-solicitation";
    case 11:
      return "time-exceeded";
    case 12:
      return "parameter-problem";
    case 13:
      return "timestamp-request";
    case 14:
      return "timestamp-reply";
    case 15:
      return "info-request";
    case 16:
      return "info-reply";
    case 17:
      return "address-mask-request";
    case 18:
      return "address-mask-reply";
    default:
      return {};
  }
}

std::string_view name_of_icmpv6_type(std::uint8_t type) {
  switch (type) {
    case 1:
      return "destination-unreachable";
    case 2:
      return "packet-too-big";
    case 3:
      return "time-exceeded";
    case 4:
      return "parameter-problem";
    case 128:
      return "echo-request";
    case 129:
      return "echo-reply";
    case 130:
      return "mld-listener-query";
    case 131:
      return "mld-listener-report";
    case 132:
      return "mld-listener-done";
    case 133:
      return "nd-router-solicit";
    case 134:
      return "nd-router-advert";
    case 135:
      return "nd-neighbor-solicit";
    case 136:
      return "nd-neighbor-advert";
    case 137:
      return "nd-redirect";
    case 138:
      return "router-renumbering";
    case 141:
      return "ind-neighbor-solicit";
    case 142:
      return "ind-neighbor-advert";
    case 143:
      return "mld2-listener-report";
    default:
      return {};
  }
}

void append_address(std::string& text, std::uint32_t address) {
  append_v4(text, address);
}
void append_address(std::string& text, Uint128 address) {
  append_v6(text, address);
}

int trailing_zeros(std::uint32_t bits) {
  return std::countr_zero(bits);
}
int trailing_zeros(Uint128 bits) {
  const auto low = static_cast<std::uint64_t>(bits);
  return low != 0 ? std::countr_zero(low) : 64 + std::countr_zero(static_cast<std::uint64_t>(bits >> 64));
}

template <class T>
void append_any_range(std::string& text, Interval<T> range) {
  constexpr int bits = 8 * sizeof(T);
  append_address(text, range.first);
  if (range.first == range.last) return;
  // A prefix spans a power of two addresses, and begins at a multiple of that.
  const T last_host = static_cast<T>(range.last - range.first);
  const T span = static_cast<T>(last_host + 1);  // 0: all addresses
  if ((last_host & span) == 0 && (range.first & last_host) == 0) {
    text += '/';
    append_number(text, static_cast<std::uint64_t>(span == 0 ? 0 : bits - trailing_zeros(span)));
  } else {
    text += '-';
    append_address(text, range.last);
  }
}

}  // namespace

void append_number(std::string& text, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), end);
}

void append_v4(std::string& text, std::uint32_t address) {
  std::array<char, 15> characters;
  char* end = characters.data();
  for (int shift = 24; shift >= 0; shift -= 8) {
    const unsigned byte = address >> shift & 0xff;
    if (byte >= 100) *end++ = static_cast<char>('0' + byte / 100);
    if (byte >= 10) *end++ = static_cast<char>('0' + byte / 10 % 10);
    *end++ = static_cast<char>('0' + byte % 10);
    if (shift > 0) *end++ = '.';
  }
  text.append(characters.data(), end);
}

void append_v6(std::string& text, Uint128 address) {
  constexpr int count = 8;
  const auto group = [&](int i) { return static_cast<std::uint16_t>(address >> (16 * (count - 1 - i))); };
  // The first of the longest runs of two or more zero groups becomes `::`.
  int run = count, run_length = 1;
  for (int i = 0; i < count; ++i) {
    int end = i;
    while (end < count && group(end) == 0) ++end;
    if (end - i > run_length) {
      run = i;
      run_length = end - i;
    }
    i = std::max(i, end - 1);
  }
  for (int i = 0; i < count; ++i) {
    if (i == run) {
      text += "::";
      i += run_length - 1;
      continue;
    }
    if (i != 0 && text.back() != ':') text += ':';
    append_hexadecimal(text, group(i));
  }
}

void append_mask(std::string& text, Family family, int length) {
  const int zeros = address_bits(family) - length;
  const Uint128 mask = zeros == 128 ? 0 : ~Uint128{0} >> zeros << zeros;
  if (family == Family::ipv4) append_v4(text, static_cast<std::uint32_t>(mask));
  else append_v6(text, mask);
}

void append_range(std::string& text, Interval<std::uint32_t> range) {
  append_any_range(text, range);
}
void append_range(std::string& text, Interval<Uint128> range) {
  append_any_range(text, range);
}

void append_protocol(std::string& text, Protocol protocol) {
  const std::string_view name = name_of_protocol(protocol);
  if (name.empty()) append_number(text, protocol.number);
  else text += name;
}

void append_icmp_type(std::string& text, Family family, std::uint8_t type) {
  const std::string_view name = family == Family::ipv4 ? name_of_icmp_type(type) : name_of_icmpv6_type(type);
  if (name.empty()) append_number(text, type);
  else text += name;
}

void append_duration(std::string& text, std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    char letter;
  };
  static constexpr std::array<Unit, 4> units{{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  const std::size_t start = text.size();
  for (const Unit unit : units) {
    assert(unit.seconds != 0);
    if (seconds < unit.seconds && (unit.seconds != 1 || text.size() != start)) continue;
    append_number(text, seconds / unit.seconds);
    text += unit.letter;
    seconds %= unit.seconds;
  }
}

void append_limit(std::string& text, const Limit& limit) {
  append_number(text, limit.rate);
  text += '/';
  text += to_string(limit.unit);
  text += " burst ";
  append_number(text, limit.burst);
  text += " packets";
}

}  // namespace portpolicy::nft
