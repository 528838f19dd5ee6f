#include "compiler/base/decimal.h"

#include <algorithm>

namespace portpolicy {

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 80;
  if (text.size() <= longest) return "`" + std::string(text) + "`";
  std::size_t end = longest;
  // Not in the middle of a UTF-8 sequence.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "`" + std::string(text.substr(0, end)) + "...`";
}

Result<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t least, std::uint32_t most) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty()) return fail("a number is missing");
  if (!std::all_of(text.begin(), text.end(), is_digit)) return fail(quoted(text) + " is not a decimal number");
  if (text.size() > 1 && text[0] == '0') return fail(quoted(text) + " has a leading zero");
  std::uint64_t value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (value > most) return fail(quoted(text) + " is more than " + std::to_string(most));
  }
  if (value < least) return fail(quoted(text) + " is less than " + std::to_string(least));
  return static_cast<std::uint32_t>(value);
}

}  // namespace portpolicy
