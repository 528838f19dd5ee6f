#include "backends/common/numbers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace portpolicy::backend {
namespace {

void append_hexadecimal(std::string& text, std::uint16_t group) {
  std::array<char, 4> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16).ptr;
  text.append(digits.data(), end);
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

void append_range(std::string& text, Interval<std::uint32_t> range) {
  append_any_range(text, range);
}
void append_range(std::string& text, Interval<Uint128> range) {
  append_any_range(text, range);
}

void append_prefix(std::string& text, Prefix prefix) {
  if (prefix.address.family == Family::ipv4) append_v4(text, static_cast<std::uint32_t>(prefix.address.bits));
  else append_v6(text, prefix.address.bits);
  if (prefix.length == address_bits(prefix.address.family)) return;
  text += '/';
  append_number(text, static_cast<std::uint64_t>(prefix.length));
}

}  // namespace portpolicy::backend
