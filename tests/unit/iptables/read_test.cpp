#include "backends/iptables/read.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "compiler/diagnostics/source_map.h"

using namespace portpolicy;

namespace {

struct Outcome {
  std::optional<iptables::Reading> reading;
  std::string findings;  ///< `line:column: message`, one a line; of the second text on with its number before
};

Outcome read_texts(const std::vector<std::string>& texts, std::optional<Family> family = std::nullopt) {
  SourceMap sources;
  Diagnostics diagnostics;
  std::vector<FileId> files;
  std::vector<iptables::Input> inputs;
  for (const std::string& text : texts) files.push_back(sources.add("text", text));
  for (const FileId file : files) inputs.push_back({file, sources.text(file), family});
  Outcome outcome{iptables::read(inputs, diagnostics), {}};
  for (const Diagnostic& finding : diagnostics.sorted()) {
    CHECK(finding.code == Code::foreign_syntax);
    const Position place = sources.begin(finding.primary.where);
    if (finding.primary.where.file != files[0])
      outcome.findings += "text " + std::to_string(finding.primary.where.file.index + 1) + ": ";
    outcome.findings += std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + finding.message + "\n";
  }
  CHECK(outcome.reading.has_value() == outcome.findings.empty());
  return outcome;
}

/// The sets that rules of the tests ask.
const std::string sets_of_ipv4 =
    "create nets hash:net family inet hashsize 1024 maxelem 65536\n"
    "add nets 10.0.0.0/8\n"
    "add nets 10.1.0.0/16 nomatch\n"
    "add nets 10.1.1.0/24\n"
    "create web hash:net,port family inet\n"
    "add web 10.0.0.0/8,tcp:80\n"
    "add web 10.0.0.0/8,tcp:443\n"
    "add web 11.0.0.0/8,udp:53\n"
    "create ports bitmap:port range 0-65535\n"
    "add ports 80-90\n"
    "create pings hash:ip,port\n"
    "add pings 10.0.0.1,icmp:echo-request\n"
    "add pings 10.0.0.1,47:0\n"
    "create six hash:net family inet6\n"
    "add six fd00::/8\n"
    "create short hash:ip timeout 60\n"
    "create empty hash:net\n";

std::string table(const std::string& lines) {
  return "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n:a - [0:0]\n" + lines + "COMMIT\n";
}

/// The rules of the chain INPUT and of those that were made for them, without their origins; of names of sets, their
/// addresses; of long lists of protocols, the number.
std::string rules_of(const filter::Filter& filter) {
  std::istringstream lines(filter::print(filter));
  std::string result, line;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (line.starts_with("chain ")) {
      inside = line == "chain INPUT:" || line.starts_with("chain INPUT:6");
      if (inside && line != "chain INPUT:") result += line.substr(6) + "\n";
    } else if (inside) {
      line = line.substr(2, line.find("  #") - 2);
      const std::string_view head = std::string_view(line).substr(0, line.find(';'));
      if (const auto count = std::count(head.begin(), head.end(), '|'); count > 20)
        line = std::to_string(count + 1) + " protocols" + line.substr(head.size());
      result += line + "\n";
    }
  }
  for (std::size_t i = 0; i < filter.address_sets.size(); ++i) {
    if (!filter.address_sets[i].name.empty()) continue;
    std::string text;
    for (const Family family : families)
      for (const AddressRange& range : filter.address_sets[i].addresses.ranges(family))
        text += (text.empty() ? "" : " ") + to_string(range);
    const std::string name = "#" + std::to_string(i) + ";";
    for (std::size_t at = result.find(name); at != std::string::npos; at = result.find(name, at + 1))
      result.replace(at, name.size() - 1, "[" + text + "]");
  }
  return result;
}

/// Stands in line 6 behind `-A INPUT`.
Outcome with_rule(const std::string& rule, Family family = Family::ipv4) {
  return read_texts({table("-A INPUT " + rule + "\n"), sets_of_ipv4}, family);
}

std::string rules(const std::string& rule, Family family = Family::ipv4) {
  const Outcome outcome = with_rule(rule, family);
  REQUIRE_MESSAGE(outcome.reading, outcome.findings);
  return rules_of(outcome.reading->filter);
}

std::string six(const std::string& rule) {
  return rules(rule, Family::ipv6);
}

std::string refusal(const std::string& rule, Family family = Family::ipv4) {
  return with_rule(rule, family).findings;
}

std::string remarks(const std::vector<filter::Remark>& list) {
  std::string text;
  for (const filter::Remark& remark : list) text += remark.text + "\n";
  return text;
}

std::string not_understood(const std::string& rule) {
  const Outcome outcome = with_rule(rule);
  REQUIRE_MESSAGE(outcome.reading, outcome.findings);
  return remarks(outcome.reading->not_understood);
}

}  // namespace

TEST_CASE("protocols are read by name and number, negated, and over the family that they do not belong to") {
  CHECK(rules("-p tcp -j ACCEPT") == "tcp; allow\n");
  CHECK(rules("-ptcp -jACCEPT") == "tcp; allow\n");
  CHECK(rules("--protocol 17 --jump DROP") == "udp; deny\n");
  CHECK(rules("--proto udp -j DROP") == "udp; deny\n");
  CHECK(rules("-p all -j DROP") == "deny\n");
  CHECK(rules("-p 0 -j DROP") == "deny\n");
  CHECK(six("-p icmpv6 -j ACCEPT") == "icmpv6; allow\n");
  // All protocols but tcp, and what a filter calls icmpv6 only over IPv6.
  CHECK(rules("! -p tcp -j DROP") == "254 protocols; deny\njump INPUT:6\nINPUT:6:\n255 protocols; return\ndeny\n");
  CHECK(rules("-p ! tcp -j DROP") == rules("! -p tcp -j DROP"));
  CHECK(rules("-p icmpv6 -j DROP") == "jump INPUT:6\nINPUT:6:\n255 protocols; return\ndeny\n");
  CHECK(six("-p icmp -j DROP") == "`protocol 1 over IPv6`; jump INPUT:6\nINPUT:6:\n254 protocols; return\ndeny\n");
  CHECK(rules("-p nothing -j DROP") == "`-p nothing`; deny\n");
  CHECK(refusal("! -p all -j DROP") == "6:12: no packet is of no protocol, so the rule would never match\n");
  CHECK(refusal("-p 256 -j DROP") == "6:10: a protocol is a number up to 255\n");
}

