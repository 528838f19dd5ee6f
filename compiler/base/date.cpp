#include "compiler/base/date.h"

#include <algorithm>

#include "compiler/base/decimal.h"

namespace portpolicy {
namespace {

bool has_date_shape(std::string_view text) {
  constexpr std::string_view shape = "dddd-dd-dd";
  const auto fits = [](char c, char wanted) { return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted; };
  return std::ranges::equal(text, shape, fits);
}

unsigned number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

std::string padded(unsigned value, std::size_t width) {
  const std::string digits = std::to_string(value);
  return std::string(width - std::min(width, digits.size()), '0') + digits;
}

}  // namespace

Result<Date> parse_date(std::string_view text) {
  if (!has_date_shape(text)) return fail(quoted(text) + " is not a date of the form YYYY-MM-DD");
  const Date date{std::chrono::year(static_cast<int>(number(text.substr(0, 4)))),
                  std::chrono::month(number(text.substr(5, 2))), std::chrono::day(number(text.substr(8, 2)))};
  if (!date.ok()) return fail("there is no day " + quoted(text));
  return date;
}

std::string to_string(Date date) {
  return padded(static_cast<unsigned>(static_cast<int>(date.year())), 4) + "-" +
         padded(static_cast<unsigned>(date.month()), 2) + "-" + padded(static_cast<unsigned>(date.day()), 2);
}

}  // namespace portpolicy
