#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "backends/windows/read.h"
#include "compiler/diagnostics/source_map.h"

using namespace portpolicy;

namespace {

struct Outcome {
  std::optional<windows::Reading> reading;
  std::string findings;        ///< `line:column: message`, one a line
  std::string not_understood;  ///< likewise
};

Outcome read(const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const FileId file = sources.add("rules.json", text);
  Outcome outcome{windows::read_export(sources.text(file), file, diagnostics), {}, {}};
  const auto line = [&](Span where, const std::string& message) {
    const Position place = sources.begin(where);
    return std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + message + "\n";
  };
  for (const Diagnostic& finding : diagnostics.sorted()) {
    CHECK(finding.code == Code::foreign_syntax);
    outcome.findings += line(finding.primary.where, finding.message);
  }
  CHECK(outcome.reading.has_value() == outcome.findings.empty());
  if (outcome.reading)
    for (const filter::Remark& remark : outcome.reading->not_understood)
      outcome.not_understood += line(remark.where, remark.text);
  return outcome;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  REQUIRE_MESSAGE(text.find(from) != std::string::npos, from);
  return text.replace(text.find(from), from.size(), to);
}

/// `"member": value` for some members of an object, which take the place of those that it has.
using Changes = std::vector<std::pair<std::string, std::string>>;

std::string changed(std::string object, const Changes& changes) {
  for (const auto& [member, value] : changes) {
    const std::size_t at = object.find("\"" + member + "\": ");
    REQUIRE_MESSAGE(at != std::string::npos, member);
    const std::size_t begin = at + member.size() + 4, end = object.find('\n', begin);
    object.replace(begin, end - begin, value + (object[end - 1] == ',' ? "," : ""));
  }
  return object;
}

std::string rule(const Changes& changes = {}) {
  return changed(
      "{\"name\": \"{1}\",\n"
      "\"display_name\": \"web\",\n"
      "\"group\": \"\",\n"
      "\"store\": \"Local\",\n"
      "\"enabled\": true,\n"
      "\"direction\": \"Inbound\",\n"
      "\"action\": \"Allow\",\n"
      "\"override_block\": false,\n"
      "\"profiles\": [\"Any\"],\n"
      "\"protocol\": \"TCP\",\n"
      "\"local_ports\": [],\n"
      "\"remote_ports\": [],\n"
      "\"icmp_types\": [],\n"
      "\"local_addresses\": [\"Any\"],\n"
      "\"remote_addresses\": [\"Any\"],\n"
      "\"program\": \"\",\n"
      "\"package\": \"\",\n"
      "\"service\": \"\",\n"
      "\"interfaces\": [],\n"
      "\"interface_types\": [],\n"
      "\"local_user\": \"\",\n"
      "\"remote_user\": \"\",\n"
      "\"remote_machine\": \"\",\n"
      "\"authentication\": \"NotRequired\",\n"
      "\"encryption\": \"NotRequired\",\n"
      "\"edge_traversal\": \"Block\",\n"
      "\"dynamic_target\": \"Any\",\n"
      "\"keyword_addresses\": [],\n"
      "\"platforms\": [],\n"
      "\"loose_source_mapping\": false,\n"
      "\"local_only_mapping\": false,\n"
      "\"status\": \"OK\"\n"
      "}",
      changes);
}

std::string profile(const std::string& name, const Changes& changes = {}) {
  return changed("{\"name\": \"" + name +
                     "\",\n"
                     "\"enabled\": true,\n"
                     "\"default_inbound\": \"Block\",\n"
                     "\"default_outbound\": \"Allow\",\n"
                     "\"allow_inbound_rules\": true,\n"
                     "\"allow_local_rules\": true\n"
                     "}",
                 changes);
}

const std::string three_profiles = profile("Domain") + "," + profile("Private") + "," + profile("Public");

/// The first rule begins in line 22.
std::string document(const std::string& rules, const std::string& profiles = three_profiles) {
  return "{\"format\": \"portpolicy-windows-rules\", \"format_version\": 1, \"store\": \"ActiveStore\", \"profiles\": "
         "[\n" +
         profiles + "],\n\"rules\": [\n" + rules + "]}\n";
}

/// What the rules and profiles come to, without the rest of a filter that is as always.
std::string inbound_of(const std::string& rules, const std::string& profiles = three_profiles) {
  const Outcome outcome = read(document(rules, profiles));
  CHECK(outcome.findings == "");
  if (!outcome.reading) return "";
  std::string text = filter::print(outcome.reading->filter);
  return replaced(text.substr(0, text.find("chain outbound:")), "chain inbound:\n", "");
}

std::string server() {
  std::ifstream in(PORTPOLICY_SOURCE_DIR "/tests/cases/from/windows/server.json", std::ios::binary);
  REQUIRE(in.is_open());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("conditions of an export are those of packets, or not understood") {
  struct Read {
    Changes changes;
    std::string filter, remarks;
  };
  const auto any = [](const std::string& member, const std::string& value, const std::string& text) {
    return Read{{{member, value}}, "  tcp; `" + text + "`; allow  # web\n", text + "\n"};
  };
  const std::string tcp = "  tcp; allow  # web\n";
  for (const auto& [changes, filter, remarks] : std::vector<Read>{
           {{}, tcp, ""},
           {{{"local_ports", R"(["Any"])"},
             {"program", R"("Any")"},
             {"interfaces", R"(["Any"])"},
             {"service", R"("Any")"}},
            tcp,
            ""},
           {{{"profiles", R"(["Domain", "Private", "Public"])"}}, tcp, ""},
           {{{"profiles", "[]"}}, tcp, ""},
           {{{"display_name", R"("")"}}, "  tcp; allow  # {1}\n", ""},
           {{{"enabled", "false"}, {"protocol", R"("nonsense")"}}, "", ""},
           {{{"action", R"("Block")"}}, "  tcp; deny  # web\n", ""},
           // Protocols.
           {{{"protocol", R"("Any")"}}, "  allow  # web\n", ""},
           {{{"protocol", R"("UDP")"}}, "  udp; allow  # web\n", ""},
           {{{"protocol", R"("41")"}}, "  protocol 41; allow  # web\n", ""},
           {{{"protocol", R"("58")"}}, "  icmpv6; allow  # web\n", ""},
           {{{"protocol", R"("IPv6-Frag")"}}, "  `Protocol IPv6-Frag`; allow  # web\n", "Protocol IPv6-Frag\n"},
           // Ports.
           {{{"local_ports", R"(["80", "8000-8010"])"}, {"remote_ports", R"(["1024-65535"])"}},
            "  tcp; source-port 1024-65535; port 80, 8000-8010; allow  # web\n",
            ""},
           {{{"local_ports", R"(["0-65535"])"}}, "  tcp; port 0-65535; allow  # web\n", ""},
           {{{"local_ports", R"(["RPC"])"}}, "  tcp; `LocalPort RPC`; allow  # web\n", "LocalPort RPC\n"},
           {{{"local_ports", R"(["RPCEPMap", "80", "RPC", "RPC"])"}},
            "  tcp; port 80; allow  # web\n  tcp; `LocalPort RPC or RPCEPMap`; allow  # web\n",
            "LocalPort RPC or RPCEPMap\n"},
           {{{"local_ports", R"(["80-70"])"}}, "  tcp; `LocalPort 80-70`; allow  # web\n", "LocalPort 80-70\n"},
           {{{"local_ports", R"(["70000"])"}}, "  tcp; `LocalPort 70000`; allow  # web\n", "LocalPort 70000\n"},
           {{{"local_ports", R"(["Any", "80"])"}},
            "  tcp; port 80; allow  # web\n  tcp; `LocalPort Any`; allow  # web\n",
            "LocalPort Any\n"},
           {{{"protocol", R"("47")"}, {"remote_ports", R"(["80"])"}},
            "  gre; `RemotePort 80`; allow  # web\n",
            "RemotePort 80\n"},
           // ICMP.
           {{{"protocol", R"("ICMPv4")"}, {"icmp_types", R"(["8", "3:4", "11:*"])"}},
            "  icmp; type 3:4, 8:0-8:255, 11:0-11:255; allow  # web\n",
            ""},
           {{{"protocol", R"("ICMPv4")"}, {"icmp_types", R"(["8:*:*"])"}},
            "  icmp; `IcmpType 8:*:*`; allow  # web\n",
            "IcmpType 8:*:*\n"},
           {{{"icmp_types", R"(["8"])"}}, "  tcp; `IcmpType 8`; allow  # web\n", "IcmpType 8\n"},
           // Addresses.
           {{{"local_addresses", R"(["192.0.2.1"])"},
             {"remote_addresses", R"(["10.0.0.0/255.0.0.0", "2001:db8::/32", "10.0.0.1-10.1.0.0", "192.0.2.0/24"])"}},
            "addresses #0: 10.0.0.0/8 192.0.2.0/24 2001:db8::/32\naddresses #1: 192.0.2.1\n  source in #0; "
            "destination in #1; tcp; allow  # web\n",
            ""},
           {{{"remote_addresses", R"(["0.0.0.0/0.0.0.0"])"}},
            "addresses #0: 0.0.0.0/0\n  source in #0; tcp; allow  # web\n",
            ""},
           {{{"remote_addresses", R"(["LocalSubnet"])"}},
            "  tcp; `RemoteAddress LocalSubnet`; allow  # web\n",
            "RemoteAddress LocalSubnet\n"},
           {{{"remote_addresses", R"(["10.0.0.1", "DNS"])"}},
            "addresses #0: 10.0.0.1\n  source in #0; tcp; allow  # web\n  tcp; `RemoteAddress DNS`; allow  # web\n",
            "RemoteAddress DNS\n"},
           {{{"remote_addresses", R"(["10.0.0.1/255.0.0.0"])"}},
            "  tcp; `RemoteAddress 10.0.0.1/255.0.0.0`; allow  # web\n",
            "RemoteAddress 10.0.0.1/255.0.0.0\n"},
           {{{"remote_addresses", R"(["10.0.0.0/255.0.255.0"])"}},
            "  tcp; `RemoteAddress 10.0.0.0/255.0.255.0`; allow  # web\n",
            "RemoteAddress 10.0.0.0/255.0.255.0\n"},
           {{{"remote_addresses", R"(["fe80::/ffc0::"])"}},
            "  tcp; `RemoteAddress fe80::/ffc0::`; allow  # web\n",
            "RemoteAddress fe80::/ffc0::\n"},
           {{{"keyword_addresses", R"(["{7}"])"}},
            "  tcp; `RemoteDynamicKeywordAddresses {7}`; allow  # web\n",
            "RemoteDynamicKeywordAddresses {7}\n"},
           {{{"keyword_addresses", R"(["{7}"])"}, {"remote_addresses", R"(["10.0.0.1"])"}},
            "  tcp; `RemoteDynamicKeywordAddresses {7} with RemoteAddress 10.0.0.1`; allow  # web\n",
            "RemoteDynamicKeywordAddresses {7} with RemoteAddress 10.0.0.1\n"},
           {{{"local_only_mapping", "true"},
             {"remote_addresses", R"(["10.0.0.1"])"},
             {"remote_ports", R"(["53"])"},
             {"local_ports", R"(["80"])"}},
            "  tcp; port 80; allow  # web\n",
            "LocalOnlyMapping\n"},
           // Profiles: a connection has one of three.
           {{{"profiles", R"(["Domain"])"}}, "  tcp; `Profile Domain`; allow  # web\n", "Profile Domain\n"},
           {{{"profiles", R"(["Private"])"}},
            "  tcp; not `Profile Domain`; `Profile Private`; allow  # web\n",
            "Profile Private\n"},
           {{{"profiles", R"(["Public"])"}},
            "  tcp; not `Profile Domain`; not `Profile Private`; allow  # web\n",
            "Profile Public\n"},
           {{{"profiles", R"(["Public", "Private"])"}},
            "  tcp; not `Profile Domain`; allow  # web\n",
            "Profile Private or Public\n"},
           {{{"profiles", R"(["Public", "Domain"])"}},
            "  tcp; `Profile Domain`; allow  # web\n  tcp; not `Profile Domain`; not `Profile Private`; allow  # "
            "web\n",
            "Profile Domain or Public\n"},
           {{{"profiles", R"(["Domain", "Home"])"}},
            "  tcp; `Profile Domain or Home`; allow  # web\n",
            "Profile Domain or Home\n"},
           // What the model of packets does not have.
           any("program", R"("C:\\x.exe")", R"(Program C:\x.exe)"),
           any("package", R"("S-1-15-2-1")", "Package S-1-15-2-1"),
           any("service", R"("*")", "Service *"),
           any("interfaces", R"(["Ethernet", "Backup"])", "InterfaceAlias Backup or Ethernet"),
           any("interface_types", R"(["Wired"])", "InterfaceType Wired"),
           any("local_user", "\"O:LSD:(A;;CC;;;S-1-1-0)\"", "LocalUser O:LSD:(A;;CC;;;S-1-1-0)"),
           any("remote_user", R"("x")", "RemoteUser x"),
           any("remote_machine", R"("x")", "RemoteMachine x"),
           any("authentication", R"("Required")", "Authentication Required"),
           any("encryption", R"("Dynamic")", "Encryption Dynamic"),
           any("dynamic_target", R"("WifiDirectDevices")", "DynamicTarget WifiDirectDevices"),
           any("platforms", R"(["6.2+"])", "Platform 6.2+"),
           {{{"status", R"("Error")"}}, "  tcp; `Status Error (rule 1)`; allow  # web\n", "Status Error\n"},
           {{{"group", "\"\",\n\"new\": [1, {\"x\": null}]"}},
            "  tcp; `the member new (rule 1)`; allow  # web\n",
            "the member new\n"},
           {{{"group", "\"\",\n\"description\": \"x\""}}, tcp, ""},
           // What is no condition, but lets more pass.
           {{{"edge_traversal", R"("DeferToUser")"}}, tcp, "EdgeTraversalPolicy DeferToUser\n"},
           {{{"edge_traversal", R"("Allow")"}, {"action", R"("Block")"}}, "  tcp; deny  # web\n", ""},
           {{{"loose_source_mapping", "true"}}, tcp, "LooseSourceMapping\n"},
       }) {
    CAPTURE(filter);
    CHECK(inbound_of(rule(changes)) == filter + "  otherwise deny\n");
    std::string texts;
    std::istringstream lines(read(document(rule(changes))).not_understood);
    for (std::string line; std::getline(lines, line);) texts += line.substr(line.find(' ') + 1) + "\n";
    CHECK(texts == remarks);
  }
}

TEST_CASE("lists of keywords multiply, and each combination is a rule") {
  const std::string all = inbound_of(rule({{"local_ports", R"(["80", "RPC"])"},
                                           {"remote_addresses", R"(["10.0.0.1", "DNS"])"},
                                           {"profiles", R"(["Domain", "Public"])"}}));
  CHECK(std::count(all.begin(), all.end(), '\n') == 4 + 8 + 1);
  CHECK(all.find("source in #1; tcp; not `Profile Domain`; not `Profile Private`; `LocalPort RPC`; allow") ==
        std::string::npos);
  CHECK(
      all.find(
          "  tcp; not `Profile Domain`; not `Profile Private`; `LocalPort RPC`; `RemoteAddress DNS`; allow  # web\n") !=
      std::string::npos);
}

TEST_CASE("allows that override blocks go first, and outbound rules look the other way") {
  const std::string rules =
      rule() + "," + rule({{"action", R"("Block")"}, {"display_name", R"("no")"}}) + "," +
      rule({{"override_block", "true"}, {"display_name", R"("scan")"}}) + "," +
      rule({{"override_block", "true"}, {"action", R"("Block")"}, {"display_name", R"("no too")"}}) + "," +
      rule({{"direction", R"("Outbound")"},
            {"local_ports", R"(["53"])"},
            {"remote_ports", R"(["5353"])"},
            {"local_addresses", R"(["192.0.2.1"])"}});
  const Outcome outcome = read(document(rules));
  REQUIRE(outcome.reading);
  CHECK(filter::print(outcome.reading->filter) ==
        "addresses #0: 192.0.2.1\n"
        "chain inbound:\n"
        "  tcp; allow  # scan\n"
        "  tcp; deny  # no\n"
        "  tcp; deny  # no too\n"
        "  tcp; allow  # web\n"
        "  otherwise deny\n"
        "chain outbound:\n"
        "  source in #0; tcp; source-port 53; port 5353; allow  # web\n"
        "  otherwise allow\n");
  CHECK(outcome.reading->managed == std::array{true, true, false});
  const Span where = outcome.reading->filter.origins[0].where;
  CHECK(document(rules).substr(where.begin, where.end - where.begin) == "\"web\"");
}

TEST_CASE("what a profile says stands before and behind all rules") {
  const auto of = [](const std::string& name, const Changes& changes, const std::string& others = "") {
    std::string all;
    for (const std::string_view each : {"Domain", "Private", "Public"})
      all +=
          (all.empty() ? "" : ",") + profile(std::string(each), others == "all" || each == name ? changes : Changes());
    return inbound_of(rule(), all);
  };
  const std::string web = "  tcp; allow  # web\n", deny = "  otherwise deny\n", allow = "  otherwise allow\n";
  CHECK(of("Domain", {{"enabled", "false"}}) == "  `Profile Domain`; allow  # Profile Domain: off\n" + web + deny);
  CHECK(of("", {{"enabled", "false"}}, "all") == "  allow  # Profile Domain, Private or Public: off\n" + web + deny);
  CHECK(of("Private", {{"allow_inbound_rules", "false"}}) ==
        "  not `Profile Domain`; `Profile Private`; deny  # Profile Private: no inbound rules\n" + web + deny);
  CHECK(of("Private", {{"allow_inbound_rules", "false"}, {"enabled", "false"}}) ==
        "  not `Profile Domain`; `Profile Private`; allow  # Profile Private: off\n" + web + deny);
  CHECK(of("", {{"allow_inbound_rules", "false"}}, "all") ==
        "  deny  # Profile Domain, Private or Public: no inbound rules\n" + web + deny);
  CHECK(of("Domain", {{"default_inbound", R"("Allow")"}}) ==
        web + "  `Profile Domain`; allow  # Profile Domain policy\n" + deny);
  CHECK(of("Public", {{"default_inbound", R"("Allow")"}}) ==
        web +
            "  `Profile Domain`; deny  # Profile Domain or Private policy\n"
            "  not `Profile Domain`; `Profile Private`; deny  # Profile Domain or Private policy\n" +
            allow);
  CHECK(of("", {{"default_inbound", R"("Allow")"}}, "all") == web + allow);
  CHECK(of("Public", {{"allow_local_rules", "false"}}) ==
        "  tcp; `Profile Domain`; allow  # web\n  tcp; not `Profile Domain`; `Profile Private`; allow  # web\n" + deny);
  CHECK(of("", {{"allow_local_rules", "false"}}, "all") == deny);
  const std::string only_policies =
      profile("Domain") + "," + profile("Private") + "," + profile("Public", {{"allow_local_rules", "false"}});
  CHECK(inbound_of(rule({{"store", R"("GroupPolicy")"}}), only_policies) == web + deny);
  CHECK(read(document(rule(), only_policies)).not_understood == "30:13: Profile Domain or Private\n");
  CHECK(
      read(document("", profile("Domain", {{"enabled", "false"}}) + "," + profile("Private") + "," + profile("Public")))
          .not_understood == "2:10: Profile Domain\n");
  CHECK(of("Domain", {{"enabled", "true,\n\"new\": 7"}}) ==
        "  `the member new at 141 to allow`; allow  # new\n  `the member new at 141 to deny`; deny  # new\n" + web +
            deny);
}

TEST_CASE("an export that is none is told so") {
  const std::string good = document(rule());
  const auto spoilt = [&](const std::string& from, const std::string& to) {
    return read(replaced(good, from, to)).findings;
  };
  CHECK(read(good).findings == "");
  CHECK(read("\xEF\xBB\xBF" + good).findings == "");
  CHECK(read("").findings == "1:1: the JSON ends too early\n");
  CHECK(read("hello").findings == "1:1: what stands here is not JSON\n");
  CHECK(read("{}").findings == "1:1: this is no export of rules: `format` is not `portpolicy-windows-rules`\n");
  CHECK(read("[1]").findings == "1:1: this is no export of rules: `format` is not `portpolicy-windows-rules`\n");
  CHECK(read(std::string("{\0\"\0", 4)).findings == "1:1: the text is UTF-16, and JSON is UTF-8\n");
  CHECK(read(std::string("\xFF\xFE{\0", 4)).findings == "1:1: the text is UTF-16, and JSON is UTF-8\n");
  CHECK(read(good + "x").findings == "55:1: what stands here is not JSON\n");
  CHECK(read(good.substr(0, good.size() / 2)).findings.ends_with(": the JSON ends too early\n"));
  CHECK(read(good.substr(0, good.size() - 2)).findings == "54:3: the JSON ends too early\n");
  CHECK(spoilt("\"TCP\"", "TCP").ends_with("31:13: what stands here is not JSON\n"));
  CHECK(spoilt("\"TCP\"", "\"T\xFF\"").ends_with("31:15: what stands here is not JSON\n"));
  CHECK(spoilt("\"status\": \"OK\"", "\"status\": \"OK\",") == "54:1: what stands here is not JSON\n");
  CHECK(spoilt("\"TCP\"", "\"TCP\", \"protocol\": \"UDP\"") == "31:32: the member `protocol` stands twice\n");
  CHECK(spoilt("\"TCP\"", std::string(20, '[') + std::string(20, ']')) ==
        "31:26: values stand in each other more than 16 deep\n");
  CHECK(spoilt("format_version\": 1", "format_version\": 2") ==
        "1:58: `format_version` is not 1, the version that is read here\n");
  CHECK(spoilt("format_version\": 1", "format_version\": 1e0") ==
        "1:58: `format_version` is not 1, the version that is read here\n");
  CHECK(spoilt("\"store\": \"ActiveStore\"", "\"store\": null") == "1:70: `store` is a text, not `null`\n");
  CHECK(spoilt("\"TCP\"", "6") == "31:13: `protocol` is a text, not a number\n");
  CHECK(spoilt("\"protocol\": \"TCP\",\n", "") == "22:1: there is no member `protocol`\n");
  CHECK(spoilt("\"enabled\": true,\n\"direction\"", "\"enabled\": \"True\",\n\"direction\"") ==
        "26:12: `enabled` is `true` or `false`, not a text\n");
  CHECK(spoilt("\"profiles\": [\"Any\"]", "\"profiles\": \"Any\"") == "30:13: `profiles` is a list, not a text\n");
  CHECK(spoilt("\"local_ports\": []", "\"local_ports\": [80]") ==
        "32:17: `local_ports` is a list of texts, not of a number\n");
  CHECK(spoilt("\"Inbound\"", "\"inbound\"") == "27:14: `direction` is `Inbound` or `Outbound`, not `inbound`\n");
  CHECK(spoilt("\"action\": \"Allow\"", "\"action\": \"NotConfigured\"") ==
        "28:11: `action` is `Allow` or `Block`, not `NotConfigured`\n");
  CHECK(read(document("7")).findings == "22:1: a rule is an object, not a number\n");
  CHECK(read(document("", profile("Domain") + ",[]," + profile("Public"))).findings ==
        "8:3: a profile is an object, not a list\n");
  CHECK(read(document("", profile("Domain") + "," + profile("Public"))).findings ==
        "1:97: not all of the profiles `Domain`, `Private` and `Public` are here\n");
  CHECK(read(document("", three_profiles + "," + profile("Public"))).findings ==
        "20:12: the profile `Public` stands twice\n");
  CHECK(read(document("", three_profiles + "," + profile("Any"))).findings ==
        "20:12: `name` is `Domain`, `Private` or `Public`, not `Any`\n");
  CHECK(read(document("", replaced(three_profiles, "\"Block\"", "\"NotConfigured\""))).findings ==
        "4:20: `default_inbound` is `Block` or `Allow`, not `NotConfigured`\n");
}

TEST_CASE("the rules of a server") {
  const Outcome outcome = read(server());
  CHECK(outcome.findings == "");
  REQUIRE(outcome.reading);
  const filter::Filter& filter = outcome.reading->filter;
  const auto verdict = [&](const std::string& from, unsigned port, const std::vector<std::string>& truths = {}) {
    Packet packet;
    packet.source = *Address::parse(from);
    packet.destination = *Address::parse(packet.family() == Family::ipv4 ? "10.20.1.5" : "2001:db8::5");
    packet.protocol = protocols::tcp;
    packet.source_port = Port(40000);
    packet.destination_port = Port(static_cast<std::uint16_t>(port));
    filter::OpaqueTruths which;
    std::size_t found = 0;
    for (const std::string& text : filter.opaques) {
      which.push_back(std::ranges::find(truths, text) != truths.end());
      found += which.back() ? 1u : 0u;
    }
    CHECK(found == truths.size());
    const filter::Outcome decided = filter::evaluate(filter, packet, false, which);
    return std::string(to_string(*decided.verdict)) +
           (decided.origin ? ": " + filter.origins[*decided.origin].name : "");
  };
  CHECK(verdict("10.20.30.7", 6101) == "allow: Backup agent");
  CHECK(verdict("10.20.31.7", 6101) == "deny");
  CHECK(verdict("2001:db8::7", 6101) == "deny");
  CHECK(verdict("10.20.30.49", 1433) == "allow: SQL Server from the application servers");
  CHECK(verdict("10.20.30.50", 23) == "deny: No telnet");
  const std::string service = R"(Program %SystemRoot%\system32\svchost.exe)";
  CHECK(verdict("198.51.100.7", 3389, {service}) == "deny");
  CHECK(verdict("198.51.100.7", 3389, {service, "Service termservice"}) ==
        "allow: Remote Desktop - User Mode (TCP-In)");
  CHECK(verdict("10.20.99.1", 23) == "deny: No telnet");
  CHECK(verdict("10.20.99.1", 23, {"Authentication Required", "RemoteMachine O:LSD:(A;;CC;;;S-1-5-21-1-2-3-1144)"}) ==
        "allow: Scanner of the security team");
  CHECK(verdict("198.51.100.7", 5985, {"Program System"}) == "deny");  // public, not of this network
  CHECK(verdict("198.51.100.7", 5985, {"Program System", "Profile Private"}) ==
        "allow: Windows Remote Management (HTTP-In)");
  CHECK(verdict("10.20.7.7", 445, {"Program System"}) == "allow: File and Printer Sharing (SMB-In)");
  CHECK(verdict("10.21.7.7", 445, {"Program System"}) == "deny");
  CHECK(verdict("10.21.7.7", 445, {"Program System", "RemoteAddress LocalSubnet"}) ==
        "allow: File and Printer Sharing (SMB-In)");
  const std::string node = R"(Program C:\apps\node\node.exe)";
  CHECK(verdict("10.20.30.7", 10000, {node}) == "deny: Node.js JavaScript Runtime");
  CHECK(verdict("10.20.30.7", 10000, {node, "Profile Domain"}) == "allow: Backup agent");
  CHECK(outcome.reading->not_understood.size() == 34);
  CHECK(std::count(outcome.not_understood.begin(), outcome.not_understood.end(), '\n') == 34);
  CHECK(outcome.not_understood.starts_with("7:428: Program System\n7:670: EdgeTraversalPolicy Allow\n"));
}

TEST_CASE("a large export is read") {
  std::string rules;
  for (int i = 0; i < 10'000; ++i)
    rules += (i == 0 ? "" : ",\n") + rule({{"local_ports", "[\"" + std::to_string(i + 1) + "\"]"},
                                           {"remote_addresses", R"(["10.0.0.0/255.0.0.0", "LocalSubnet"])"}});
  const Outcome outcome = read(document(rules));
  REQUIRE(outcome.reading);
  CHECK(outcome.reading->filter.chains[0].rules.size() == 20'000);
  std::string many;
  for (int i = 0; i < 50'001; ++i) many += i == 0 ? "0" : ",0";
  CHECK(read(document(many)).findings == "21:10: there are more than 50,000 rules\n");
  std::string values = "[";
  for (int i = 0; i < 2'000'000; ++i) values += i == 0 ? "0" : ",0";
  CHECK(read(values + "]").findings ==
        "1:1: there are more than 2,000,000 values, which is more than any firewall has\n");
}