TEST_CASE("a chain is left for good where no other chain can stand in for it") {
  const std::string text = rules("-p icmpv6 -g a");
  CHECK(text == "255 protocols; goto INPUT\ngoto a\ngoto INPUT\n");
}

TEST_CASE("addresses are read with their masks, as lists and negated") {
  CHECK(rules("-s 10.1.2.3/8 -j DROP") == "source in [10.0.0.0/8]; deny\n");
  CHECK(rules("-s 10.1.2.3/255.255.0.0 -j DROP") == "source in [10.1.0.0/16]; deny\n");
  CHECK(rules("-d 10.1.2.3 -j DROP") == "destination in [10.1.2.3]; deny\n");
  CHECK(rules("--dst 10/8 -j DROP") == "destination in [10.0.0.0/8]; deny\n");
  CHECK(rules("-s 010.0.0.1 -j DROP") == "source in [8.0.0.1]; deny\n");
  CHECK(rules("-s 0.0.0.0/0 -j DROP") == "deny\n");
  CHECK(rules("! -s 0.0.0.0/0 -j DROP") == "source in []; deny\n");
  CHECK(rules("! -s 10.0.0.0/8 -j DROP") == "source in [0.0.0.0-9.255.255.255 11.0.0.0-255.255.255.255]; deny\n");
  CHECK(rules("-s ! 10.0.0.0/8 -j DROP") == rules("! -s 10.0.0.0/8 -j DROP"));
  CHECK(rules("-s 10.0.0.0/8,11.0.0.0/8 -j DROP") == "source in [10.0.0.0/7]; deny\n");
  CHECK(six("-s fd00::1/8 -j DROP") == "source in [fd00::/8]; deny\n");
  CHECK(six("-s fd00::/ffff:: -j DROP") == "source in [fd00::/16]; deny\n");
  CHECK(rules("-s 10.0.0.1/255.0.0.255 -j DROP") == "`-s 10.0.0.1/255.0.0.255`; deny\n");
  CHECK(rules("-s example.org -j DROP") == "`-s example.org`; deny\n");
  CHECK(rules("-d 10.0.0.1,example.org -j DROP") ==
        "destination in [10.0.0.1]; deny\n"
        "destination in [0.0.0.0-10.0.0.0 10.0.0.2-255.255.255.255]; `-d example.org`; deny\n");
  CHECK(refusal("! -s 10.0.0.1,10.0.0.2 -j DROP") == "6:12: `!` takes one address, not a list\n");
  CHECK(refusal("-s fd00::1 -j DROP") == "6:10: `fd00::1` is no IPv4 address\n");
  CHECK(refusal("-s 10.0.0.1 -j DROP", Family::ipv6) == "6:10: `10.0.0.1` is no IPv6 address\n");
  CHECK(refusal("-s 10.0.0.256 -j DROP") == "6:10: `10.0.0.256` is no IPv4 address\n");
  CHECK(refusal("-s 10.0.0.0/33 -j DROP") == "6:10: `10.0.0.0/33` is no IPv4 address\n");
  CHECK(refusal("-s 10.0.0.1 -s 10.0.0.2 -j DROP") == "6:22: `-s` stands here twice\n");
}

TEST_CASE("for each address of a list iptables makes a rule with a limit of its own") {
  CHECK(rules("-s 10.0.0.1,10.0.0.2 -m limit --limit 1/s -j ACCEPT") ==
        "source in [10.0.0.1]; limit 1/second; allow\nsource in [10.0.0.2]; limit 1/second; allow\n");
  CHECK(with_rule("-s 10.0.0.1,10.0.0.2 -m limit --limit 1/s -j ACCEPT").reading->filter.limits.size() == 2);
}

TEST_CASE("interfaces are names or beginnings of names") {
  CHECK(rules("-i eth0 -j DROP") == "in eth0; deny\n");
  CHECK(rules("-i eth+ -j DROP") == "in eth*; deny\n");
  CHECK(rules("-i + -j DROP") == "deny\n");
  CHECK(rules("! -i + -j DROP") == "in no interface; deny\n");
  CHECK(rules("! -i eth0 -j DROP") == "in * except eth0; deny\n");
  CHECK(rules("-o eth0 -j DROP") == "out eth0; deny\n");
  CHECK(rules("-i eth* -j DROP") == "`-i eth*`; deny\n");
  CHECK(refusal("-i a23456789012345x -j DROP") == "6:10: a name of an interface has at most 15 characters\n");
}

