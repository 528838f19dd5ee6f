#include "compiler/base/decimal.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_CASE("a decimal number is strict and within its bounds") {
  CHECK(*parse_decimal("0", 0, 10) == 0);
  CHECK(*parse_decimal("10", 10, 10) == 10);
  CHECK(*parse_decimal("4294967295", 0, 4294967295) == 4294967295);
  CHECK(parse_decimal("4294967296", 0, 4294967295).error().message == "`4294967296` is more than 4294967295");
  CHECK(parse_decimal("9", 10, 10).error().message == "`9` is less than 10");
  CHECK(parse_decimal("", 0, 10).error().message == "a number is missing");
  CHECK(parse_decimal("1e1", 0, 10).error().message == "`1e1` is not a decimal number");
  CHECK(parse_decimal("00", 0, 10).error().message == "`00` has a leading zero");
  CHECK_FALSE(parse_decimal(std::string(1000, '9'), 0, 10).has_value());
}

TEST_CASE("a long text is cut for a message, between two characters") {
  CHECK(quoted("short") == "`short`");
  CHECK(quoted(std::string(80, 'x')) == "`" + std::string(80, 'x') + "`");
  CHECK(quoted(std::string(100, 'x')) == "`" + std::string(80, 'x') + "...`");
  CHECK(quoted(std::string(79, 'x') + "\xc3\xa4\xc3\xa4") == "`" + std::string(79, 'x') + "...`");
}
