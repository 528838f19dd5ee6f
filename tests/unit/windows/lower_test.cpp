#include "backends/windows/lower.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "backends/windows/print.h"
#include "compiler/graph/lower.h"
#include "tests/support/compilation.h"

using namespace portpolicy;

namespace {

struct Outcome {
  test::Compilation policy;
  windows::Ruleset rules;
  Diagnostics diagnostics;

  std::size_t count(windows::Action action) const {
    return static_cast<std::size_t>(std::ranges::count(rules.rules, action, &windows::Rule::action));
  }
};

Outcome lowered(const std::string& text, const windows::Options& options = {}) {
  Outcome result{test::compile_text(text, Thoroughness::errors), {}, {}};
  result.rules =
      windows::lower(lower(result.policy.compiled.graph, result.policy.sources), options, result.diagnostics);
  return result;
}

/// The error; there must be one.
const Diagnostic& error_of(const Outcome& result) {
  REQUIRE(result.diagnostics.errors() == 1);
  return *std::ranges::find(result.diagnostics.all(), Severity::error, &Diagnostic::severity);
}

std::string networks(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += (i == 0 ? "" : ", ") + ("10." + std::to_string(i / 100)) + "." + std::to_string(i % 100 * 2) + ".0/24";
  return "[" + text + "]";
}

}  // namespace

TEST_SUITE("rules for Windows") {
  TEST_CASE("a list that is longer than Windows takes becomes several rules") {
    const Outcome result =
        lowered("portpolicy: 1\nbase: [established]\ninbound:\n  - {allow: 22/tcp, from: " + networks(2500) + "}\n");
    REQUIRE(result.rules.rules.size() == 3);
    AddressSet all;
    for (const windows::Rule& rule : result.rules.rules) {
      CHECK(rule.conditions.remote.v4.intervals().size() <= windows::most_entries);
      CHECK(disjoint(all.v4, rule.conditions.remote.v4));
      all = unite(all, rule.conditions.remote);
    }
    CHECK(all.v4.intervals().size() == 2500);
  }

  TEST_CASE("a deny that becomes too much is told with the allow that makes it so") {
    windows::Options options;
    options.most_rules_of_one = 3;
    const Outcome result = lowered(
        "portpolicy: 1\nbase: [established]\ninbound:\n"
        "  - {name: a, allow: 22/tcp, from: 10.0.0.0/24, to: 192.0.2.0/25}\n"
        "  - {name: b, allow: 1-80/tcp, from: 10.0.0.0/25, to: 192.0.2.0/24}\n"
        "  - {name: c, allow: 20-30/tcp, from: 10.0.0.0/26, to: 192.0.2.64/26}\n"
        "  - {name: closed, deny: tcp, from: 10.0.0.0/8}\n",
        options);
    const Diagnostic& finding = error_of(result);
    CHECK(finding.code == Code::too_many_rules);
    CHECK(finding.message.contains("`closed`"));
    REQUIRE(finding.related.size() == 1);
    CHECK(finding.related.front().text.contains("lets a part of it pass"));
  }

  TEST_CASE("a policy of more rules than Windows can hold is refused") {
    windows::Options options;
    options.most_rules = 2;
    const Outcome result = lowered(
        "portpolicy: 1\nbase: [established]\ninbound:\n  - {name: long, allow: 22/tcp, from: " + networks(2500) + "}\n",
        options);
    CHECK(error_of(result).message.contains("`long`"));
  }

  TEST_CASE("more networks than Windows can hold are refused") {
    windows::Options options;
    options.most_entries = 2000;
    const Outcome result = lowered(
        "portpolicy: 1\nbase: [established]\ninbound:\n  - {name: long, allow: 22/tcp, from: " + networks(2500) + "}\n",
        options);
    CHECK(error_of(result).message.contains("2500 networks"));
  }

  TEST_CASE("the allow that is blamed is the one that makes the many rules") {
    windows::Options options;
    options.most_rules_of_one = 50;
    const Outcome result = lowered(
        "portpolicy: 1\nbase: [established]\ndefaults: {inbound: allow}\ninbound:\n"
        "  - {name: tiny, allow: any, from: 10.9.9.9}\n"
        "  - {name: web, allow: 80/tcp, to: 192.0.2.1}\n"
        "  - {name: closed, deny: any, from: 10.0.0.0/8}\n",
        options);
    CHECK(error_of(result).message.contains("`web`"));
  }

  TEST_CASE("what one protocol is cut for is joined again for the others") {
    const Outcome result = lowered(
        "portpolicy: 1\ndefaults: {outbound: allow}\noutbound:\n"
        "  - {reject: any, to: [198.51.100.0/24, \"2001:db8:bad::/48\"]}\n");
    CHECK(result.count(windows::Action::block) < 265);
  }

  TEST_CASE("an allow behind a deny is not narrowed, and one of which nothing is left for Windows is not widened") {
    const Outcome result = lowered(
        "portpolicy: 1\nbase: [established]\ninbound:\n"
        "  - {deny: 22/tcp, from: 10.0.0.0/8}\n"
        "  - {allow: 22/tcp}\n"
        "  - {name: nowhere, allow: 23/tcp, from: \"::1\"}\n"
        "  - {allow: 24/tcp, from: [127.0.0.1, 192.0.2.1]}\n");
    CHECK(result.count(windows::Action::block) == 1);
    REQUIRE(result.count(windows::Action::allow) == 2);
    CHECK(result.rules.rules[1].conditions.remote.is_all());
    CHECK(result.rules.rules[2].conditions.remote == AddressSet::of(*AddressRange::parse("192.0.2.1")));
    const auto& notes = result.diagnostics.all();
    CHECK(std::ranges::any_of(notes, [](const Diagnostic& note) {
      return note.code == Code::said_otherwise && note.message.contains("`nowhere`");
    }));
  }

  TEST_CASE("where the default denies, protocols are named one by one only as far as a later allow needs it") {
    const std::string head =
        "portpolicy: 1\nbase: [established]\ndefaults: {inbound: deny}\ninbound:\n"
        "  - {allow: 80/tcp}\n  - {deny: any, from: 192.0.2.0/24}\n";
    CHECK(lowered(head).count(windows::Action::block) == 3);  // tcp, udp, icmp; there is no icmpv6 from there
    CHECK(lowered(head + "  - {allow: esp, from: 192.0.2.0/25}\n").count(windows::Action::block) == 4);
    CHECK(lowered(head + "  - {allow: esp, from: 198.51.100.0/24}\n").count(windows::Action::block) == 3);
    CHECK(lowered(head + "  - {allow: any, from: 192.0.0.0/16}\n").count(windows::Action::block) > 250);
  }

  TEST_CASE("without an allow before it, a deny of all protocols is one rule") {
    const Outcome result = lowered(
        "portpolicy: 1\nbase: [established]\ndefaults: {inbound: allow}\ninbound:\n  - {deny: any, from: "
        "192.0.2.0/24}\n");
    REQUIRE(result.rules.rules.size() == 1);
    CHECK_FALSE(result.rules.rules.front().conditions.protocol);
  }
}
