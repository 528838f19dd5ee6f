#include "compiler/diagnostics/suggest.h"

#include <doctest/doctest.h>

#include <array>

using namespace portpolicy;

namespace {
constexpr std::array<std::string_view, 6> keys{"from", "only-from", "inbound", "outbound", "ssh", "http"};
}

TEST_SUITE("suggest") {
  TEST_CASE("a swap, a missing, a wrong and a superfluous letter count once each") {
    CHECK(nearest("form", keys) == "from");
    CHECK(nearest("inbund", keys) == "inbound");
    CHECK(nearest("hxtp", keys) == "http");
    CHECK(nearest("sssh", keys) == "ssh");
  }

  TEST_CASE("two edits are close enough only for longer words") {
    CHECK(nearest("obound", keys) == "inbound");
    CHECK_FALSE(nearest("xxom", keys));
    CHECK_FALSE(nearest("oubxxnd", keys));
  }

  TEST_CASE("case does not count") {
    CHECK(nearest("SSH", keys) == "ssh");
    CHECK(nearest("InBound", keys) == "inbound");
  }

  TEST_CASE("the first of equally near candidates is taken") {
    constexpr std::array<std::string_view, 2> near{"abcd", "abce"};
    CHECK(nearest("abcx", near) == "abcd");
  }

  TEST_CASE("a nearer candidate wins over an earlier one") {
    constexpr std::array<std::string_view, 2> near{"abcdxx", "abcdex"};
    CHECK(nearest("abcdef", near) == "abcdex");
  }

  TEST_CASE("nothing near, nothing said") {
    CHECK(did_you_mean("kubernetes", keys).empty());
    CHECK(did_you_mean("", keys).empty());
    CHECK(did_you_mean("form", keys) == "did you mean `from`?");
  }
}