TEST_CASE("ports are numbers, names and ranges of the protocol that the rule asks for") {
  CHECK(rules("-p tcp --dport 22 -j DROP") == "tcp; port 22; deny\n");
  CHECK(rules("-p tcp -m tcp --dport ssh -j DROP") == "tcp; port 22; deny\n");
  CHECK(rules("-m tcp --destination-port 22 -p 6 -j DROP") == "tcp; port 22; deny\n");
  CHECK(rules("-p udp -m udp --sport 1024: --dport :1023 -j DROP") ==
        "udp; source-port 1024-65535; port 0-1023; deny\n");
  CHECK(rules("-p udp ! --dport 53 -j DROP") == "udp; port 0-52, 54-65535; deny\n");
  CHECK(rules("-p udp --dport ! 53 -j DROP") == "udp; port 0-52, 54-65535; deny\n");
  CHECK(rules("-p sctp --dport 0x16 -j DROP") == "sctp; port 22; deny\n");
  CHECK(rules("-p tcp --dport 90:80 -j DROP") == "source in []; deny\n");
  CHECK(rules("-p tcp --dport foo -j DROP") == "tcp; `--dport foo`; deny\n");
  CHECK(rules("-p tcp -m multiport --dports 22,80:90,443 -j DROP") == "tcp; port 22, 80-90, 443; deny\n");
  CHECK(rules("-p tcp -m multiport --dport 22,80 -j DROP") == "tcp; port 22, 80; deny\n");
  CHECK(rules("-p tcp -m multiport ! --sports 22,80 -j DROP") == "tcp; source-port 0-21, 23-79, 81-65535; deny\n");
  CHECK(rules("-p tcp -m multiport --ports 22 -j DROP") ==
        "tcp; source-port 22; deny\ntcp; source-port 0-21, 23-65535; port 22; deny\n");
  CHECK(rules("-p tcp -m multiport ! --ports 22 -j DROP") ==
        "tcp; source-port 0-21, 23-65535; port 0-21, 23-65535; deny\n");
  CHECK(rules("-p tcp -m multiport --dports 22,foo -j DROP") == "tcp; `--dports 22,foo`; deny\n");
  CHECK(refusal("-p tcp -m multiport --dports 1,80:80 -j DROP") == "6:30: `80:80` is no port and no range of ports\n");
  CHECK(refusal("-p tcp --dport 65536 -j DROP") == "6:17: `65536` is no port and no range of ports\n");
  CHECK(refusal("-m tcp --dport 22 -j DROP") == "6:10: `-m tcp` needs `-p tcp`\n");
  CHECK(refusal("! -p tcp -m tcp --dport 22 -j DROP") == "6:19: `-m tcp` needs `-p tcp`\n");
  CHECK(refusal("-p esp -m multiport --dports 22 -j DROP") ==
        "6:17: `-m multiport` needs `-p` with tcp, udp, udplite, dccp or sctp\n");
  CHECK(refusal("--dport 22 -j DROP") == "6:10: iptables has no option `--dport` in this place\n");
  CHECK(refusal("-p tcp -m multiport --dports 1:2,3:4,5:6,7:8,9:10,11:12,13:14,15:16 -j DROP") ==
        "6:30: `-m multiport` takes 15 ports, of which a range counts as two\n");
}

TEST_CASE("types of ICMP are numbers and names, of IPv4 also 255 for all") {
  CHECK(rules("-p icmp --icmp-type 8 -j DROP") == "icmp; type 8:0-8:255; deny\n");
  CHECK(rules("-p icmp -m icmp --icmp-type echo-request -j DROP") == "icmp; type 8:0-8:255; deny\n");
  CHECK(rules("-p icmp --icmp-type fragmentation-needed -j DROP") == "icmp; type 3:4; deny\n");
  CHECK(rules("-p icmp --icmp-type 3/4 -j DROP") == "icmp; type 3:4; deny\n");
  CHECK(rules("-p icmp --icmp-type any -j DROP") == "icmp; deny\n");
  CHECK(rules("-p icmp --icmp-type 255/3 -j DROP") == "icmp; deny\n");
  CHECK(rules("-p icmp ! --icmp-type 8 -j DROP") == "icmp; type 0:0-7:255, 9:0-255:255; deny\n");
  CHECK(rules("-p icmp ! --icmp-type any -j DROP") == "source in []; deny\n");
  CHECK(six("-p icmpv6 --icmpv6-type 255 -j DROP") == "icmpv6; type 255:0-255:255; deny\n");
  CHECK(six("-p ipv6-icmp -m icmp6 --icmpv6-type neighbour-advertisement -j DROP") ==
        "icmpv6; type 136:0-136:255; deny\n");
  CHECK(refusal("-p icmp --icmp-type foo -j DROP") == "6:18: `foo` is no ICMP type that iptables knows for IPv4\n");
  CHECK(refusal("-p icmp --icmp-type echo-re -j DROP").contains("`echo-re` is no ICMP type"));
}

TEST_CASE("states are understood, and what is translated is not") {
  CHECK(rules("-m state --state RELATED,ESTABLISHED -j ACCEPT") == "state established, related; allow\n");
  CHECK(rules("-m conntrack --ctstate NEW,UNTRACKED -j ACCEPT") == "state new, untracked; allow\n");
  CHECK(rules("-m conntrack ! --ctstate INVALID -j ACCEPT") == "state new, established, related, untracked; allow\n");
  CHECK(rules("-m conntrack --ctstate DNAT -j ACCEPT") ==
        "state new, established, related, invalid, untracked; `--ctstate DNAT`; allow\n");
  CHECK(rules("-m conntrack --ctstate NEW,DNAT -j ACCEPT") ==
        "state new; allow\nstate established, related, invalid, untracked; `--ctstate DNAT`; allow\n");
  CHECK(rules("-m conntrack ! --ctstate NEW,DNAT -j ACCEPT") ==
        "state established, related, invalid, untracked; not `--ctstate DNAT`; allow\n");
  CHECK(rules("-m conntrack --ctstate NEW --ctdir ORIGINAL -j ACCEPT") == "state new; `--ctdir ORIGINAL`; allow\n");
  CHECK(refusal("-m state --state DNAT -j ACCEPT") == "6:19: `DNAT` is no state\n");
}

TEST_CASE("ranges of addresses") {
  CHECK(rules("-m iprange --src-range 10.0.0.1-10.0.0.9 -j DROP") == "source in [10.0.0.1-10.0.0.9]; deny\n");
  CHECK(rules("-m iprange ! --dst-range 0.0.0.0-127.255.255.255 -j DROP") == "destination in [128.0.0.0/1]; deny\n");
  CHECK(rules("-m iprange --src-range 10.0.0.9-10.0.0.1 -j DROP") == "source in []; deny\n");
  CHECK(rules("-m iprange ! --src-range 10.0.0.9-10.0.0.1 -j DROP") == "deny\n");
  CHECK(refusal("-m iprange --src-range foo -j DROP") == "6:21: `foo` is no range of IPv4 addresses\n");
}

