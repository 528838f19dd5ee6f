#include "compiler/base/limit.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_CASE("a limit is read and printed in its one form") {
  for (const char* text : {"1/second", "10/minute", "1000000/hour", "3/day burst 100000", "10/minute per source",
                           "10/minute burst 20 per source"}) {
    REQUIRE_MESSAGE(Limit::parse(text).has_value(), text);
    CHECK(to_string(*Limit::parse(text)) == text);
  }
  CHECK(*Limit::parse("10/minute burst 20 per source") == Limit{10, Limit::Unit::minute, 20, true});
  CHECK(*Limit::parse("10/minute") == Limit{10, Limit::Unit::minute, 5, false});
  CHECK(to_string(*Limit::parse("10/minute burst 5")) == "10/minute");
  CHECK(*Limit::parse("  10/minute   per  source ") == *Limit::parse("10/minute per source"));
}

TEST_CASE("a rate in the smallest unit that has a whole number of it") {
  const auto smallest = [](std::string_view text) { return to_string(in_smallest_unit(*Limit::parse(text))); };
  CHECK(smallest("120/hour burst 9 per source") == "2/minute burst 9 per source");
  CHECK(smallest("172800/day") == "2/second");
  CHECK(smallest("10/minute") == "10/minute");
  CHECK(smallest("1000000/second") == "1000000/second");
  CHECK(smallest("7/day") == "7/day");
}

TEST_CASE("a limit of another form is refused") {
  for (const char* text : {"",
                           "   ",
                           "10",
                           "0/minute",
                           "010/minute",
                           "1000001/second",
                           "10/",
                           "/minute",
                           "10/minutes",
                           "10/m",
                           "-1/minute",
                           "10 / minute",
                           "10/minute burst",
                           "10/minute burst 0",
                           "10/minute burst x",
                           "10/minute burst 100001",
                           "10/minute per",
                           "10/minute source",
                           "10/minute per source burst 20",
                           "10/minute per source per source",
                           "10/minute per host",
                           "10/minute burst per source",
                           "10/minute\tper source"}) {
    CHECK_FALSE_MESSAGE(Limit::parse(text).has_value(), text);
  }
  CHECK(Limit::parse("0/day").error().message == "the rate is wrong: `0` is less than 1");
}

TEST_CASE("a full bucket of any limit is less than 2^63 nanoseconds") {
  const std::uint64_t slowest = seconds_in(Limit::Unit::day) * std::uint64_t{1'000'000'000};
  CHECK(Limit::max_burst <= (std::uint64_t{1} << 63) / slowest);
}
