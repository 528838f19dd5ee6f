#include "compiler/diagnostics/code.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace portpolicy;

TEST_SUITE("codes") {
  TEST_CASE("a code is found by its name with or without PP, in either case") {
    CHECK(code_named("PP301") == Code::conflict);
    CHECK(code_named("pp301") == Code::conflict);
    CHECK(code_named("301") == Code::conflict);
  }

  TEST_CASE("what is no code is not found") {
    for (const std::string_view text : {"", "PP", "PP999", "PP0301", "PP30", "0301", "XP301", "PP301 ", "-301"}) {
      CAPTURE(text);
      CHECK_FALSE(code_named(text));
    }
  }

  TEST_CASE("every code finds its own row by name") {
    for (const CodeInfo& row : all_codes()) {
      CAPTURE(to_string(row.code));
      CHECK(code_named(to_string(row.code)) == row.code);
      CHECK(info(row.code).title == row.title);
    }
  }

  TEST_CASE("every code is explained, each with a title of its own") {
    std::set<std::string_view> titles;
    for (const CodeInfo& row : all_codes()) {
      CAPTURE(to_string(row.code));
      CHECK(titles.insert(row.title).second);
      CHECK_FALSE(row.title.ends_with('.'));
      CHECK(row.cause.ends_with('.'));
      CHECK(row.example.ends_with('\n'));
      CHECK(row.remedy.ends_with('.'));
    }
  }

  TEST_CASE("only what leaves the meaning of a policy in no doubt is a warning") {
    std::set<Code> warnings;
    for (const CodeInfo& row : all_codes()) {
      if (row.severity == Severity::warning) warnings.insert(row.code);
    }
    CHECK(warnings == std::set{Code::registry_service_redefined, Code::service_of_udp, Code::never_matches,
                               Code::expired, Code::waived_nothing, Code::exposed, Code::redundant,
                               Code::limit_without_effect, Code::unused, Code::ending_soon, Code::icmp_answers,
                               Code::crossing, Code::overtaken, Code::family_forgotten, Code::left_out});
  }
}