TEST_CASE("sets are asked by their elements, of which the smallest decides") {
  CHECK(rules("-m set --match-set nets src -j DROP") == "source in nets; deny\n");
  CHECK(rules("-m set ! --match-set nets dst -j DROP") == "destination in not nets; deny\n");
  const Outcome outcome = with_rule("-m set --match-set nets src -j DROP");
  for (const filter::NamedAddresses& set : outcome.reading->filter.address_sets)
    if (set.name == "nets")
      CHECK(set.addresses.ranges(Family::ipv4) == std::vector{*AddressRange::parse("10.0.0.0/16"),
                                                              *AddressRange::parse("10.1.1.0/24"),
                                                              *AddressRange::parse("10.2.0.0-10.255.255.255")});
  CHECK(rules("-m set --match-set web src,dst -j DROP") ==
        "source in web.1; tcp; port 80, 443; deny\nsource in web.2; udp; port 53; deny\n");
  CHECK(rules("-p tcp -m set --match-set web dst,src -m tcp --sport :100 -j DROP") ==
        "destination in web.1; tcp; source-port 80; deny\n");
  CHECK(rules("-m set ! --match-set web src,dst -p udp -j DROP") ==
        "source in not web.2; udp; port 53; deny\nudp; port 0-52, 54-65535; deny\n");
  CHECK(rules("-m set --match-set ports dst -j DROP") == "tcp; port 80-90; deny\nudp; port 80-90; deny\n");
  CHECK(rules("-m set --match-set pings src,dst -j DROP") ==
        "source in pings.1; icmp; type 8:0; deny\nsource in pings.2; gre; deny\n");
  CHECK(rules("-m set --match-set empty src -j DROP") == "source in []; deny\n");
  CHECK(rules("-m set ! --match-set empty src -j DROP") == "deny\n");
  // The kernel finds no packet of IPv4 in a set of IPv6, and none where an address is asked without its port.
  CHECK(rules("-m set --match-set six src -j DROP") == "source in []; deny\n");
  CHECK(rules("-m set ! --match-set six src -j DROP") == "deny\n");
  CHECK(rules("-m set --match-set web src -j DROP") == "source in []; deny\n");
  CHECK(rules("-m set --match-set short src -j DROP") == "`--match-set short src`; deny\n");
  CHECK(rules("-m set ! --match-set nowhere src -j DROP") == "not `--match-set nowhere src`; deny\n");
  CHECK(rules("-m set --match-set nets src --return-nomatch -j DROP") ==
        "`-m set --match-set nets src --return-nomatch`; deny\n");
  CHECK(refusal("-m set --match-set nets from -j DROP") ==
        "6:17: behind the name of the set, `src` and `dst` may stand\n");
}

TEST_CASE("a set that rules change is not known") {
  const Outcome outcome = read_texts(
      {table("-A INPUT -m set --match-set nets src -j DROP\n-A INPUT -j SET --add-set nets src\n"), sets_of_ipv4});
  REQUIRE(outcome.reading);
  CHECK(rules_of(outcome.reading->filter) == "`--match-set nets src (line 6)`; deny\ncontinue\n");
}

TEST_CASE("the commands of ipset run in their order") {
  const auto nets = [](const std::string& text) {
    const Outcome outcome = read_texts({table("-A INPUT -m set --match-set s src -j DROP\n"), text});
    if (!outcome.reading) return outcome.findings;
    for (const filter::NamedAddresses& set : outcome.reading->filter.address_sets)
      if (set.name == "s") {
        std::string result;
        for (const AddressRange& range : set.addresses.ranges(Family::ipv4)) result += to_string(range) + " ";
        return result;
      }
    return rules_of(outcome.reading->filter);
  };
  const std::string make = "create s hash:net\nadd s 10.0.0.0/8\n";
  CHECK(nets(make) == "10.0.0.0/8 ");
  CHECK(nets(make + "create s hash:net -exist\nadd s 12.0.0.0/8 -exist\n") == "10.0.0.0/8 12.0.0.0/8 ");
  CHECK(nets(make + "add s 12.0.0.0/8 comment \"a b\"\ndel s 10.0.0.0/8\n") == "12.0.0.0/8 ");
  CHECK(nets(make + "flush s\nadd s 1.2.3.4\n") == "1.2.3.4 ");
  CHECK(nets(make + "create t hash:net\nadd t 11.0.0.0/8\nswap s t\ndestroy t\n") == "11.0.0.0/8 ");
  CHECK(nets(make + "rename s t\ncreate s hash:net\nadd s 13.0.0.0/8\n") == "13.0.0.0/8 ");
  CHECK(nets("create s hash:ip netmask 24\nadd s 10.0.0.7\n") == "10.0.0.0/24 ");
  CHECK(nets("create s hash:ip\nadd s 10.0.0.7-10.0.0.9\n") == "10.0.0.7-10.0.0.9 ");
  CHECK(nets(make + "add s 12.0.0.0/8 timeout 9\n") == "`--match-set s src`; deny\n");
  CHECK(nets(make + make) == "text 2: 3:1: there is a set `s` already\n");
  CHECK(nets("create s hash:net maxelem 2\nadd s 1.0.0.0/8\nadd s 2.0.0.0/8\nadd s 3.0.0.0/8\n") ==
        "text 2: 1:1: the set `s` has more elements than its `maxelem` of 2\n");
  CHECK(nets(make + "add t 1.2.3.4\n") == "text 2: 3:1: there is no set `t`\n");
  CHECK(nets(make + "add s 0.0.0.0/0\n") == "text 2: 3:1: `0.0.0.0/0` is no element of such a set\n");
  CHECK(nets(make + "create t hash:net family inet6\nswap s t\n") ==
        "text 2: 4:1: `s` and `t` are of different types\n");
  CHECK(nets("create a23456789012345678901234567890xx hash:net\n") ==
        "text 2: 1:1: a name of a set has at most 31 characters\n");
}

