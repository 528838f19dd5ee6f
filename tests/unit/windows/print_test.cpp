#include "backends/windows/print.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "backends/windows/names.h"
#include "backends/windows/read.h"

using namespace portpolicy;

namespace {

windows::Rule ssh() {
  windows::Rule rule;
  rule.conditions.protocol = protocols::tcp;
  rule.conditions.local_ports = PortSet::of({22, 22});
  rule.display_name = "ssh";
  rule.description = "policy.yaml:3";
  return rule;
}

windows::Ruleset with(std::vector<windows::Rule> rules) {
  windows::Ruleset ruleset;
  ruleset.defaults[0] = windows::Action::block;
  ruleset.rules = std::move(rules);
  windows::give_names(ruleset.rules);
  return ruleset;
}

std::string printed(const windows::Ruleset& rules, const std::string& policy = "policy.yaml") {
  return windows::print(rules, {"1", policy, "2", "3"});
}

std::string name_of(const windows::Rule& rule) {
  return with({rule}).rules.front().name;
}

/// Texts that would be code, or end what they stand in, somewhere in PowerShell.
const std::vector<std::string> dangerous{
    "it's",
    "\"quoted\"",
    "\u2018single\u2019 \u201alow\u201b",
    "\u201cdouble\u201d \u201elow",
    "dash \u2013 \u2014 \u2015",
    "new\nline\rreturn",
    "back`tick",
    "$(Remove-Item C:\\ -Recurse) $env:TEMP",
    "<# #> #>",
    "a|b",
    "tab\tand\x01\x7f",
    "\u2028line\u2029paragraph",
    "@'\nhere\n'@",
    "# SIG # Begin signature block",
    "\xff\xfe not UTF-8 \xc3",
    "\U0001F525",
    "%s {0} {1}",
};

}  // namespace

TEST_SUITE("scripts for Windows") {
  TEST_CASE("a script is printable ASCII with CRLF, whatever the texts of the policy are, and reads back the same") {
    for (const std::string& text : dangerous) {
      CAPTURE(text);
      windows::Rule rule = ssh();
      rule.display_name = rule.description = text;
      windows::Ruleset rules = with({rule});
      rules.left_out.push_back({text, text});
      const std::string script = printed(rules, text);
      CHECK(std::ranges::all_of(script, [](char c) { return (c >= ' ' && c <= '~') || c == '\r' || c == '\n'; }));
      CHECK(std::ranges::count(script, '\r') == std::ranges::count(script, '\n'));
      Diagnostics diagnostics;
      const auto reading = windows::read_script(script, FileId{0}, diagnostics);
      if (!reading) FAIL(diagnostics.all().front().message);
      CHECK(reading->known_program);
      CHECK(filter::print(reading->filter).contains("22"));
    }
  }

  TEST_CASE("a quote is doubled, and a character beyond ASCII is written out") {
    windows::Rule rule = ssh();
    rule.display_name = "it's \u2019 a|b \U0001F525";
    const std::string script = printed(with({rule}));
    CHECK(script.contains("        DisplayName = 'portpolicy it''s U+2019 aU+007Cb U+1F525'\r\n"));
  }

  TEST_CASE("a very long text is cut") {
    windows::Rule rule = ssh();
    rule.description = std::string(100'000, 'x');
    const std::string script = printed(with({rule}));
    CHECK(script.contains("xxx ...'\r\n"));
    CHECK_FALSE(script.contains(std::string(600, 'x')));
  }

  TEST_CASE("the name of a rule is made of what it does, and of nothing else") {
    const std::string name = name_of(ssh());
    CHECK(name.size() == std::string_view("portpolicy-0123456789abcdef").size());
    windows::Rule other = ssh();
    other.display_name = other.description = "other";
    CHECK(name_of(other) == name);
    other.action = windows::Action::block;
    CHECK(name_of(other) != name);
    other = ssh();
    other.direction = Direction::outbound;
    CHECK(name_of(other) != name);
    other = ssh();
    other.conditions.remote = AddressSet::all(Family::ipv4);
    CHECK(name_of(other) != name);
    other.conditions.remote = AddressSet::all();
    other.conditions.local = AddressSet::all(Family::ipv4);
    CHECK(name_of(other) != name);
    other = ssh();
    std::swap(other.conditions.local_ports, other.conditions.remote_ports);
    CHECK(name_of(other) != name);
  }

  TEST_CASE("of rules that do the same one is kept") {
    windows::Rule again = ssh();
    again.display_name = "again";
    const windows::Ruleset rules = with({ssh(), again});
    REQUIRE(rules.rules.size() == 1);
    CHECK(rules.rules.front().display_name == "ssh");
  }

  TEST_CASE("lines of lists stay below 120 columns") {
    windows::Rule rule = ssh();
    std::vector<Interval<std::uint16_t>> ports;
    for (std::uint16_t port = 1; port < 2000; port = static_cast<std::uint16_t>(port + 2))
      ports.push_back({port, port});
    rule.conditions.local_ports = PortSet::of(ports);
    const std::string text = windows::without_program(printed(with({rule})));
    std::size_t longest = 0;
    for (std::size_t at = text.find("LocalPort"); at < text.size();) {
      const std::size_t end = text.find('\n', at);
      longest = std::max(longest, end - at);
      at = end + 1;
    }
    CHECK(longest <= 120);
    CHECK(longest > 100);
  }
}
