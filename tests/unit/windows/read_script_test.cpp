#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "backends/windows/read.h"
#include "backends/windows/read_program.h"
#include "compiler/diagnostics/source_map.h"

using namespace portpolicy;

namespace {

struct Outcome {
  std::optional<windows::Reading> reading;
  std::string findings;  ///< `line:column: message`, one a line
};

Outcome read(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const FileId file = sources.add("policy.ps1", text);
  Outcome outcome{windows::read_script(sources.text(file), file, diagnostics), {}};
  for (const Diagnostic& finding : diagnostics.sorted()) {
    CHECK(finding.code == Code::foreign_syntax);
    const Position place = sources.begin(finding.primary.where);
    outcome.findings += std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + finding.message + "\n";
  }
  CHECK(outcome.reading.has_value() == outcome.findings.empty());
  return outcome;
}

std::string with_windows_lines(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? "\r\n" : std::string(1, c);
  return result;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  REQUIRE_MESSAGE(text.find(from) != std::string::npos, from);
  return text.replace(text.find(from), from.size(), to);
}

/// Lines of a rule without its name, which is made of them.
std::string rule(const std::string& lines) {
  std::string hashed;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("DisplayName") || line.starts_with("Description")) continue;
    const std::size_t equals = line.find(" = ");
    hashed += line.substr(0, equals) + "=";
    for (const char c : line.substr(equals + 3))
      if (std::string("@()' ").find(c) == std::string::npos) hashed += c;
    hashed += "\n";
  }
  std::string text = "    @{\n        Name = 'portpolicy-" + windows::text::digest(hashed).substr(0, 16) + "'\n";
  if (lines.find("DisplayName") == std::string::npos) text += "        DisplayName = 'web'\n";
  if (lines.find("Description") == std::string::npos) text += "        Description = 'policy.yaml:7'\n";
  std::istringstream again(lines);
  for (std::string line; std::getline(again, line);) text += "        " + line + "\n";
  return text + "    }\n";
}

/// The lines of a script with a program that nobody knows; the first rule begins in line 14.
std::string lines_of(const std::string& rules) {
  return "# Rules of policy.yaml.\n"
         "#Requires -Version 5.1\n"
         "param()\n"
         "# portpolicy: begin of the policy\n"
         "$PolicyDefaults = @{\n"
         "    Inbound = 'Block'\n"
         "    Outbound = 'Allow'\n"
         "}\n"
         "$PolicyLog = @{\n"
         "    LogAllowed = 'False'\n"
         "    LogBlocked = 'True'\n"
         "}\n"
         "$PolicyRules = @(\n" +
         rules +
         ")\n"
         "# portpolicy: end of the policy\n"
         "exit 0\n";
}

std::string script(const std::string& rules) {
  return with_windows_lines(lines_of(rules));
}

/// What the rules come to, without what is the same in all tests.
std::string filter_of(const std::string& rules) {
  const Outcome outcome = read(script(rules));
  CHECK(outcome.findings == "");
  return outcome.reading ? filter::print(outcome.reading->filter) : "";
}

/// What is wrong with a rule of these lines.
std::string wrong_in(const std::string& lines) {
  return read(script(rule(lines))).findings;
}

const std::string allow_in = "Direction = 'Inbound'\nAction = 'Allow'\n";

}  // namespace

TEST_CASE("a script of windows is blocks before allows before the default") {
  const std::string rules =
      rule(
          "DisplayName = 'ssh-staff'\nDirection = 'Inbound'\nAction = 'Allow'\nProtocol = 'TCP'\n"
          "LocalPort = @('22', '8080-8090')\nRemotePort = @('1024-65535')\nLocalAddress = @('192.0.2.1')\n"
          "RemoteAddress = @('10.0.0.0/8', '2001:db8::/32', '203.0.113.7-203.0.113.9')\n") +
      rule(
          "DisplayName = 'it''s'\nDirection = 'Inbound'\nAction = 'Block'\nProtocol = 'ICMPv4'\nIcmpType = @('8', "
          "'3:4')\n") +
      rule(
          "DisplayName = 'out'\nDirection = 'Outbound'\nAction = 'Block'\nProtocol = 'UDP'\nLocalPort = @('53')\n"
          "RemotePort = @('5353')\nLocalAddress = @('192.0.2.1')\nRemoteAddress = @('192.0.2.2')\n");
  CHECK(filter_of(rules) ==
        "addresses #0: 10.0.0.0/8 203.0.113.7-203.0.113.9 2001:db8::/32\n"
        "addresses #1: 192.0.2.1\n"
        "addresses #2: 192.0.2.1\n"
        "addresses #3: 192.0.2.2\n"
        "chain inbound:\n"
        "  icmp; type 3:4, 8:0-8:255; deny  # it's\n"
        "  source in #0; destination in #1; tcp; source-port 1024-65535; port 22, 8080-8090; allow  # ssh-staff\n"
        "  otherwise deny\n"
        "chain outbound:\n"
        "  source in #2; destination in #3; udp; source-port 53; port 5353; deny  # out\n"
        "  otherwise allow\n");
}

TEST_CASE("what a script is not told of is not managed") {
  const Outcome outcome = read(with_windows_lines(replaced(lines_of(""), "    Outbound = 'Allow'\n", "")));
  REQUIRE(outcome.reading);
  CHECK(outcome.reading->managed == std::array{true, false, false});
  CHECK(outcome.reading->filter.hooks[0].has_value());
  CHECK_FALSE(outcome.reading->filter.hooks[1].has_value());
  CHECK(wrong_in("").contains("the rule has no `Direction`"));
  const std::string outbound = rule("Direction = 'Outbound'\nAction = 'Block'\n");
  CHECK(read(with_windows_lines(replaced(lines_of(outbound), "    Outbound = 'Allow'\n", ""))).findings ==
        "17:21: the script has a rule for `Outbound`, but no default in `$PolicyDefaults`\n");
}