TEST_CASE("limits are buckets of their rule, hashlimits those of their name") {
  CHECK(rules("-m limit --limit 10/sec --limit-burst 20 -j ACCEPT") == "limit 10/second burst 20; allow\n");
  CHECK(rules("-m limit -j ACCEPT") == "limit 3/hour; allow\n");
  const std::string per_source =
      "-m hashlimit --hashlimit-upto 10/min --hashlimit-burst 20 --hashlimit-mode srcip "
      "--hashlimit-name x --hashlimit-htable-expire 120000";
  CHECK(rules(per_source + " -j ACCEPT") == "limit 10/minute burst 20 per source; allow\n");
  CHECK(six(per_source + " --hashlimit-srcmask 64 -j ACCEPT") == "limit 10/minute burst 20 per source; allow\n");
  // One bucket for each address is not what the model means by a source of IPv6.
  CHECK(six(per_source + " -j ACCEPT").starts_with("`-m hashlimit"));
  CHECK(rules(per_source + " --hashlimit-srcmask 24 -j ACCEPT").starts_with("`-m hashlimit"));
  // Forgotten before it is full.
  CHECK(rules("-m hashlimit --hashlimit-upto 1/min --hashlimit-name x -j ACCEPT").starts_with("`-m hashlimit"));
  CHECK(rules("-m hashlimit --hashlimit-upto 5/min --hashlimit-name x -j ACCEPT") == "limit 5/minute; allow\n");
  CHECK(rules("-m hashlimit --hashlimit-above 5/min --hashlimit-name x -j DROP") ==
        "jump INPUT:6\nINPUT:6:\nlimit 5/minute; return\ndeny\n");
  CHECK(rules("-m hashlimit ! --hashlimit-upto 5/min --hashlimit-name x -j DROP") ==
        "jump INPUT:6\nINPUT:6:\nlimit 5/minute; return\ndeny\n");
  CHECK(rules("-m hashlimit --hashlimit-above 5/min --hashlimit-name x -j RETURN") ==
        "goto INPUT:6\ngoto INPUT\nINPUT:6:\nlimit 5/minute; goto INPUT\nreturn\n");
  CHECK(rules("-m hashlimit --hashlimit-upto 512kb/s --hashlimit-name x -j ACCEPT").starts_with("`-m hashlimit"));
  // A packet takes from the bucket whatever stands behind the limit.
  CHECK(rules("-p tcp -m limit --limit 1/s -m tcp --dport 22 -j ACCEPT") ==
        "tcp; limit 1/second; continue\ntcp; port 22; limit 1/second; allow\n");
  CHECK(rules("-p tcp -m limit --limit 1/s -m limit --limit 5/min -j ACCEPT") ==
        "tcp; jump INPUT:6\nINPUT:6:\nlimit 1/second; goto INPUT:6\nreturn\nINPUT:6:\nlimit 5/minute; goto INPUT:6\n"
        "return\nINPUT:6:\nallow\n");
  CHECK(refusal("-m limit --limit foo -j DROP") == "6:19: `foo` is no rate, such as `10/minute`\n");
  CHECK(refusal("-m hashlimit --hashlimit-upto 1/s -j DROP") == "6:10: `-m hashlimit` needs `--hashlimit-name`\n");
}

TEST_CASE("rules that name one hashlimit share it, unless they do not agree on it") {
  const std::string use = "-m hashlimit --hashlimit-name x --hashlimit-upto ";
  const Outcome same =
      read_texts({table("-A INPUT -i a " + use + "5/min -j ACCEPT\n-A INPUT -i b " + use + "5/min -j ACCEPT\n")});
  REQUIRE(same.reading);
  CHECK(same.reading->filter.limits.size() == 1);
  const Outcome differ =
      read_texts({table("-A INPUT -i a " + use + "5/min -j ACCEPT\n-A INPUT -i b " + use + "50/min -j ACCEPT\n")});
  REQUIRE(differ.reading);
  for (const filter::Chain& chain : differ.reading->filter.chains)
    for (const filter::Rule& rule : chain.rules) CHECK_FALSE(rule.limit);
  CHECK(differ.reading->filter.opaques.size() == 2);
  const Outcome elsewhere =
      read_texts({table("-A INPUT " + use + "5/min -j ACCEPT\n") + "*mangle\n:INPUT ACCEPT [0:0]\n-A INPUT " + use +
                  "5/min -j MARK --set-mark 1\nCOMMIT\n"});
  REQUIRE(elsewhere.reading);
  CHECK(rules_of(elsewhere.reading->filter) == "`what another table leaves of the hashlimit x (use 1)`; allow\n");
}

