#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/host/support/asked.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/random_shots.h"
#include "tests/host/support/samples.h"

// Rule sets as others write them: what the kernel does with real packets, beside what is read from it.

namespace portpolicy::host_tests {
namespace {

std::string rules_of_universe() {
  std::string rules;
  const auto rule = [&](const std::string& text) { rules += "  - {allow: " + text + "}\n"; };
  for (const char* from : {"10.0.0.0/8", "10.1.0.0/16", "10.2.3.4", "192.0.2.0/24", "192.168.0.10-192.168.0.77",
                           "2001:db8::/32", "2001:db8:1::7", "fe80::/10", "2001:db8:5::1-2001:db8:5::ff"})
    for (const char* service : {"22/tcp", "[80-90/tcp, 80-90/udp]", "53/udp", "any"})
      rule(std::string(service) + ", from: '" + from + "'");
  for (const char* service : {"icmp/8", "icmp/3:4", "icmpv6/128", "icmpv6/1:4", "sctp", "esp"}) rule(service);
  rule("1000-2000/tcp, to: 198.51.100.0/24");
  rule("1000-2000/tcp, to: '2001:db8:1::/48', source-port: 500-600");
  return rules;
}

/// A policy about the values that the scripts below speak of, so that random packets are near them.
Graph graph_of_universe() {
  std::string text = "portpolicy: 1\nbase: []\ndefaults: {inbound: deny, outbound: deny, forward: deny}\n";
  for (const Direction direction : directions)
    text += std::string(to_string(direction)) + ":\n" + rules_of_universe() +
            (direction == Direction::outbound ? "" : "  - {allow: 7/tcp, in: [eth0, 'br-*']}\n") +
            (direction == Direction::inbound ? "" : "  - {allow: 7/tcp, out: [eth1, 'br-*']}\n");
  Result<Artifact> artifact = compile_text(text);
  if (!artifact) FAIL(artifact.error().message);
  return std::move(artifact->graph);
}

constexpr std::size_t packets_a_script = 1000;

struct Script {
  std::string name, text;
};

/// A table with the same rules at all three hooks.
std::string base(const std::string& family, const std::string& table, const std::string& priority,
                 const std::string& rules, const std::string& policy = "accept", const std::string& before = "") {
  std::string text = "table " + family + " " + table + " {\n" + before;
  for (const char* hook : {"input", "output", "forward"})
    text += std::string("chain ") + hook + "_c {\ntype filter hook " + hook + " priority " + priority + "; policy " +
            policy + ";\n" + rules + "\n}\n";
  return text + "}\n";
}

Script at_all_hooks(const std::string& name, const std::string& family, const std::string& rules,
                    const std::string& before = "", const std::string& policy = "drop") {
  return {name, base(family, "t", "0", rules, policy, before)};
}

std::vector<Script> of_sets() {
  return {
      at_all_hooks("verdict map of ports, with chains", "inet",
                   "meta l4proto . th dport vmap { tcp . 22 : jump staff, udp . 53 : accept, tcp . 80 : goto web }\n"
                   "tcp dport 22 reject with tcp reset",
                   "chain staff {\nip saddr 10.0.0.0/8 accept\nip6 saddr 2001:db8::/32 return\n"
                   "tcp sport 500-600 drop\n}\nchain web {\nip saddr != 10.1.0.0/16 accept\n}\n"),
      at_all_hooks("concatenations of ranges", "inet",
                   "ip saddr . tcp dport @pairs accept\nip6 saddr . meta l4proto . th dport @triples accept\n"
                   "ip daddr . tcp dport { 198.51.100.0/24 . 1000-2000, 198.51.100.9 . 22 } reject",
                   "set pairs { type ipv4_addr . inet_service; flags interval\nelements = { 10.0.0.0/8 . 80-90, "
                   "192.168.0.10-192.168.0.77 . 22, 10.2.3.4 . 22 }\n}\n"
                   "set triples { type ipv6_addr . inet_proto . inet_service; flags interval\nelements = { "
                   "2001:db8::/32 . tcp . 80-90, 2001:db8:1::7 . udp . 53, fe80::/10 . tcp . 22 }\n}\n"),
      at_all_hooks("keys with masks", "inet",
                   "ip saddr & 255.255.0.0 . meta l4proto . th dport @h16 accept\n"
                   "ip saddr & 255.0.0.0 . meta l4proto . th dport @h8 reject\n"
                   "ip6 saddr & ffff:ffff:: . meta l4proto . th dport @h32 accept",
                   "set h16 { type ipv4_addr . inet_proto . inet_service\nelements = { 10.1.0.0 . tcp . 22, 10.2.0.0 . "
                   "udp . 53, 192.168.0.0 . tcp . 80 }\n}\n"
                   "set h8 { type ipv4_addr . inet_proto . inet_service\nelements = { 10.0.0.0 . tcp . 80 }\n}\n"
                   "set h32 { type ipv6_addr . inet_proto . inet_service\nelements = { 2001:db8:: . tcp . 22 }\n}\n"),
      at_all_hooks("sets of ranges", "inet",
                   "ip saddr { 10.1.0.0/16, 10.2.3.4, 192.168.0.10-192.168.0.77 } tcp dport { 22, 80-90 } accept\n"
                   "ip6 saddr { fe80::/10, 2001:db8:5::1-2001:db8:5::ff } accept\nip6 saddr != { 2001:db8::/32 } drop\n"
                   "ip saddr != { 10.0.0.0/8, 192.0.2.0/24 } reject\ntcp dport != { 80-90, 7 } accept"),
      at_all_hooks(
          "a map of ranges, neighbours with different verdicts", "inet",
          "ip saddr vmap { 10.0.0.0-10.1.0.255 : drop, 10.1.1.0/24 : accept, 10.1.2.0-10.255.255.255 : accept, "
          "192.0.2.0/24 : continue, 0.0.0.0/8 : accept, 192.168.0.10-255.255.255.255 : drop }\n"
          "tcp dport vmap { 0-21 : drop, 22 : accept, 80-90 : accept }\nmeta nfproto ipv4 reject"),
      at_all_hooks("specific elements before general ones in a map of ranges", "inet",
                   "ip saddr . tcp dport vmap { 10.2.3.4 . 80-90 : drop, 10.0.0.0/8 . 80-90 : accept }\n"
                   "ip saddr . tcp dport vmap @late",
                   "map late { type ipv4_addr . inet_service : verdict; flags interval\nelements = { 10.2.3.4 . 22 : "
                   "drop }\n}\n"),
      {"a map of ranges, neighbours added one after the other",
       base("inet", "t", "0", "ip saddr vmap @halves", "drop",
            "map halves { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0-10.1.255.255 : drop }\n}\n") +
           "add element inet t halves { 10.2.0.0-10.255.255.255 : accept }\n"},
      at_all_hooks(
          "others of a map", "inet",
          "tcp dport vmap { 22 : accept, 80-90 : drop, * : jump rest }\nudp dport vmap { 53 : accept, * : drop }\n"
          "meta l4proto sctp accept",
          "chain rest {\nip saddr 10.0.0.0/8 reject\n}\n"),
  };
}

std::vector<Script> of_conditions() {
  return {
      at_all_hooks(
          "interfaces", "inet",
          "iifname { \"eth0\", \"br-*\" } tcp dport 22 accept\niifname \"br-*\" udp dport 53 accept\n"
          "oifname != \"eth0\" tcp dport 80 accept\noifname != { \"eth*\" } udp dport 80 reject\niif \"lo\" accept\n"
          "oif != \"lo\" tcp dport 1000-2000 accept\niifname != \"br-*\" tcp dport 7 reject\n"
          "iifname . tcp dport { \"eth0\" . 81, \"eth1\" . 82 } accept"),
      at_all_hooks("states", "inet",
                   "ct state vmap { established : accept, invalid : drop, related : accept }\n"
                   "ct state { new } tcp dport 22 accept\nct state untracked udp dport 53 accept\n"
                   "ct state != new tcp dport 80 reject\nct state new,untracked tcp dport 80 accept"),
      at_all_hooks(
          "comparisons", "inet",
          "tcp dport >= 1000 tcp dport < 1500 accept\ntcp dport > 1500 accept\nip saddr < 10.2.3.4 udp dport 53 "
          "accept\nip6 saddr >= 2001:db8:5::1 udp dport 53 accept\ntcp sport 500 tcp dport 22 accept\n"
          "ip saddr 10.0.0.0/9 tcp dport 80 accept",
          ""),
      at_all_hooks("protocols", "inet",
                   "meta nfproto ipv4 meta l4proto { icmp, ipv6-icmp } accept\nmeta nfproto ipv6 meta l4proto "
                   "ipv6-icmp accept\nmeta l4proto != { tcp, udp } reject\n"
                   "meta l4proto { tcp, udp } th dport { 22, 53 } accept\nmeta protocol ip tcp dport 80 accept\n"
                   "meta nfproto ipv6 udp dport 80 accept\nip protocol udp accept"),
      at_all_hooks("protocols, the other way", "inet", "meta l4proto != tcp accept\ntcp dport != 22 accept"),
      at_all_hooks("a protocol of the other family", "inet", "meta nfproto ipv4 meta l4proto ipv6-icmp accept"),
      at_all_hooks("ICMP", "inet",
                   "icmp type echo-request accept\nicmp type destination-unreachable icmp code 4 accept\n"
                   "icmpv6 type . icmpv6 code { 1 . 4, 128 . 0 } accept\nicmp code != 0 reject\nicmpv6 type 1-4 drop"),
      at_all_hooks("negated concatenations", "inet",
                   "ip saddr . ip daddr != { 10.2.3.4 . 198.51.100.9, 10.1.0.0 . 198.51.100.9 } tcp dport 22 accept\n"
                   "meta l4proto tcp ip6 saddr . tcp dport != { 2001:db8:1::7 . 80 } reject\n"
                   "meta l4proto udp ip saddr 10.0.0.0/8 udp sport . udp dport != { 40000 . 53 } accept"),
      at_all_hooks("several lookups of several parts in one rule", "inet",
                   "ip saddr . tcp dport { 10.2.3.4 . 22, 10.0.0.0/8 . 80-90 } ip saddr . ip daddr != { 10.0.0.0 . "
                   "198.51.100.9, 10.2.3.4 . 192.0.2.1 } accept\n"
                   "ip saddr . tcp dport { 10.2.3.4 . 22, 10.0.0.0/8 . 80-90 } ip saddr . tcp sport { 10.0.0.0/9 . "
                   "0-50000, 10.255.255.255 . 0-65535 } reject"),
      at_all_hooks("return, goto and continue", "inet",
                   "tcp dport 22 jump a\ntcp dport 80 goto b\nudp dport 53 continue\nip saddr 10.0.0.0/8 accept",
                   "chain a {\nip saddr 10.1.0.0/16 return\nip6 saddr fe80::/10 goto b\nmeta nfproto ipv6 accept\n}\n"
                   "chain b {\nip saddr 10.2.3.4 drop\nip6 saddr 2001:db8::/32 reject\n}\n"),
      at_all_hooks("reset for all", "inet", "ip saddr 10.0.0.0/8 reject with tcp reset\nip6 saddr ::/0 reject", "",
                   "accept"),
  };
}

std::vector<Script> of_tables() {
  const std::string answer = "ip saddr 10.0.0.0/8 reject\ntcp dport 80 accept";
  const std::string stop = "ip saddr 10.1.0.0/16 drop\ntcp dport 22 jump more";
  const std::string more = "chain more {\nip saddr 192.0.2.0/24 accept\nip6 saddr 2001:db8::/32 drop\n}\n";
  return {
      {"one table a family",
       base("ip", "t", "0", "ip saddr 10.0.0.0/8 tcp dport 22 accept\nct state established accept", "drop") +
           base("ip6", "t", "0", "ip6 saddr 2001:db8::/32 accept\nicmpv6 type 128 accept", "drop")},
      {"IPv4 only", base("ip", "t", "0", "icmp type echo-request accept\ntcp dport { 22, 80 } accept", "drop")},
      {"one after the other", base("inet", "t", "-5", stop, "accept", more) + base("inet", "u", "5", answer, "drop")},
      {"the other order", base("inet", "t", "5", stop, "accept", more) + base("inet", "u", "-5", answer)},
      {"of one priority, the later made first",
       base("inet", "t", "0", "tcp dport 22 drop\nudp dport 53 reject") +
           base("inet", "u", "0", "tcp dport 22 reject with tcp reset\nudp dport 53 drop")},
      {"families mixed", base("inet", "t", "0", stop, "accept", more) + base("ip", "u", "1", answer, "drop") +
                             base("ip6", "v", "-1", "ip6 saddr 2001:db8:1::7 drop\ntcp dport 7 reject")},
      {"asleep", base("inet", "t", "0", "tcp dport 22 accept", "drop", "flags dormant\n") +
                     base("inet", "u", "0", "tcp dport 80 drop")},
  };
}

/// Whether a packet had that fate; a reject may answer in any way.
bool agrees(std::optional<Verdict> verdict, const Outcome& outcome) {
  const bool answered = outcome.answer != Answer::none;
  if (!verdict || *verdict == Verdict::allow) return outcome.passed && !answered;
  if (*verdict == Verdict::deny) return !outcome.passed && !answered;
  return !outcome.passed && (answered || may_go_unanswered(outcome.seen));
}

struct Tally {
  std::size_t sent = 0, arrived = 0;
  std::map<std::string, std::size_t> verdicts;
};

void compare(TestBed& bed, const Graph& about, const Script& script, Random& random, Tally& tally) {
  INFO(script.name);
  const host::Asked answer = asked(script.text);
  for (const std::string& text : answer.not_understood) FAIL_CHECK("not understood: ", text);
  if (!answer.not_understood.empty()) return;
  bed.host().enter();
  std::vector<Shot> shots = random_shots(bed, about, random, packets_a_script);
  bed.prepare(shots);
  nft(script.text);
  const std::vector<Outcome> outcomes = bed.send(shots);
  for (const std::string& table : answer.tables) nft("delete table " + table + "\n");
  tally.sent += shots.size();
  for (const Outcome& outcome : outcomes) {
    if (!outcome.arrived) continue;
    ++tally.arrived;
    const std::optional<Verdict> verdict = filter::evaluate(answer.filter, outcome.seen, false).verdict;
    ++tally.verdicts[verdict ? std::string(to_string(*verdict)) : "unmanaged"];
    if (agrees(verdict, outcome)) continue;
    INFO(to_string(outcome.seen.direction), " ", to_string(outcome.seen), "\n", script.text,
         filter::print(answer.filter));
    FAIL_CHECK("read as ", verdict ? to_string(*verdict) : "unmanaged", ", and the packet was ", to_string(outcome));
  }
}

void compare_all(const std::vector<Script>& scripts) {
  const Graph about = graph_of_universe();
  TestBed bed;
  Random random(7);
  Tally tally;
  for (const Script& script : scripts) compare(bed, about, script, random, tally);
  std::string kinds;
  for (const auto& [kind, number] : tally.verdicts) kinds += " " + kind + " " + std::to_string(number);
  MESSAGE(tally.sent, " packets, ", tally.arrived, " arrived:", kinds);
  CHECK(tally.arrived * 2 >= tally.sent);
  for (const char* verdict : {"allow", "deny", "reject"}) CHECK(tally.verdicts[verdict] * 20 > tally.arrived);
}

}  // namespace

TEST_CASE("the kernel treats packets as is read from it: sets and maps") {
  compare_all(of_sets());
}

TEST_CASE("the kernel treats packets as is read from it: conditions") {
  compare_all(of_conditions());
}

TEST_CASE("the kernel treats packets as is read from it: several tables") {
  compare_all(of_tables());
}

}  // namespace portpolicy::host_tests
