#include "compiler/base/date.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_CASE("a date is a day that exists") {
  for (const char* text : {"2026-11-22", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"}) {
    REQUIRE_MESSAGE(parse_date(text).has_value(), text);
    CHECK(to_string(*parse_date(text)) == text);
  }
  for (const char* text : {"", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-04-31", "2026-1-1",
                           "26-01-01", "2026-11-22 ", "2026/11/22", "2026-11-2x", "+026-11-22", "2026-11-220"}) {
    CHECK_FALSE_MESSAGE(parse_date(text).has_value(), text);
  }
  CHECK(parse_date("2026-02-29").error().message == "there is no day `2026-02-29`");
}

TEST_CASE("dates are in the order of the calendar") {
  CHECK(*parse_date("2026-09-30") < *parse_date("2026-10-01"));
  CHECK(*parse_date("2026-12-31") < *parse_date("2027-01-01"));
}