TEST_CASE("what is not understood is an opaque condition with its text") {
  CHECK(rules("-m mac --mac-source 00:11:22:33:44:55 -j DROP") == "`-m mac --mac-source 00:11:22:33:44:55`; deny\n");
  CHECK(rules("-m mac ! --mac-source 00:11:22:33:44:55 -j DROP") ==
        "not `-m mac --mac-source 00:11:22:33:44:55`; deny\n");
  CHECK(rules("-m recent --update --seconds 60 --name \"a b\" --rsource -j DROP") ==
        "`-m recent --update --seconds 60 --name \"a b\" --rsource (line 6)`; deny\n");
  CHECK(rules("-m recent --set -m tcp -p tcp --dport 22 -j DROP") ==
        "tcp; port 22; `-m recent --set (line 6)`; deny\n");
  CHECK(rules("-p tcp -m tcp --tcp-flags SYN,FIN,RST,ACK SYN -j DROP") ==
        "tcp; `--tcp-flags FIN,SYN,RST,ACK SYN`; deny\n");
  CHECK(rules("-p tcp --syn -j DROP") == "tcp; `--tcp-flags FIN,SYN,RST,ACK SYN`; deny\n");
  CHECK(rules("-p tcp ! --syn -j DROP") == "tcp; not `--tcp-flags FIN,SYN,RST,ACK SYN`; deny\n");
  CHECK(rules("-f -j DROP") == "`-f`; deny\n");
  CHECK(rules("! -f -j DROP") == "not `-f`; deny\n");
  CHECK(refusal("-f -j DROP", Family::ipv6) == "6:10: `-f` is not for IPv6; there it is `-m frag`\n");
  CHECK(rules("-m policy --dir in --pol ipsec --proto esp -j DROP") ==
        "`-m policy --dir in --pol ipsec --proto esp`; deny\n");
  CHECK(rules("-m u32 --u32 \"0>>22&0x3C@4=0x29\" -j DROP") == "`-m u32 --u32 0>>22&0x3C@4=0x29`; deny\n");
  CHECK(not_understood("-p tcp --syn -m mac --mac-source 1:2:3:4:5:6 -j DROP") ==
        "--tcp-flags FIN,SYN,RST,ACK SYN\n-m mac --mac-source 1:2:3:4:5:6\n");
  // What is only logged is no question of who passes.
  CHECK(not_understood("-m mac --mac-source 1:2:3:4:5:6 -j LOG") == "");
  CHECK(rules("-m mac --mac-source 1:2:3:4:5:6 -j LOG") == "log; continue\n");
  CHECK(rules("-p tcp -m mac --mac-source 1:2:3:4:5:6 -m limit --limit 1/s -m tcp --dport 1 -j LOG") ==
        "tcp; port 1; log; continue\n");
  CHECK(rules("-m mac --mac-source 1:2:3:4:5:6 -j MARK --set-mark 1") == "continue\n");
}

TEST_CASE("a mark is the same for all rules, unless one of them sets it") {
  CHECK(rules("-m mark --mark 1 -j DROP") == "`-m mark --mark 1`; deny\n");
  const Outcome outcome = read_texts({table("-A INPUT -m mark --mark 1 -j DROP\n-A INPUT -j MARK --set-mark 1\n")});
  REQUIRE(outcome.reading);
  CHECK(rules_of(outcome.reading->filter) == "`-m mark --mark 1 (line 6)`; deny\ncontinue\n");
}

TEST_CASE("targets decide, go elsewhere, or leave it to later rules") {
  CHECK(rules("-j ACCEPT") == "allow\n");
  CHECK(rules("-j DROP") == "deny\n");
  CHECK(rules("-j REJECT") == "reject\n");
  CHECK(rules("-j REJECT --reject-with icmp-admin-prohibited") == "reject\n");
  CHECK(rules("-p tcp -j REJECT --reject-with tcp-reset") == "tcp; reject\n");
  CHECK(six("-j REJECT --reject-with icmp6-adm-prohibited") == "reject\n");
  CHECK(rules("-j RETURN") == "return\n");
  CHECK(rules("-j a") == "jump a\n");
  CHECK(rules("-g a") == "goto a\n");
  CHECK(rules("--goto a") == "goto a\n");
  CHECK(rules("") == "continue\n");
  CHECK(rules("-j LOG --log-prefix \"a b: \" --log-level 6") == "log; continue\n");
  CHECK(with_rule("-j NFLOG --nflog-prefix \"x \\\"y\\\"\" --nflog-group 1").reading->filter.chains.size() > 3);
  CHECK(rules("-j MARK --set-xmark 0x1/0xffffffff") == "continue\n");
  CHECK(rules("-j TRACE") == "log; continue\n");
  CHECK(rules("-m comment --comment \"-j DROP\" -j ACCEPT") == "allow\n");
  CHECK(rules("-j NFQUEUE --queue-num 3") ==
        "`-j NFQUEUE --queue-num 3 drops (line 6)`; deny\n`-j NFQUEUE --queue-num 3 rejects (line 6)`; reject\n"
        "`-j NFQUEUE --queue-num 3 accepts (line 6)`; allow\n");
  CHECK(not_understood("-j FOO --bar 3") == "-j FOO --bar 3\n");
  CHECK(refusal("-j FOO") == "6:10: there is no chain `FOO` in the table `filter`, and no such target is known\n");
  CHECK(refusal("-g FOO") == "6:10: there is no chain `FOO` in the table `filter`\n");
  CHECK(refusal("-j INPUT") == "6:1: no rule can lead to `INPUT`, because it is built in\n");
  CHECK(refusal("-j REJECT --reject-with tcp-reset") == "6:20: `tcp-reset` needs `-p tcp`\n");
  CHECK(refusal("-j REJECT --reject-with icmp6-no-route") ==
        "6:20: `icmp6-no-route` is no answer that iptables sends over IPv4\n");
  CHECK(refusal("-j LOG --log-level bad") == "6:17: `bad` is no level of a log\n");
  CHECK(refusal("-j ACCEPT -j DROP") == "6:20: a rule has one target\n");
  CHECK(refusal("-j") == "6:10: the value of `-j` is missing\n");
}

TEST_CASE("rules that are no rules are refused with their place") {
  CHECK(refusal("foo -j DROP") == "6:10: `foo` stands where an option should\n");
  CHECK(refusal("--nonsense -j DROP") == "6:10: iptables has no option `--nonsense` in this place\n");
  CHECK(refusal("-m comment --comment \"a b -j DROP") == "6:31: the quote never ends\n");
  CHECK(refusal("-t nat -j DROP") == "6:10: which table it is, only a line `*TABLE` can say\n");
  CHECK(refusal("-j DROP !") == "6:18: behind `!` an option is missing\n");
  CHECK(refusal("-m state -j DROP") == "6:10: `-m state` needs an option\n");
  CHECK(refusal("! -m limit -j DROP") == "6:12: `!` stands before an option of the match, not before `-m`\n");
  CHECK(refusal("-m limit ! --limit 1/s -j DROP") == "6:21: `--limit` cannot be negated\n");
}

