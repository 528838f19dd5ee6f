#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
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
         "    LogAllowed = 'True'\n"
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

std::string file_of(const std::string& path) {
  std::ifstream in(PORTPOLICY_SOURCE_DIR "/" + path, std::ios::binary);
  REQUIRE_MESSAGE(in.is_open(), path);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The files of the engine in the order of their numbers, with an empty line between them.
std::string engine_text() {
  const std::filesystem::path folder = "backends/windows/script/engine";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR / folder))
    names.push_back(entry.path().filename());
  std::ranges::sort(names);
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : "\n") + file_of(folder / name);
  return text;
}

/// With the program that scripts have.
std::string whole_script(const std::string& rules) {
  std::string text =
      replaced(lines_of(rules), "#Requires -Version 5.1\nparam()\n", file_of("backends/windows/script/head.ps1"));
  text = replaced(text, "exit 0\n", engine_text());
  return with_windows_lines(text);
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

TEST_CASE("conditions of a script are what Windows makes of them") {
  const auto conditions = [](const std::string& lines) {
    std::string text = filter_of(rule(allow_in + lines));
    const std::size_t chain = text.find("chain inbound:\n") + 15;
    return text.substr(0, text.find("chain ")) + text.substr(chain, text.find("  otherwise") - chain);
  };
  CHECK(conditions("") == "  allow  # web\n");
  CHECK(conditions("Protocol = 'Any'\n") == "  allow  # web\n");
  CHECK(conditions("Protocol = 'UDP'\n") == "  udp; allow  # web\n");
  CHECK(conditions("Protocol = '0'\n") == "  protocol 0; allow  # web\n");
  CHECK(conditions("Protocol = '47'\n") == "  gre; allow  # web\n");
  CHECK(conditions("Protocol = 'ICMPv6'\nIcmpType = @('1', '2:7', '255:255')\n") ==
        "  icmpv6; type 1:0-1:255, 2:7, 255:255; allow  # web\n");
  CHECK(conditions("Protocol = 'TCP'\nLocalPort = @('1', '65535', '80-90', '85-100')\n") ==
        "  tcp; port 1, 80-100, 65535; allow  # web\n");
  CHECK(conditions("RemoteAddress = @('0.0.0.0-255.255.255.255')\n") ==
        "addresses #0: 0.0.0.0/0\n  source in #0; allow  # web\n");
  CHECK(conditions("LocalAddress = @('::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff')\n") ==
        "addresses #0: ::2-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n  destination in #0; allow  # web\n");
}

TEST_CASE("protocol 2 is not of IPv4 alone to Windows") {
  const Outcome any = read(script(rule(allow_in + "Protocol = '2'\n")));
  REQUIRE(any.reading);
  CHECK(any.reading->filter.opaques == std::vector<std::string>{"protocol 2 over IPv6"});
  CHECK(any.reading->not_understood.size() == 2);
  const auto allows = [&](Family family, Protocol protocol, bool truth) {
    Packet packet;
    packet.source = packet.destination = {family, 7};
    packet.protocol = protocol;
    return filter::evaluate(any.reading->filter, packet, false, {truth}).verdict == Verdict::allow;
  };
  CHECK(allows(Family::ipv4, protocols::igmp, false));
  CHECK(allows(Family::ipv6, protocols::igmp, true));
  CHECK_FALSE(allows(Family::ipv6, protocols::igmp, false));
  CHECK_FALSE(allows(Family::ipv6, protocols::tcp, true));
  CHECK_FALSE(allows(Family::ipv6, protocols::icmpv6, true));
  CHECK_FALSE(allows(Family::ipv4, protocols::tcp, true));
  CHECK(filter_of(rule(allow_in + "Protocol = '2'\nRemoteAddress = @('0.0.0.0-255.255.255.255')\n"))
            .ends_with("  source in #0; igmp; allow  # web\n  otherwise deny\nchain outbound:\n  otherwise allow\n"));
}

TEST_CASE("what Windows would refuse or widen is not read") {
  struct Wrong {
    std::string lines, findings;
  };
  const std::string tcp = "Protocol = 'TCP'\n", icmp = "Protocol = 'ICMPv4'\n";
  for (const auto& [lines, findings] : std::vector<Wrong>{
           {tcp + "LocalPort = @('0')\n",
            "21:23: `0` is not a port from 1 to 65535, or two with `-` between: `0` is less than 1\n"},
           {tcp + "LocalPort = @('0-65535')\n",
            "21:23: `0-65535` is not a port from 1 to 65535, or two with `-` between: `0` is less than 1\n"},
           {tcp + "LocalPort = @('1-65536')\n",
            "21:23: `1-65536` is not a range of ports: `65536` is more than 65535\n"},
           {tcp + "LocalPort = @('90-80')\n", "21:23: `90-80` ends before it begins\n"},
           {tcp + "RemotePort = @('RPC')\n",
            "21:24: `RPC` is not a port from 1 to 65535, or two with `-` between: `RPC` is not a decimal number\n"},
           {tcp + "LocalPort = @('22', '022')\n",
            "21:29: `022` is not a port from 1 to 65535, or two with `-` between: `022` has a leading zero\n"},
           {tcp + "LocalPort = @()\n", "21:9: the list of `LocalPort` is empty, which Windows takes as any value\n"},
           {tcp + "IcmpType = @('8')\n", "21:9: Windows takes ICMP types with `ICMPv4` and `ICMPv6` alone\n"},
           {"LocalPort = @('22')\n", "20:9: Windows takes ports with `TCP` and `UDP` alone\n"},
           {icmp + "RemotePort = @('22')\n", "21:9: Windows takes ports with `TCP` and `UDP` alone\n"},
           {"Protocol = '132'\nLocalPort = @('22')\n", "21:9: Windows takes ports with `TCP` and `UDP` alone\n"},
           {"IcmpType = @('8')\n", "20:9: Windows takes ICMP types with `ICMPv4` and `ICMPv6` alone\n"},
           {icmp + "IcmpType = @('256')\n", "21:22: `256` is not an ICMP type from 0 to 255: `256` is more than 255\n"},
           {icmp + "IcmpType = @('3:*')\n",
            "21:22: `3:*` has no ICMP code from 0 to 255: `*` is not a decimal number\n"},
           {"Protocol = '256'\n",
            "20:20: `256` is not `TCP`, `UDP`, `ICMPv4`, `ICMPv6`, `Any` or a number from 0 to 255\n"},
           {"Protocol = 'tcp'\n",
            "20:20: `tcp` is not `TCP`, `UDP`, `ICMPv4`, `ICMPv6`, `Any` or a number from 0 to 255\n"},
           {"RemoteAddress = @('0.0.0.0/0')\n",
            "20:27: `0.0.0.0/0` is refused by Windows: a prefix has one bit at least\n"},
           {"RemoteAddress = @('::/0')\n", "20:27: `::/0` is refused by Windows: a prefix has one bit at least\n"},
           {"RemoteAddress = @('10.0.0.1/8')\n",
            "20:27: `10.0.0.1/8` has host bits set; the prefix meant may be `10.0.0.0/8`\n"},
           {"RemoteAddress = @('10.0.0.0/255.0.0.0')\n",
            "20:27: `10.0.0.0/255.0.0.0` is not a prefix: after `/` stands a length from 0 to 32, not `255.0.0.0`\n"},
           {"RemoteAddress = @('10.0.0.9-10.0.0.1')\n",
            "20:27: `10.0.0.9-10.0.0.1` ends before it begins; the range meant may be `10.0.0.1-10.0.0.9`\n"},
           {"RemoteAddress = @('10.0.0.9-10.0.0.9')\n", "20:27: `10.0.0.9-10.0.0.9` is a range of one address\n"},
           {"RemoteAddress = @('::')\n", "20:27: `::` is refused by Windows: it begins at `::` or `::1`\n"},
           {"RemoteAddress = @('::1')\n", "20:27: `::1` is refused by Windows: it begins at `::` or `::1`\n"},
           {"RemoteAddress = @('::/96')\n", "20:27: `::/96` is refused by Windows: it begins at `::` or `::1`\n"},
           {"RemoteAddress = @('::1-fe80::1')\n",
            "20:27: `::1-fe80::1` is refused by Windows: it begins at `::` or `::1`\n"},
           {"RemoteAddress = @('LocalSubnet')\n", "20:27: `LocalSubnet` is not an address\n"},
           {"RemoteAddress = @('Any')\n", "20:27: `Any` is not an address\n"},
           {"RemoteAddress = @('fe80::1%3')\n",
            "20:27: `fe80::1%3` has a zone index; say the interface with `in` or `out`\n"},
           {"RemoteAddress = '10.0.0.1'\n", "20:9: `RemoteAddress` is a list, `@(...)`\n"},
           {"Protocol = @('TCP')\n", "20:9: `Protocol` is one value\n"},
           {"Program = 'C:\\x.exe'\n", "20:9: a rule has no key `Program`\n"},
           {"localport = @('22')\n", "20:9: a rule has no key `localport`\n"},
           {"DisplayName = ''\n", "16:23: `DisplayName` has 1 to 9999 characters, not 0\n"},
           {"DisplayName = 'a|b'\n", "16:23: `DisplayName` holds a `|`, which Windows refuses\n"},
           {"DisplayName = 'aLL'\n", "16:23: no rule can be called `All`\n"},
           {"Description = '" + std::string(10000, 'x') + "'\n",
            "18:23: `Description` has 1 to 9999 characters, not 10000\n"},
       }) {
    CAPTURE(lines.substr(0, 80));
    std::string found = wrong_in(allow_in + lines);
    // The two texts stand wherever the test puts them.
    if (lines.starts_with("D")) {
      found = found.substr(found.find(' '));
      CHECK(found == findings.substr(findings.find(' ')));
    } else CHECK(found == findings);
  }
  std::string many;
  for (int i = 0; i <= 1000; ++i) many += (i == 0 ? "'" : ", '") + std::to_string(2 * i + 1) + "'";
  CHECK(wrong_in(allow_in + tcp + "LocalPort = @(" + many + ")\n") ==
        "21:9: the list of `LocalPort` has 1001 values, and not every Windows takes more than 1000\n");
  CHECK(wrong_in("Direction = 'In'\nAction = 'Allow'\n") ==
        "18:21: `Direction` is `Inbound` or `Outbound`, not `In`\n");
  CHECK(wrong_in("Direction = 'Inbound'\nAction = 'Deny'\n") == "19:18: `Action` is `Allow` or `Block`, not `Deny`\n");
  CHECK(wrong_in("Direction = 'Inbound'\n") == "14:5: the rule has no `Action`\n");
}

TEST_CASE("a rule's name is made of all that the rule asks") {
  const std::string web = rule(allow_in + "Protocol = 'TCP'\nLocalPort = @('80', '443')\n");
  CHECK(read(script(web)).findings == "");
  // By hand: printf 'Direction=Inbound\nAction=Allow\nProtocol=TCP\nLocalPort=80,443\n' | sha256sum
  const std::string name = "portpolicy-6a30b7ecb1392e24";
  CHECK(web.find("'" + name + "'") != std::string::npos);
  CHECK(read(script(replaced(web, "'443'", "'444'")))
            .findings.starts_with("15:16: the name `" + name + "` is not of this rule"));
  CHECK(read(script(replaced(web, "Allow", "Block")))
            .findings.starts_with("15:16: the name `" + name + "` is not of this rule"));
  CHECK(read(script(web + web)).findings ==
        "24:16: two rules have the name `" + name + "`, of which Windows refuses the second\n");
  for (const std::string& wrong :
       std::vector<std::string>{name + "0", name.substr(0, 26), "x" + name, "portpolicy-6A30B7ECB1392E24", ""}) {
    CAPTURE(wrong);
    CHECK(read(script(replaced(web, name, wrong))).findings ==
          "15:16: `" + wrong + "` is not `portpolicy-` and 16 hexadecimal digits\n");
  }
  // The texts have no part in it, nor has the order of keys.
  CHECK(read(script(replaced(web, "policy.yaml:7", "policy.yaml:8"))).findings == "");
  CHECK(read(script(replaced(replaced(web, "        Action = 'Allow'\n", ""), "        Name",
                             "        Action = 'Allow'\n        Name")))
            .findings == "");
}

TEST_CASE("the data of a script are literals and nothing else") {
  const std::string web = rule(allow_in + "Protocol = 'TCP'\nLocalPort = @('80', '443')\n");
  const auto spoilt = [&](const std::string& from, const std::string& to) {
    return read(script(replaced(web, from, to))).findings;
  };
  const auto spoilt_around = [&](const std::string& from, const std::string& to) {
    return read(with_windows_lines(replaced(lines_of(web), from, to))).findings;
  };
  CHECK(spoilt("('80', '443')", "('80',\n            '443')") == "");
  CHECK(spoilt("'TCP'", "\"TCP\"") == "20:20: `\"TCP\"` stands where a value in single quotes is expected\n");
  CHECK(spoilt("'TCP'", "$env:X") == "20:20: `$env:X` stands where a value in single quotes is expected\n");
  CHECK(spoilt("'TCP'", "6") == "20:20: `6` stands where a value in single quotes is expected\n");
  CHECK(spoilt("'TCP'", "") == "20:20: the line ends where a value in single quotes is expected\n");
  CHECK(spoilt("'TCP'", "'TCP' + 'x'") == "20:26: `+ 'x'` stands where the end of the line is expected\n");
  CHECK(spoilt("'TCP'", "'TCP'; Exit") == "20:25: `; Exit` stands where the end of the line is expected\n");
  CHECK(spoilt("'TCP'", "'TCP") == "20:20: the quote does not end on its line\n");
  CHECK(spoilt("'TCP'", "'TCP''") == "20:20: the quote does not end on its line\n");
  CHECK(spoilt("'80', '443'", "'80' '443'") == "21:28: `'443')` stands where `)` is expected\n");
  CHECK(spoilt("'80', '443'", "'80',, '443'") ==
        "21:28: `, '443')` stands where a value in single quotes is expected\n");
  CHECK(spoilt("'80', '443'", "'80'\n'443'") == "21:27: the line ends where `)` is expected\n");
  CHECK(spoilt("        Protocol", "        Protocol = 'UDP'\n        Protocol") ==
        "21:9: the key `Protocol` stands twice\n");
  CHECK(spoilt("        Protocol", "        # x\n        Protocol") ==
        "20:9: `# x` stands where a key or `}` is expected\n");
  CHECK(spoilt("    }\n", "    },\n") == "22:6: `,` stands where the end of the line is expected\n");
  CHECK(spoilt("    }\n", "") == "22:1: `)` stands where a key or `}` is expected\n");
  CHECK(spoilt_around("$PolicyRules", "$Policyrules") ==
        "13:1: `$Policyrules = @(` stands where `$PolicyRules` is expected\n");
  CHECK(spoilt_around("    Inbound = 'Block'\n", "    Inbound = 'Block'\n    Inbound = 'Allow'\n") ==
        "7:5: the key `Inbound` stands twice\n");
  CHECK(spoilt_around("Inbound = 'Block'", "Inbound = 'NotConfigured'") ==
        "6:15: a default is `Block` or `Allow`, not `NotConfigured`\n");
  CHECK(spoilt_around("Inbound = 'Block'", "Inbound = @('Block')") ==
        "6:17: a default is `Block` or `Allow`, not `Block`\n");
  CHECK(spoilt_around("    Inbound", "    Forward") ==
        "6:5: `$PolicyDefaults` has the keys `Inbound` and `Outbound`, not `Forward`\n"
        "18:21: the script has a rule for `Inbound`, but no default in `$PolicyDefaults`\n");
  CHECK(spoilt_around("LogAllowed = 'True'", "LogAllowed = 'No'") ==
        "10:18: `LogAllowed` is `True`, or not there, and not `No`\n");
  CHECK(spoilt_around("LogBlocked = ", "LogIgnored = ") ==
        "11:5: `$PolicyLog` has the keys `LogAllowed` and `LogBlocked`, not `LogIgnored`\n");
  CHECK(spoilt_around(")\n# portpolicy: end", ")\nRemove-Item x\n# portpolicy: end") ==
        "24:1: `Remove-Item x` stands where the end of the policy is expected\n");
}

TEST_CASE("a script is ASCII with lines of Windows, and has its marks") {
  const std::string good = script("");
  CHECK(read(good).findings == "");
  CHECK(read("").findings == "1:1: the script ends in the middle of a line\n");
  CHECK(read(lines_of("")).findings == "1:24: the line does not end with a carriage return and a line feed\n");
  CHECK(read(replaced(good, "\r\nparam", "\rparam")).findings ==
        "2:23: the line does not end with a carriage return and a line feed\n");
  CHECK(read("\xEF\xBB\xBF" + good).findings == "1:1: the script begins with a byte order mark\n");
  CHECK(read(std::string("\xFF\xFE#\0", 4)).findings == "1:1: the script begins with a byte order mark\n");
  CHECK(read(replaced(good, "Rules", "R\xE2\x80\x99s")).findings ==
        "1:4: a character that is not ASCII, which PowerShell may take for a quote\n");
  CHECK(read(replaced(good, "Rules", "R\x1bs")).findings == "1:4: a control character\n");
  CHECK(read(replaced(good, "Rules", "R\x7fs")).findings == "1:4: a control character\n");
  CHECK(read(replaced(good, "Rules", "R\ts")).findings == "1:4: a control character\n");
  CHECK(read(good.substr(0, good.size() - 2)).findings.ends_with("the script ends in the middle of a line\n"));
  CHECK(read(replaced(good, "begin of the", "Begin of the")).findings ==
        "1:1: there is no line `# portpolicy: begin of the policy`\n");
  CHECK(read(replaced(good, "end of the policy", "end of the policy ")).findings ==
        "1:1: there is no line `# portpolicy: end of the policy`\n");
  CHECK(read("exit 0\r\n").findings == "1:1: there is no line `# portpolicy: begin of the policy`\n");
}

TEST_CASE("a script is known by how it begins, so that what is wrong with its encoding is said of a script") {
  for (const std::string& text : std::vector<std::string>{"#", "\xEF\xBB\xBF# Rules", std::string("\xFF\xFE#\0", 4),
                                                          std::string("\xFE\xFF\0#", 4)})
    CHECK(windows::is_script(text));
  for (const std::string& text :
       std::vector<std::string>{"", "{\"format\": \"#\"}", "\xEF\xBB\xBF{", std::string("\xFF\xFE{\0", 4)})
    CHECK_FALSE(windows::is_script(text));
}

TEST_CASE("a signature is passed over, and nothing else hides there") {
  const std::string good = script("");
  const std::string begin = "# SIG # Begin signature block\r\n", end = "# SIG # End signature block\r\n";
  const std::string body = "# MIIa+/=\r\n# Zm9v\r\n";
  CHECK(read(good + "\r\n" + begin + body + end).findings == "");
  CHECK(read(good + begin + body).findings == "17:1: the signature has no end\n");
  CHECK(read(good + begin + body + "Exit 5\r\n" + end).findings == "20:1: the signature holds more than comments\n");
  CHECK(read(good + begin + "#Requires -Version 7\r\n" + end).findings ==
        "18:1: the signature holds more than comments\n");
  CHECK(read(good + begin + body + end + "Exit 5\r\n").findings == "21:1: something stands behind the signature\n");
  CHECK(read(begin + body + end + good).findings == "1:1: a signature stands before the end of the script\n");
}

TEST_CASE("a program that is not known is not taken for granted") {
  const Outcome outcome = read(script(rule(allow_in)));
  REQUIRE(outcome.reading);
  CHECK_FALSE(outcome.reading->known_program);
  REQUIRE(outcome.reading->not_understood.size() == 1);
  CHECK(outcome.reading->not_understood[0].text == "the program around the policy");
}

TEST_CASE("the programs that the reader knows are those of the sources") {
  const std::string head = file_of("backends/windows/script/head.ps1");
  const std::string engine = engine_text();
  // A header of comments ends where the head begins.
  CHECK(head.starts_with("#Requires "));
  CHECK(head.ends_with("\n"));
  CHECK(engine.ends_with("\n"));
  CHECK_MESSAGE(windows::text::is_known_program(head, engine), "backends/windows/read_program.cpp needs the digest ",
                windows::text::digest(head + engine));
  const std::string good = whole_script(rule(allow_in));
  const auto known = [](const std::string& text) {
    const Outcome outcome = read(text);
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.size() == (outcome.reading->known_program ? 0 : 1));
    return outcome.reading->known_program;
  };
  CHECK(known(good));
  CHECK(known(good + "\r\n# SIG # Begin signature block\r\n# Zm9v\r\n# SIG # End signature block\r\n"));
  CHECK_FALSE(known(good + "exit 0\r\n"));
  CHECK_FALSE(known(good + "\r\n"));
  CHECK_FALSE(known(replaced(good, "# Rules of", "exit 0\r\n# Rules of")));
  CHECK_FALSE(known(replaced(good, "# Rules of policy.yaml.\r\n", "# Rules\r\n#requires -Modules X\r\n")));
  CHECK_FALSE(known(replaced(good, "#Requires -Version 5.1", "#Requires -Version 7.1")));
  CHECK_FALSE(known(replaced(good, "Add-WantedRule -Action 'Block'", "Add-WantedRule -Action 'Allow'")));
}
