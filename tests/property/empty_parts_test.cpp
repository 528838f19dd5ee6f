#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"

// Which entries of a rule's lists can match nothing: just those with which alone in its list the rule would be empty.

using namespace portpolicy;

namespace {

using Words = std::vector<std::string>;

const Words services{"icmp/8", "icmpv6/128", "1/tcp", "esp", "igmp", "ping", "tests"};
const Words networks{"10.0.0.0/8",      "10.1.0.0/16",        "192.0.2.1", "\"2001:db8::/32\"",
                     "\"2001:db8::7\"", "\"fd00::-fd00::9\"", "four",      "six",
                     "mixed",           "link-local"};
const std::string definitions =
    "portpolicy: 1\nnetworks:\n  four: [10.2.0.0/16, 198.51.100.0/24]\n  six: \"2001:db8:1::/48\"\n"
    "  mixed: [10.3.0.0/16, \"fd00::/8\"]\nservices:\n  ping: [icmp/8, icmpv6/128]\n  tests: [icmp/8, icmp/13]\n"
    "base: []\ndefaults: {inbound: deny}\ninbound:\n";

Words some(std::mt19937& random, const Words& from, std::size_t most) {
  Words all = from;
  std::ranges::shuffle(all, random);
  all.resize(1 + random() % most);
  return all;
}

std::string listed(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "[" : ", ") + word;
  return text + "]";
}

struct Written {
  Words services, from, except, to;

  std::string rule() const {
    std::string text = "  - {allow: " + listed(services) + ", from: ";
    text += except.empty() ? listed(from) : "{any: " + listed(from) + ", except: " + listed(except) + "}";
    if (!to.empty()) text += ", to: " + listed(to);
    return text + "}\n";
  }
};

struct Checked {
  SourceMap sources;
  Diagnostics diagnostics;

  explicit Checked(const Written& written) {
    test::MemoryReader reader({{"policy.yaml", definitions + written.rule()}});
    REQUIRE(compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::all, sources, diagnostics));
  }
  bool is_empty() const {
    return std::ranges::any_of(diagnostics.all(), [](const Diagnostic& finding) {
      return finding.code == Code::never_matches && finding.message.starts_with("rule ");
    });
  }
  /// The entries that are said to match nothing, each with a letter for its list.
  std::multiset<std::string> parts() const {
    std::multiset<std::string> found;
    for (const Diagnostic& finding : diagnostics.all()) {
      if (finding.code != Code::never_matches || finding.message.starts_with("this exception")) continue;
      const Span where = finding.primary.where;
      const bool service = finding.message.starts_with("this service"), to = finding.message.contains("of `to`");
      found.insert((service ? "s "
                    : to    ? "t "
                            : "f ") +
                   std::string(sources.text(where.file).substr(where.begin, where.end - where.begin)));
    }
    return found;
  }
};

/// Those with which alone the rule would be empty.
void expect(const Written& written, Words Written::*list, const std::string& letter,
            std::multiset<std::string>& expected) {
  for (const std::string& entry : written.*list) {
    Written alone = written;
    alone.*list = {entry};
    if (Checked(alone).is_empty()) expected.insert(letter + entry);
  }
}

}  // namespace

TEST_CASE("a part can match nothing when the rule would be empty with it alone") {
  std::size_t parts = 0, empty = 0;
  for (unsigned seed = 1; seed <= test::trials(1500); ++seed) {
    std::mt19937 random(seed);
    Written written{some(random, services, 3), some(random, networks, 4), {}, {}};
    if (random() % 2 == 0) written.except = some(random, networks, 2);
    if (random() % 2 == 0) written.to = some(random, networks, 3);
    const std::string rule = written.rule();
    CAPTURE(seed);
    CAPTURE(rule);
    const Checked checked(written);
    REQUIRE(checked.diagnostics.errors() == 0);
    if (checked.is_empty()) {
      ++empty;
      CHECK(checked.parts().size() == 1);  // the rule itself
      continue;
    }
    std::multiset<std::string> expected;
    expect(written, &Written::services, "s ", expected);
    expect(written, &Written::from, "f ", expected);
    expect(written, &Written::to, "t ", expected);
    REQUIRE(checked.parts() == expected);
    parts += expected.size();
  }
  MESSAGE("parts that match nothing " << parts << ", empty rules " << empty);
  CHECK(parts > test::trials(300));
  CHECK(empty > test::trials(50));
}