TEST_CASE("options for the other family make a rule of the other family") {
  CHECK(rules("-4 -j DROP") == "deny\n");
  CHECK(rules("-6 -j DROP") == "");
  CHECK(six("--ipv4 -j DROP") == "");
}

TEST_CASE("the commands run in their order") {
  const auto input = [](const std::string& lines) {
    const Outcome outcome = read_texts({table(lines)});
    return outcome.reading ? rules_of(outcome.reading->filter) : outcome.findings;
  };
  CHECK(input("[1:2] -A INPUT -j DROP\n\n# a comment\n[0:0] -A INPUT -j ACCEPT\n") == "deny\nallow\n");
  CHECK(input("-A INPUT -j DROP\n-I INPUT -j ACCEPT\n-I INPUT 2 -j RETURN\n") == "allow\nreturn\ndeny\n");
  CHECK(input("-A INPUT -j DROP\n-A INPUT -j ACCEPT\n-D INPUT 1\n") == "allow\n");
  CHECK(input("-A INPUT -j DROP\n-A INPUT -j ACCEPT\n-D INPUT -j ACCEPT\n") == "deny\n");
  CHECK(input("-A INPUT -j DROP\n-R INPUT 1 -j ACCEPT\n") == "allow\n");
  CHECK(input("-A INPUT -j DROP\n-F INPUT\n") == "");
  CHECK(input("-N b\n-A INPUT -j b\n-E b c\n") == "jump c\n");
  CHECK(input("-N b\n-X b\n-A INPUT -j b\n") ==
        "8:10: there is no chain `b` in the table `filter`, and no such target is known\n");
  CHECK(input("-p tcp -A INPUT -j DROP\n") == "tcp; deny\n");
  CHECK(input("-A b -j DROP\n") == "6:4: there is no chain `b` in the table `filter`\n");
  CHECK(input("-I INPUT 2 -j DROP\n") == "6:1: `INPUT` has no such place; it has 0 rules\n");
  CHECK(input("-D INPUT -j DROP\n") == "6:1: `INPUT` has no such rule\n");
  CHECK(input(":b ACCEPT [0:0]\n") == "6:4: only built-in chains have a policy; `b` has `-`\n");
  CHECK(input(":INPUT REJECT [0:0]\n") == "6:8: a policy is ACCEPT or DROP, not `REJECT`\n");
  CHECK(input(":a2345678901234567890123456789 - [0:0]\n") == "6:2: a name of a chain has at most 28 characters\n");
  CHECK(input("-N a\n") == "6:4: there is a chain `a` already\n");
  CHECK(input("hello\n") == "6:1: a rule begins with a command such as `-A CHAIN`\n");
  CHECK(input("-A INPUT -j a\n-A a -j INPUT\n").contains("no rule can lead to `INPUT`"));
  CHECK(input(":b - [0:0]\n-A INPUT -j a\n-A a -g b\n-A b -j a\n") == "5:1: the chain `a` leads back to itself\n");
}

TEST_CASE("chains with rules that nothing leads to are named, and their mistakes are") {
  const Outcome outcome = read_texts({table(":b - [0:0]\n:c - [0:0]\n-A a -j b\n-A b -j DROP\n")});
  REQUIRE(outcome.reading);
  CHECK(remarks(outcome.reading->unused_chains) == "a\nb\n");
  CHECK(outcome.reading->filter.chains.size() == 6);
  CHECK(read_texts({table("-A a -j b\n")}).findings ==
        "6:6: there is no chain `b` in the table `filter`, and no such target is known\n");
}

TEST_CASE("chains may call each other as deep as they like") {
  constexpr int depth = 20'000;
  std::string lines;
  for (int i = 0; i < depth; ++i) lines += ":c" + std::to_string(i) + " - [0:0]\n";
  lines += "-A INPUT -j c0\n";
  for (int i = 0; i + 1 < depth; ++i) lines += "-A c" + std::to_string(i) + " -j c" + std::to_string(i + 1) + "\n";
  const Outcome outcome = read_texts({table(lines)});
  REQUIRE(outcome.reading);
  CHECK(outcome.reading->filter.chains.size() == depth + 6);
}

TEST_CASE("the end of a built-in chain, and a return from it, is its policy") {
  const Outcome outcome = read_texts({table("-A INPUT -p tcp -j RETURN\n-A INPUT -j ACCEPT\n")});
  REQUIRE(outcome.reading);
  CHECK(outcome.reading->families == filter::bit(Family::ipv4));
  Packet packet;
  packet.protocol = protocols::tcp;
  CHECK(filter::evaluate(outcome.reading->filter, packet, false).verdict == Verdict::deny);
  packet.protocol = protocols::udp;
  CHECK(filter::evaluate(outcome.reading->filter, packet, false).verdict == Verdict::allow);
  const auto at = filter::evaluate(outcome.reading->filter, packet, false).origin;
  REQUIRE(at);
  CHECK(outcome.reading->filter.origins[*at].name == "INPUT:7");
}

TEST_CASE("both families are read together, each by itself") {
  const Outcome outcome =
      read_texts({"# Generated by iptables-save v1.8.9\n" + table("-A INPUT -p tcp -j ACCEPT\n"),
                  "# Generated by ip6tables-save v1.8.9\n" + table("-A INPUT -p tcp -j REJECT\n-A INPUT -j ACCEPT\n")});
  REQUIRE(outcome.reading);
  CHECK(outcome.reading->families == (filter::bit(Family::ipv4) | filter::bit(Family::ipv6)));
  Packet packet;
  packet.protocol = protocols::tcp;
  CHECK(filter::evaluate(outcome.reading->filter, packet, false).verdict == Verdict::allow);
  packet.source = packet.destination = {Family::ipv6, 1};
  CHECK(filter::evaluate(outcome.reading->filter, packet, false).verdict == Verdict::reject);
  packet.protocol = protocols::udp;
  CHECK(filter::evaluate(outcome.reading->filter, packet, false).verdict == Verdict::allow);
}

TEST_CASE("the family is told by the header, else by addresses, else it is IPv4") {
  const auto family = [](const std::string& text) {
    const Outcome outcome = read_texts({text});
    return outcome.reading ? outcome.reading->families : filter::Families(0);
  };
  CHECK(family(table("")) == 1);
  CHECK(family("# Generated by ip6tables-save\n" + table("")) == 2);
  CHECK(family(table("-A INPUT -s fd00::/8 -j DROP\n")) == 2);
  CHECK(family(table("-A INPUT -p icmpv6 -j DROP\n")) == 2);
  CHECK(family(table("-A INPUT -p icmpv6 -s 10.0.0.1 -j DROP\n")) == 1);
  CHECK(read_texts({"# Generated by arptables-save\n*filter\nCOMMIT\n"}).findings ==
        "1:1: these rules are for packets of other protocols than IPv4 and IPv6\n");
  CHECK(read_texts({"# nothing\n\n"}).findings == "1:1: there are no rules here\n");
  CHECK(read_texts({"create s hash:net\n"}).findings == "1:1: there are no rules here\n");
  CHECK(read_texts({table(""), ""}).findings.empty());
}

TEST_CASE("tables begin and end, and a later one takes the place of an earlier one") {
  const auto input = [](const std::string& text) {
    const Outcome outcome = read_texts({text});
    return outcome.reading ? rules_of(outcome.reading->filter) : outcome.findings;
  };
  const std::string one = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n";
  CHECK(input(one + "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n") == "allow\n");
  CHECK(input(one + "*filter\n-A INPUT -j ACCEPT\nCOMMIT\n") == "deny\nallow\n");
  CHECK(input("*filter\n-A INPUT -j DROP\n") ==
        "1:1: the table `filter` has no COMMIT, without which nothing of it is loaded\n");
  CHECK(input("*filter\n*nat\nCOMMIT\n") == "2:1: a table begins before the COMMIT of `filter`\n");
  CHECK(input("*fliter\nCOMMIT\n") == "1:1: there is no table `fliter`\n");
  CHECK(input("hello\n") == "1:1: outside of a table only `*TABLE` or a comment may stand\n");
  CHECK(input(one + "-A INPUT -j DROP\n") == "5:1: no table begins before this rule\n");
}

TEST_CASE("what iptables -S prints has no tables") {
  const Outcome outcome =
      read_texts({"-P INPUT DROP\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n-N a\n-A INPUT -j a\n-A a -j ACCEPT\n"});
  REQUIRE(outcome.reading);
  CHECK(rules_of(outcome.reading->filter) == "jump a\n");
  CHECK(outcome.reading->families == 1);
  const Outcome nat = read_texts({"-P PREROUTING ACCEPT\n-P INPUT ACCEPT\n-P OUTPUT ACCEPT\n-P POSTROUTING ACCEPT\n"});
  REQUIRE(nat.reading);
  CHECK(nat.reading->families == 0);
  CHECK(remarks(nat.reading->passed_over) == "address translation; of it, rules see the result\n");
}

TEST_CASE("an empty chain that lets all pass manages nothing") {
  const Outcome outcome =
      read_texts({"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n"
                  "-A OUTPUT -j ACCEPT\nCOMMIT\n"});
  REQUIRE(outcome.reading);
  CHECK(outcome.reading->managed == std::array{false, true, true});
}

TEST_CASE("what other tables may drop is not understood, and what drops nothing is passed over") {
  const std::string filter = "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n";
  const auto read = [&](const std::string& table) {
    const Outcome outcome = read_texts({table + filter});
    REQUIRE_MESSAGE(outcome.reading, outcome.findings);
    return *outcome.reading;
  };
  const auto possible = [](const iptables::Reading& reading, Direction direction) {
    Packet packet;
    packet.direction = direction;
    return *filter::evaluate(reading.filter, packet, false, filter::OpaqueTruths(reading.filter.opaques.size(), true))
                .verdict;
  };
  const iptables::Reading raw = read(
      "*raw\n:PREROUTING ACCEPT [0:0]\n:x - [0:0]\n-A PREROUTING -j x\n-A x -m rpfilter --invert -j DROP\nCOMMIT\n");
  CHECK(remarks(raw.not_understood) == "`-A x -m rpfilter --invert -j DROP` in the table raw\n");
  CHECK(possible(raw, Direction::inbound) == Verdict::deny);
  CHECK(possible(raw, Direction::forward) == Verdict::deny);
  CHECK(possible(raw, Direction::outbound) == Verdict::allow);
  const iptables::Reading mangle =
      read("*mangle\n:POSTROUTING DROP [0:0]\n-A POSTROUTING -j CHECKSUM --checksum-fill\nCOMMIT\n");
  CHECK(remarks(mangle.not_understood) == "the policy of POSTROUTING in the table mangle\n");
  CHECK(possible(mangle, Direction::inbound) == Verdict::allow);
  CHECK(possible(mangle, Direction::outbound) == Verdict::deny);
  // Of targets that only address translation has, there are more than are known here.
  CHECK(read("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j FULLCONENAT\nCOMMIT\n").not_understood.empty());
  const iptables::Reading none =
      read("*mangle\n:INPUT ACCEPT [0:0]\n:x - [0:0]\n-A x -j DROP\n-A INPUT -j MARK --set-mark 1\nCOMMIT\n");
  CHECK(none.not_understood.empty());
  CHECK(remarks(none.passed_over) == "the table `mangle`, which drops nothing\n");
}
