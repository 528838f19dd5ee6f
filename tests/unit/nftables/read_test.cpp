#include "backends/nftables/read.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "compiler/diagnostics/source_map.h"

using namespace portpolicy;

namespace {

struct Outcome {
  std::optional<nft::Reading> reading;
  std::string findings;  ///< `line:column: message`, one a line
};

Outcome read_text(const std::string& text) {
  SourceMap sources;
  const FileId file = sources.add("script", text);
  Diagnostics diagnostics;
  Outcome outcome{nft::read(sources.text(file), file, diagnostics), {}};
  for (const Diagnostic& finding : diagnostics.sorted()) {
    CHECK(finding.code == Code::foreign_syntax);
    const Position place = sources.begin(finding.primary.where);
    outcome.findings += std::to_string(place.line) + ":" + std::to_string(place.column) + ": " + finding.message + "\n";
  }
  return outcome;
}

/// What precedes the rule in `with_rule`: sets of all kinds, and chains to jump to.
const std::string head =
    "table inet t {\n"
    "  limit lim { rate 10/second burst 20 packets; }\n"
    "  set hosts { type ipv4_addr; elements = { 10.0.0.1, 10.0.0.2 } }\n"
    "  set nets { type ipv6_addr; flags interval; elements = { fd00::/8 comment \"ours\", 2001:db8::1-2001:db8::f } }\n"
    "  set dyn { type ipv4_addr; flags dynamic,timeout; timeout 1h40m; size 1000; }; set dyn6 { type ipv6_addr; size "
    "9; }\n"
    "  set pairs { type ipv4_addr . inet_proto . inet_service; flags interval\n"
    "    elements = { 10.0.0.0/8 . tcp . 22, 12.0.0.0/8 . tcp . 22, 10.0.0.0/8 . tcp . 80-90, 11.0.0.1 . udp . 53 } }\n"
    "  set hash { type ipv4_addr . inet_proto . inet_service; elements = { 10.1.0.0 . tcp . 22, 10.2.0.1 . tcp . 23 } "
    "}\n"
    "  map to { type ipv4_addr : verdict; flags interval; elements = { 10.0.0.0/8 : jump a, 11.0.0.0/8 : drop } }\n"
    "  map rest { typeof ip saddr . tcp dport : verdict; elements = { 10.0.0.1 . 22 : accept, * : jump a } }\n"
    "  chain a { accept; }\n"
    "  chain in { type filter hook input priority 0; policy drop;\n";

Outcome with_rule(const std::string& rule) {
  return read_text(head + "    " + rule + "\n  }\n}\n");
}

/// The rules of the chain that has the hook, without their origins; of names of sets, their addresses.
std::string rules_of(const filter::Filter& filter) {
  std::istringstream lines(filter::print(filter));
  std::string result, line;
  bool inside = false;
  while (std::getline(lines, line)) {
    if (line.starts_with("chain ")) inside = line == "chain in:";
    else if (inside && !line.starts_with("  otherwise")) result += line.substr(2, line.find("  #") - 2) + "\n";
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

std::string rules(const std::string& rule) {
  const Outcome outcome = with_rule(rule);
  REQUIRE_MESSAGE(outcome.reading, outcome.findings);
  return rules_of(outcome.reading->filter);
}

std::string exactly(const std::string& rule) {
  const Outcome outcome = with_rule(rule);
  REQUIRE_MESSAGE(outcome.reading, outcome.findings);
  CHECK(outcome.reading->not_understood.empty());
  CHECK(outcome.reading->filter.opaques.empty());
  return rules_of(outcome.reading->filter);
}

std::string refusal(const std::string& rule) {
  const Outcome outcome = with_rule(rule);
  CHECK_FALSE(outcome.reading);
  return outcome.findings;
}

Packet tcp_packet(std::string_view source, std::uint16_t port, Direction direction = Direction::inbound) {
  Packet packet;
  packet.direction = direction;
  packet.source = *Address::parse(source);
  packet.destination = *Address::parse(packet.source.family == Family::ipv4 ? "192.0.2.1" : "2001:db8::1");
  packet.protocol = protocols::tcp;
  packet.source_port = Port(40000);
  packet.destination_port = Port(port);
  return packet;
}

std::optional<Verdict> verdict(const nft::Reading& reading, const Packet& packet, bool exhausted = false) {
  const filter::OpaqueTruths none(reading.filter.opaques.size(), false);
  return filter::evaluate(reading.filter, packet, exhausted, none).verdict;
}

}  // namespace

TEST_SUITE("reading nftables: conditions") {
  TEST_CASE("addresses") {
    CHECK(exactly("ip saddr 10.0.0.1 accept") == "source in [10.0.0.1]; allow\n");
    CHECK(exactly("ip daddr != 10.0.0.0/8 drop") ==
          "destination in [0.0.0.0-9.255.255.255 11.0.0.0-255.255.255.255]; deny\n");
    CHECK(exactly("ip saddr 10.0.0.1-10.0.0.9 accept") == "source in [10.0.0.1-10.0.0.9]; allow\n");
    CHECK(exactly("ip saddr { 10.0.0.1, 10.0.0.2, { 11.0.0.0/8 } } accept") ==
          "source in [10.0.0.1-10.0.0.2 11.0.0.0/8]; allow\n");
    CHECK(exactly("ip saddr 10.9.8.7/8 accept") == "source in [10.0.0.0/8]; allow\n");
    CHECK(exactly("ip saddr & 255.255.0.0 == 10.1.0.0 accept") == "source in [10.1.0.0/16]; allow\n");
    CHECK(exactly("ip saddr < 1.0.0.0 accept") == "source in [0.0.0.0/8]; allow\n");
    CHECK(exactly("ip saddr 10.0.0.1 ip6 saddr ::1 accept").empty());
    CHECK(exactly("ip6 saddr fe80::/10 accept") == "source in [fe80::/10]; allow\n");
    CHECK(exactly("ip saddr @hosts accept") == "source in hosts; allow\n");
    CHECK(exactly("ip6 daddr != @nets accept") == "destination in not nets; allow\n");
  }

  TEST_CASE("a key with a mask meets only elements without bits beyond it") {
    CHECK(exactly("ip saddr & 255.255.0.0 == 10.1.0.1 accept") == "source in []; allow\n");
    CHECK(exactly("ip saddr & 255.255.0.0 . meta l4proto . th dport @hash accept") ==
          "source in [10.1.0.0/16]; tcp; port 22; allow\nsource in []; tcp; port 23; allow\n");
  }

  TEST_CASE("protocols and ports") {
    CHECK(exactly("tcp dport 22 accept") == "tcp; port 22; allow\n");
    CHECK(exactly("udp sport != 1-1023 accept") == "udp; source-port 0, 1024-65535; allow\n");
    CHECK(exactly("tcp dport > 1024 accept") == "tcp; port 1025-65535; allow\n");
    CHECK(exactly("tcp dport { ssh, http, 8000-8010 } accept") == "tcp; port 22, 80, 8000-8010; allow\n");
    CHECK(exactly("tcp dport ssh - http accept") == "tcp; port 22-80; allow\n");
    CHECK(exactly("tcp dport 010 accept") == "tcp; port 8; allow\n");
    CHECK(exactly("meta l4proto { tcp, udp } th dport 53 accept") == "tcp|udp; port 53; allow\n");
    CHECK(exactly("th dport 53 meta l4proto udp accept") == "udp; port 53; allow\n");
    CHECK(exactly("ip protocol tcp accept") == "tcp; source in [0.0.0.0/0]; allow\n");
    CHECK(exactly("meta nfproto ipv4 meta l4proto igmp accept") == "igmp; allow\n");
    CHECK(exactly("tcp dport 22 udp dport 53 accept").empty());
    CHECK(exactly("meta protocol ip6 tcp dport 1 accept") == "tcp; source in [::/0]; port 1; allow\n");
  }

  TEST_CASE("what the model has no ports for is open, and only that") {
    const Outcome outcome = with_rule("th dport 53 accept");
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.size() == 1);
    Packet packet = tcp_packet("10.0.0.1", 53);
    CHECK(verdict(*outcome.reading, packet) == Verdict::allow);
    packet.protocol = protocols::esp;
    packet.source_port = packet.destination_port = Port();
    CHECK(verdict(*outcome.reading, packet) == Verdict::deny);
    const filter::OpaqueTruths all(outcome.reading->filter.opaques.size(), true);
    CHECK(filter::evaluate(outcome.reading->filter, packet, false, all).verdict == Verdict::allow);
  }

  TEST_CASE("a protocol stands for itself in both families") {
    const Outcome outcome = with_rule("meta l4proto ipv6-icmp accept");
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.empty());
    Packet packet = tcp_packet("10.0.0.1", 0);
    packet.source_port = packet.destination_port = Port();
    packet.protocol = protocols::icmpv6;
    CHECK(verdict(*outcome.reading, packet) == Verdict::allow);
    packet.protocol = protocols::icmp;
    CHECK(verdict(*outcome.reading, packet) == Verdict::deny);
    // Protocol 1 over IPv6 and 2 over IPv6 are one to a filter.
    CHECK(with_rule("meta l4proto icmp accept").reading->not_understood.size() == 1);
  }

  TEST_CASE("a protocol of the other family is asked about in no other packet") {
    const auto of = [](const std::string& rule) {
      const Outcome outcome = with_rule(rule);
      REQUIRE(outcome.reading);
      return outcome;
    };
    // All but tcp are all that share the name of another family's, so nothing is open.
    const Outcome all_but = of("meta l4proto != tcp return; tcp dport 22 accept; meta l4proto != udp return; accept");
    CHECK(all_but.reading->filter.opaques.empty());
    CHECK(verdict(*all_but.reading, tcp_packet("10.0.0.1", 22)) == Verdict::allow);
    CHECK(verdict(*all_but.reading, tcp_packet("::1", 23)) == Verdict::deny);
    for (const std::string action : {"accept", "return", "goto a", "jump a"}) {
      CAPTURE(action);
      const Outcome some = of("meta l4proto icmp " + action + "; tcp dport 22 accept");
      REQUIRE(some.reading->filter.opaques.size() == 1);
      for (const bool truth : {false, true}) {
        const auto verdict_of = [&](const Packet& packet) {
          return filter::evaluate(some.reading->filter, packet, false, {truth}).verdict;
        };
        CHECK(verdict_of(tcp_packet("::1", 22)) == Verdict::allow);
        CHECK(verdict_of(tcp_packet("::1", 23)) == Verdict::deny);
        Packet packet = tcp_packet("::1", 0);
        packet.source_port = packet.destination_port = Port();
        packet.protocol = protocols::icmp;
        CHECK(verdict_of(packet) == (truth && action != "return" ? Verdict::allow : Verdict::deny));
      }
    }
  }

  TEST_CASE("ICMP") {
    CHECK(exactly("icmp type echo-request accept") == "icmp; type 8:0-8:255; allow\n");
    CHECK(exactly("icmp type { 0, 3-5 } icmp code 1 accept") == "icmp; type 0:1, 3:1, 4:1, 5:1; allow\n");
    CHECK(exactly("icmpv6 type != nd-neighbor-solicit drop") == "icmpv6; type 0:0-134:255, 136:0-255:255; deny\n");
    CHECK(exactly("ip6 saddr ::1 icmpv6 type mld-listener-reduction accept") ==
          "source in [::1]; icmpv6; type 132:0-132:255; allow\n");
    CHECK(rules("meta nfproto ipv6 icmp type 8 accept").starts_with("`icmp type 8-8 in a packet of the other family`"));
  }

  TEST_CASE("interfaces") {
    CHECK(exactly("iif lo accept") == "in lo; allow\n");
    CHECK(exactly("iifname \"eth*\" oifname != { lo, br0 } accept") == "in eth*; out * except br0 and lo; allow\n");
    CHECK(rules("iifname \"eth\\*\" accept") == "`iifname \"eth\\*\"`; allow\n");
    CHECK(rules("iif 3 accept") == "`iif 3`; allow\n");
  }

  TEST_CASE("a state is one bit: without an operator it is among those named, with one it is compared") {
    CHECK(exactly("ct state established,related accept") == "state established, related; allow\n");
    CHECK(exactly("ct state { established, related } accept") == "state established, related; allow\n");
    CHECK(exactly("ct state != related drop") == "state new, established, invalid, untracked; deny\n");
    CHECK(exactly("ct state != established,related drop") ==
          "state new, established, related, invalid, untracked; deny\n");
    CHECK(exactly("ct state != { established, related } drop") == "state new, invalid, untracked; deny\n");
    CHECK(exactly("ct state & (established|related) != 0 accept") == "state established, related; allow\n");
    CHECK(exactly("ct state & (established|related) == established accept") == "state established; allow\n");
    CHECK(exactly("ct state 8 accept") == "state new; allow\n");
    CHECK(exactly("ct state == established,related accept") == "state ; allow\n");
    CHECK(exactly("ct state vmap { established : accept, related : accept, invalid : drop }") ==
          "state established, related; allow\nstate invalid; deny\n");
  }

  TEST_CASE("concatenations, with what differs only in addresses or ports put together") {
    CHECK(exactly("ip saddr . meta l4proto . th dport @pairs accept") ==
          "source in [10.0.0.0/8 12.0.0.0/8]; tcp; port 22; allow\n"
          "source in [10.0.0.0/8]; tcp; port 80-90; allow\n"
          "source in [11.0.0.1]; udp; port 53; allow\n");
    CHECK(exactly("iifname . tcp dport { eth0 . 22, eth0 . 80, lo . 22 } accept") ==
          "in eth0; tcp; port 22, 80; allow\nin lo; tcp; port 22; allow\n");
  }

  TEST_CASE("a concatenation that must not be there") {
    const Outcome outcome = with_rule("ip saddr . tcp dport != { 10.0.0.1 . 22 } accept");
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.empty());
    CHECK(verdict(*outcome.reading, tcp_packet("10.0.0.1", 22)) == Verdict::deny);
    CHECK(verdict(*outcome.reading, tcp_packet("10.0.0.1", 23)) == Verdict::allow);
    CHECK(verdict(*outcome.reading, tcp_packet("10.0.0.2", 22)) == Verdict::allow);
    CHECK(verdict(*outcome.reading, tcp_packet("::1", 22)) == Verdict::deny);
  }
}

TEST_SUITE("reading nftables: what is not understood") {
  TEST_CASE("it is a condition with the text as its name, and equal texts are equal") {
    CHECK(rules("meta   mark 5 accept") == "`meta mark 5`; allow\n");
    CHECK(rules("meta mark == 5 accept") == "`meta mark 5`; allow\n");
    CHECK(rules("meta mark != 5 accept") == "not `meta mark 5`; allow\n");
    CHECK(rules("meta skuid { root, 33 } tcp dport 80 accept") == "`meta skuid { root, 33 }`; tcp; port 80; allow\n");
    CHECK(rules("tcp flags syn accept") == "`tcp flags syn`; tcp; allow\n");
    CHECK(rules("tcp flags != syn accept") == "`tcp flags != syn`; tcp; allow\n");
    CHECK(rules("tcp flags & (fin | syn) == syn accept") == "`tcp flags & (fin | syn) == syn`; tcp; allow\n");
    CHECK(rules("fib saddr . mark . iif oif 0 drop") == "`fib saddr . mark . iif oif 0`; deny\n");
    CHECK(rules("ip ttl 1 drop") == "`ip ttl 1`; source in [0.0.0.0/0]; deny\n");
    CHECK(rules("ip6 nexthdr tcp drop") == "`ip6 nexthdr tcp`; source in [::/0]; deny\n");
    CHECK(rules("@th,16,16 53 drop") == "`@th,16,16 53 (line 13)`; deny\n");
    CHECK(rules("tcp dport & 0xfffe == 22 accept") == "`tcp dport & 0xfffe == 22`; tcp; allow\n");
    CHECK(rules("tcp dport & 65534 22 accept") == "`tcp dport & 0xfffe == 22`; tcp; allow\n");
    CHECK(rules("tcp dport & 0xfffe != 22 accept") == "not `tcp dport & 0xfffe == 22`; tcp; allow\n");
    CHECK(rules("ip saddr @nets accept") == "`ip saddr @nets`; source in [0.0.0.0/0]; allow\n");
    CHECK(rules("ip id { 1 - 5, 10 } accept") == "`ip id { 1-5, 10 }`; source in [0.0.0.0/0]; allow\n");
    CHECK(rules("@nh,8,8 { 1, 2 } accept") == "`@nh,8,8 { 1, 2 } (line 13)`; allow\n");
    CHECK(rules("exthdr frag exists drop") == "`exthdr frag exists`; deny\n");
    CHECK(rules("ip saddr example.org accept") == "`ip saddr example.org`; source in [0.0.0.0/0]; allow\n");
    CHECK(rules("tcp dport no-such-service accept") == "`tcp dport no-such-service`; tcp; allow\n");
  }

  TEST_CASE("each is listed with its place") {
    const Outcome outcome = with_rule("tcp dport 22 meta mark 5 fib daddr type local accept");
    REQUIRE(outcome.reading);
    REQUIRE(outcome.reading->not_understood.size() == 2);
    CHECK(outcome.reading->not_understood[0].text == "meta mark 5");
    CHECK(outcome.reading->not_understood[1].text == "fib daddr type local");
    CHECK(outcome.reading->not_understood[0].where.end < outcome.reading->not_understood[1].where.begin);
  }

  TEST_CASE("what changes while packets pass is never the same twice") {
    CHECK(rules("meta mark set 0x6 tcp dport 99 accept") == "tcp; port 99; continue\ntcp; port 99; allow\n");
    CHECK(rules("meta mark 5 accept; meta mark set 5") == "`meta mark 5 (line 13)`; allow\ncontinue\n");
    CHECK(rules("(mark & 1) == 1 accept; meta mark set 5") == "`(mark & 0x1) == 1 (line 13)`; allow\ncontinue\n");
    CHECK(rules("ip saddr @dyn drop") == "`ip saddr @dyn`; source in [0.0.0.0/0]; deny\n");
    CHECK(rules("meta\tpriority\tset 1; meta priority 1 accept") == "continue\n`meta priority 1 (line 13)`; allow\n");
    CHECK(rules("ip saddr @hosts drop; add @hosts { ip saddr }") ==
          "`ip saddr @hosts (line 13)`; source in [0.0.0.0/0]; deny\n");
    CHECK(rules("add @dyn { ip saddr } tcp dport 5 accept") ==
          "`add @dyn { ip saddr } (line 13)`; tcp; port 5; allow\n");
    CHECK(rules("ct count over 3 drop") == "`ct count over 3 (line 13)`; deny\n");
    CHECK(rules("quota over 10 mbytes drop") == "`quota over 10 mbytes (line 13)`; deny\n");
    CHECK(rules("limit rate 10 mbytes/second accept") == "`limit rate 10 mbytes/second (line 13)`; allow\n");
    CHECK(rules("limit rate 10 bytes/minute accept") == "`limit rate 10 bytes/minute (line 13)`; allow\n");
    CHECK(rules("limit rate 10bytes / second burst 3 kbytes accept").ends_with("(line 13)`; allow\n"));
    CHECK(rules("limit rate 5/week accept").ends_with("(line 13)`; allow\n"));
  }

  TEST_CASE("statements that may do anything may do anything") {
    CHECK(rules("tcp dport 22 queue num 0") ==
          "`queue num 0 drops (line 13)`; tcp; port 22; deny\n"
          "`queue num 0 rejects (line 13)`; tcp; port 22; reject\n"
          "`queue num 0 accepts (line 13)`; tcp; port 22; allow\n");
    CHECK(rules("notrack").contains("notrack drops"));
    CHECK(rules("ip daddr set 10.0.0.1").contains("drops"));
  }
}

TEST_SUITE("reading nftables: what rules do") {
  TEST_CASE("verdicts") {
    CHECK(exactly("counter packets 3 bytes 4 log prefix \"x \" level info accept comment \"why\"") == "log; allow\n");
    CHECK(exactly("jump a") == "jump a\n");
    CHECK(exactly("goto a") == "goto a\n");
    CHECK(exactly("return") == "return\n");
    CHECK(exactly("continue").empty());
    CHECK(exactly("counter").empty());
    CHECK(exactly("reject") == "reject\n");
    CHECK(exactly("reject with tcp reset") == "tcp; reject\n");
    CHECK(exactly("reject with icmpx type admin-prohibited") == "reject\n");
    CHECK(exactly("reject with icmp port-unreachable") == "source in [0.0.0.0/0]; reject\n");
  }

  TEST_CASE("limits") {
    CHECK(exactly("limit rate 5/minute accept") == "limit 5/minute; allow\n");
    CHECK(exactly("tcp dport 1 limit rate 5/minute burst 7 packets accept") ==
          "tcp; port 1; limit 5/minute burst 7; allow\n");
    CHECK(exactly("limit name \"lim\" accept") == "limit 10/second burst 20; allow\n");
    CHECK(exactly("update @dyn { ip saddr limit rate 3/minute } accept") ==
          "source in [0.0.0.0/0]; limit 3/minute per source; allow\n");
    CHECK(exactly("update @dyn6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate 3/hour burst 9 packets } accept") ==
          "source in [::/0]; limit 3/hour burst 9 per source; allow\n");
    CHECK(exactly("update @dyn { ip saddr limit rate 3/hour burst 5 packets } accept").contains("per source; allow"));
    // A source is forgotten before its bucket is full again, or although it goes on.
    CHECK(rules("update @dyn { ip saddr limit rate 3/hour burst 6 packets } accept").starts_with("`update @dyn"));
    CHECK(rules("update @dyn { ip saddr timeout 1m limit rate 3/hour } accept").starts_with("`update @dyn"));
    CHECK(rules("add @dyn { ip saddr limit rate 3/minute } accept").starts_with("`add @dyn"));
    CHECK(exactly("add @dyn6 { ip6 saddr & ffff:ffff:ffff:ffff:: limit rate 3/hour } accept")
              .contains("per source; allow"));
    CHECK(rules("delete @dyn { ip saddr limit rate 3/minute } accept").starts_with("`delete @dyn"));
    // Others that change the same table change the buckets.
    const std::string one = "update @dyn { ip saddr limit rate 3/minute } accept", other = "; tcp dport 2 ";
    CHECK(exactly(one + other + one).contains("tcp; source in [0.0.0.0/0]; port 2; limit 3/minute per source"));
    CHECK(rules(one + other + "delete @dyn { ip saddr }").starts_with("`update @dyn"));
    CHECK(rules(one + other + "update @dyn { ip saddr limit rate 4/minute } accept").starts_with("`update @dyn"));
    CHECK(rules(one + other + "set update ip saddr @dyn").starts_with("`update @dyn"));
    CHECK(rules("update @hosts { ip saddr limit rate 3/minute } accept").starts_with("`update @hosts"));
    CHECK(rules("update @dyn { ip daddr limit rate 3/minute } accept").starts_with("`update @dyn"));
  }

  TEST_CASE("every packet that comes to a limit takes from it, whatever stands behind it") {
    CHECK(exactly("limit rate 5/minute burst 7 packets tcp dport 1 accept") ==
          "limit 5/minute burst 7; continue\ntcp; port 1; limit 5/minute burst 7; allow\n");
    CHECK(exactly("ip saddr 10.0.0.1 limit name \"lim\" tcp dport 1 accept") ==
          "source in [10.0.0.1]; limit 10/second burst 20; continue\n"
          "source in [10.0.0.1]; tcp; port 1; limit 10/second burst 20; allow\n");
    CHECK(exactly("update @dyn { ip saddr limit rate 3/minute } tcp dport 1 accept") ==
          "source in [0.0.0.0/0]; limit 3/minute per source; continue\n"
          "tcp; source in [0.0.0.0/0]; port 1; limit 3/minute per source; allow\n");
    CHECK(exactly("limit rate 5/minute tcp dport vmap { 22 : accept }") ==
          "limit 5/minute; continue\ntcp; port 22; limit 5/minute; allow\n");
    CHECK(exactly("limit rate 5/minute jump a") == "limit 5/minute; jump a\n");
    // nft asks for the protocol of the answer before all that stands in the rule.
    CHECK(exactly("limit rate 5/minute reject with tcp reset") == "tcp; limit 5/minute; reject\n");
  }

  TEST_CASE("where the rule decides nothing, too") {
    CHECK(exactly("limit rate 5/minute log prefix \"x\"") == "limit 5/minute; log; continue\n");
    CHECK(exactly("tcp dport 1 limit name \"lim\" counter") == "tcp; port 1; limit 10/second burst 20; continue\n");
    CHECK(rules("meta mark 5 limit name \"lim\"") == "`meta mark 5`; limit 10/second burst 20; continue\n");
    CHECK(exactly("tcp dport 1 log") == "tcp; port 1; log; continue\n");
    // Nobody else asks its limit, so what is not understood is not worth a word: it may log whatever comes.
    CHECK(exactly("meta mark 5 limit rate 5/minute log") == "log; continue\n");
    CHECK(exactly("meta mark 5 tcp dport 1 counter").empty());
    CHECK(rules("limit name \"lim\" queue num 0").starts_with("limit 10/second burst 20; continue\n"));
    CHECK(rules("limit name \"lim\" ip dscp vmap { cs4 : drop }").starts_with("limit 10/second burst 20; continue\n"));
  }

  TEST_CASE("what other hooks take from a limit cannot be told") {
    const auto with = [](const std::string& hook, const std::string& rule) {
      const Outcome outcome = read_text(
          "table inet t {\n limit x { rate 5/hour; }\n limit y { rate 5/hour; }\n set s { type ipv4_addr; }\n"
          "chain called { limit name \"x\" counter; }\nchain other { type " +
          hook + "; " + rule +
          "; }\n"
          "chain in { type filter hook input priority 0; limit name \"x\" accept\n"
          "update @s { ip saddr limit rate 5/day } drop; }\n}\n");
      REQUIRE_MESSAGE(outcome.reading, outcome.findings);
      CHECK(outcome.reading->not_understood.empty() == outcome.reading->filter.opaques.empty());
      return outcome.reading->filter.opaques;
    };
    using Texts = std::vector<std::string>;
    const Texts limit{"what the chain `other` leaves of the limit x"},
        meter{"what the chain `other` leaves of the meter s"};
    CHECK(with("nat hook prerouting priority 0", "limit name \"x\" counter") == limit);
    CHECK(with("filter hook prerouting priority 0", "limit name \"x\" counter") == limit);
    CHECK(with("filter hook input priority -9", "limit name \"x\" counter") == limit);
    CHECK(with("filter hook prerouting priority 0", "update @s { ip saddr limit rate 5/day }") == meter);
    CHECK(with("filter hook prerouting priority 0", "limit name \"y\" limit rate 5/hour counter").empty());
    CHECK(with("nat hook prerouting priority 0", "jump called") ==
          Texts{"what the chain `called` leaves of the limit x"});
    // This one is in the filter, so what it asks stands there.
    CHECK(with("filter hook forward priority 0", "limit name \"x\" counter").empty());
  }

  /// Which limits a packet is asked for, each by its rate; those of the rates in `exhausted` do not hold.
  std::vector<std::uint32_t> asked(const std::string& rule, const Packet& packet,
                                   const std::vector<std::uint32_t>& exhausted = {}) {
    const Outcome outcome = with_rule(rule);
    REQUIRE_MESSAGE(outcome.reading, outcome.findings);
    filter::Filter filter = outcome.reading->filter;
    std::vector<std::uint32_t> rates;
    // A limit whose rule matches but for it shows itself when the rule is made to end everything there.
    for (std::size_t limit = 0; limit < filter.limits.size(); ++limit) {
      filter::Filter marked = filter;
      for (filter::Chain& chain : marked.chains)
        for (filter::Rule& each : chain.rules)
          if (each.limit == filter::LimitId(limit)) {
            each.action = Verdict::reject;
            each.limit.reset();
          }
      const auto holds = [&](filter::LimitId id) {
        return std::ranges::find(exhausted, filter.limits[id.index].limit.rate) == exhausted.end();
      };
      const filter::OpaqueTruths none(filter.opaques.size(), false);
      if (filter::evaluate(marked, packet, holds, none).verdict == Verdict::reject)
        rates.push_back(filter.limits[limit].limit.rate);
    }
    return rates;
  }

  TEST_CASE("limits are asked in their order, as far as the ones before let it come") {
    using Rates = std::vector<std::uint32_t>;
    const Packet ssh = tcp_packet("10.0.0.1", 22), web = tcp_packet("10.0.0.1", 80);
    CHECK(asked("limit rate 5/second tcp dport 22 limit rate 9/minute accept", ssh) == Rates{5, 9});
    CHECK(asked("limit rate 5/second tcp dport 22 limit rate 9/minute accept", web) == Rates{5});
    CHECK(asked("limit rate 5/second tcp dport 22 limit rate 9/minute accept", ssh, {5}) == Rates{5});
    CHECK(asked("limit rate 5/second limit rate 9/minute tcp dport 22 accept", web) == Rates{5, 9});
    CHECK(asked("limit rate 5/second limit rate 9/minute tcp dport 22 accept", web, {5}) == Rates{5});
    CHECK(asked("limit rate over 5/second limit rate 9/minute tcp dport 22 drop", web).size() == 1);
    CHECK(asked("limit rate over 5/second limit rate 9/minute tcp dport 22 drop", web, {5}).size() == 2);
    CHECK(asked("limit rate over 5/second tcp dport 22 drop", web) == Rates{5});
    CHECK(asked("tcp dport 22 limit rate over 5/second drop", web).empty());
    const std::string not_in = "ip saddr . tcp dport != { 10.0.0.1 . 22 } ";
    CHECK(asked(not_in + "limit rate 5/second accept", ssh).empty());
    CHECK(asked(not_in + "limit rate 5/second accept", web) == Rates{5});
    CHECK(asked(not_in + "limit rate 5/second tcp dport 99 accept", ssh).empty());
    CHECK(asked(not_in + "limit rate 5/second tcp dport 99 accept", web) == Rates{5});
    CHECK(asked("limit rate 5/second limit rate 9/minute limit rate 7/hour accept", web) == Rates{5, 9, 7});
    // What a chain of its own cannot say keeps its limits.
    CHECK(asked("tcp dport 80 limit rate over 5/second return", web).size() == 1);
  }

  TEST_CASE("what stands behind a verdict map is asked only of what it lets go on") {
    CHECK(rules("tcp dport vmap { 22 : accept } ip saddr 10.0.0.1 accept").contains("drops (line 13)"));
    CHECK(rules("tcp dport vmap { 22 : accept } limit rate 1/minute").contains("drops (line 13)"));
    CHECK(exactly("tcp dport vmap { 22 : accept } counter accept") == "tcp; port 22; allow\n");
  }

  TEST_CASE("a limit that is exceeded, and two limits") {
    const Outcome over = with_rule("limit rate over 5/second drop; accept");
    REQUIRE(over.reading);
    CHECK(verdict(*over.reading, tcp_packet("10.0.0.1", 1), false) == Verdict::allow);
    CHECK(verdict(*over.reading, tcp_packet("10.0.0.1", 1), true) == Verdict::deny);
    const Outcome two = with_rule("limit rate 5/second limit rate 9/minute accept");
    REQUIRE(two.reading);
    CHECK(two.reading->filter.limits.size() == 2);
    CHECK(verdict(*two.reading, tcp_packet("10.0.0.1", 1), false) == Verdict::allow);
    CHECK(verdict(*two.reading, tcp_packet("10.0.0.1", 1), true) == Verdict::deny);
  }

  TEST_CASE("verdict maps") {
    CHECK(exactly("ip saddr vmap @to") == "source in [10.0.0.0/8]; jump a\nsource in [11.0.0.0/8]; deny\n");
    CHECK(exactly("tcp dport vmap { 22 : accept, 23 : drop, 24 : continue }") ==
          "tcp; port 22; allow\ntcp; port 23; deny\n");
    CHECK(exactly("tcp dport vmap { 22 : continue, 23 : drop } accept") == "tcp; port 22; allow\ntcp; port 23; deny\n");
    CHECK(exactly("tcp dport vmap { 22 : jump a, * : drop }") ==
          "tcp; port 22; jump a\ntcp; port 0-21, 23-65535; deny\n");
    CHECK(exactly("meta protocol vmap { ip : jump a, ip6 : return }") ==
          "source in [0.0.0.0/0]; jump a\nsource in [::/0]; return\n");
    CHECK(exactly("iifname . tcp dport vmap { eth0 . 22 : jump a, lo . 22 : jump a, lo . 23 : drop }") ==
          "in eth0, lo; tcp; port 22; jump a\nin lo; tcp; port 23; deny\n");
    CHECK(rules("ip dscp vmap { cs1 : continue, cs4 : accept }") == "`ip dscp cs4`; source in [0.0.0.0/0]; allow\n");
  }

  TEST_CASE("a map of fields that are not understood") {
    CHECK(rules("ip dscp vmap { cs1 : continue, cs4 : drop } accept") ==
          "`ip dscp cs1`; source in [0.0.0.0/0]; allow\n`ip dscp cs4`; source in [0.0.0.0/0]; deny\n");
    CHECK(rules("limit rate 1/second ip dscp vmap { cs4 : drop }").contains("accepts (line 13)"));
  }

  TEST_CASE("what no other element of a map meets") {
    const Outcome outcome = with_rule("ip saddr . tcp dport vmap @rest");
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.empty());
    CHECK(verdict(*outcome.reading, tcp_packet("10.0.0.1", 22)) == Verdict::allow);
    CHECK(verdict(*outcome.reading, tcp_packet("10.0.0.9", 22)) == Verdict::allow);
    CHECK(verdict(*outcome.reading, tcp_packet("::1", 22)) == Verdict::deny);
  }

  TEST_CASE("elements of a map that overlap are not understood") {
    const Outcome outcome =
        with_rule("ip saddr . tcp dport vmap { 10.0.0.0/8 . 22 : accept, 10.1.0.0/16 . 20-30 : drop }");
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.size() == 1);
    CHECK(exactly("ip saddr . tcp dport vmap { 10.0.0.0/8 . 22 : accept, 10.0.0.0/8 . 20-21 : drop }") ==
          "source in [10.0.0.0/8]; tcp; port 22; allow\nsource in [10.0.0.0/8]; tcp; port 20-21; deny\n");
  }
}

TEST_SUITE("reading nftables: commands") {
  const std::string base = "table inet t { chain in { type filter hook input priority 0; }\n}\n";

  std::string all_rules(const std::string& script) {
    const Outcome outcome = read_text(script);
    REQUIRE_MESSAGE(outcome.reading, outcome.findings);
    return rules_of(outcome.reading->filter);
  }

  TEST_CASE("rules are added, inserted and flushed") {
    CHECK(all_rules(base + "add rule inet t in tcp dport 1 accept\nadd rule inet t in tcp dport 2 accept\n"
                           "insert rule inet t in tcp dport 3 accept\nadd rule inet t in index 0 tcp dport 4 drop\n") ==
          "tcp; port 3; allow\ntcp; port 4; deny\ntcp; port 1; allow\ntcp; port 2; allow\n");
    CHECK(all_rules(base + "add rule inet t in drop; flush chain inet t in; add rule inet t in accept\n") == "allow\n");
  }

  TEST_CASE("elements are added and deleted") {
    const std::string script =
        "add table inet t\nadd set inet t s { type inet_service; flags interval; }\n"
        "add element inet t s { 22, 80-90 }\n"
        "delete element inet t s { 22 }\nadd element inet t s { 99 comment \"x\" }\n" +
        base + "add rule inet t in tcp dport @s accept\n";
    CHECK(all_rules(script) == "tcp; port 80-90, 99; allow\n");
  }

  TEST_CASE("nft leaves intervals that the script defines where they are") {
    const auto with = [](const std::string& set, const std::string& commands) {
      return all_rules("table inet t {\n set s { type inet_service; " + set + "; elements = { 22, 80 }; }\n}\n" +
                       commands + base + "add rule inet t in tcp dport @s accept\n");
    };
    const std::string gone = "delete element inet t s { 22 }\n";
    CHECK(with("flags interval", gone) == "`tcp dport @s`; tcp; allow\n");
    CHECK(with("size 9", gone) == "tcp; port 80; allow\n");
    CHECK(with("flags interval", "add element inet t s { 99 }\n" + gone) == "tcp; port 80, 99; allow\n");
    CHECK(with("flags interval",
               "flush set inet t s\nadd element inet t s { 22-23, 99 }\n"
               "delete element inet t s { 99 }\n") == "tcp; port 22-23; allow\n");
    CHECK(all_rules("table inet t {\n set s { type ipv4_addr . inet_service; flags interval;\n"
                    " elements = { 10.0.0.0/8 . 22, 10.0.0.1 . 80 }; }\n}\n"
                    "delete element inet t s { 10.0.0.1 . 80 }\n" +
                    base + "add rule inet t in ip saddr . tcp dport @s accept\n") ==
          "source in [10.0.0.0/8]; tcp; port 22; allow\n");
  }

  TEST_CASE("a set whose elements run a statement is not understood") {
    const auto with = [](const std::string& part, const std::string& element) {
      return all_rules("table inet t {\n set s { type inet_service; " + part + " elements = { 22" + element +
                       " }; }\n}\n" + base + "add rule inet t in tcp dport @s accept\n");
    };
    for (const std::string statement : {"limit rate 1/second", "quota 3 bytes", "ct count 3"}) {
      CAPTURE(statement);
      CHECK(with(statement + ";", "").starts_with("`tcp dport @s"));
      CHECK(with("", " " + statement).starts_with("`tcp dport @s"));
    }
    CHECK(with("counter;", " counter packets 1 bytes 2") == "tcp; port 22; allow\n");
  }

  TEST_CASE("variables stand for their values, from where they are defined") {
    CHECK(all_rules("define low = { 1, 2 }\ndefine all = { $low, 9 }\nredefine low = 7\n"
                    "table inet t { chain in { type filter hook input priority 0; define here = 3\n"
                    "tcp dport $all accept; tcp dport $low accept\n tcp dport $here accept\n}\n}\n") ==
          "tcp; port 1-2, 9; allow\ntcp; port 7; allow\ntcp; port 3; allow\n");
    CHECK(read_text("define x = 1\nundefine x\ntable inet t { chain in { type filter hook input priority 0;\n"
                    "tcp dport $x accept\n}\n}\n")
              .findings == "4:11: `$x` is not defined\n");
  }

  TEST_CASE("comments, continued lines and semicolons") {
    CHECK(
        all_rules(
            "# one }\ntable inet t { # two {\n chain in { type filter hook input priority filter - 5; policy accept;\n"
            "tcp dport \\\n 22 accept # three }\n ; drop; }; }") == "tcp; port 22; allow\ndeny\n");
  }

  TEST_CASE("tables that are there in the end, and those of which nothing is left") {
    const Outcome outcome = read_text(
        "add table inet a\ndelete table inet a\ndestroy table ip6 b\ndelete table ip6 unknown\nflush ruleset ip\n"
        "table inet a { }\ntable c { }\ntable inet gone { }\ndelete table inet gone\n"
        "flush table inet a\n");
    REQUIRE(outcome.reading);
    const nft::Reading& reading = *outcome.reading;
    CHECK(reading.defined == std::vector<nft::TableName>{{"inet", "a"}, {"ip", "c"}});
    CHECK(reading.removed == std::vector<nft::TableName>{{"inet", "a"}, {"ip6", "b"}, {"inet", "gone"}});
    CHECK(reading.flushed == std::vector<std::string>{"ip"});
    CHECK(read_text("flush ruleset").reading->flushed.size() == 6);
  }
}

TEST_SUITE("reading nftables: hooks") {
  std::optional<Verdict> of_script(const std::string& script, const Packet& packet) {
    const Outcome outcome = read_text(script);
    REQUIRE_MESSAGE(outcome.reading, outcome.findings);
    return verdict(*outcome.reading, packet);
  }
  std::string chain(const std::string& name, const std::string& hook, const std::string& rest) {
    return "chain " + name + " { type filter hook " + hook + " " + rest + "; }\n";
  }

  TEST_CASE("a direction without a hook is not managed") {
    const std::string script = "table inet t { " + chain("c", "input", "priority 0; policy drop;") + "}";
    CHECK(of_script(script, tcp_packet("10.0.0.1", 1)) == Verdict::deny);
    CHECK(of_script(script, tcp_packet("10.0.0.1", 1, Direction::outbound)) == std::nullopt);
  }

  TEST_CASE("what one chain accepts goes on to the next, what it drops does not") {
    const std::string script =
        "table inet t { " + chain("second", "input", "priority 10; policy drop; tcp dport { 1, 2 } accept") +
        chain("first", "input", "priority mangle; policy accept; tcp dport 1 drop; tcp dport 2-9 accept") + "}";
    CHECK(of_script(script, tcp_packet("10.0.0.1", 1)) == Verdict::deny);
    CHECK(of_script(script, tcp_packet("10.0.0.1", 2)) == Verdict::allow);
    CHECK(of_script(script, tcp_packet("10.0.0.1", 3)) == Verdict::deny);
  }

  TEST_CASE("of two chains that stop a packet the one of the lower priority is first, then the one added last") {
    const auto stops = [&](const std::string& low, const std::string& high) {
      return of_script("table inet t { " + chain("a", "input", "priority " + low + "; counter reject") +
                           chain("b", "input", "priority " + high + "; counter drop") + "}",
                       tcp_packet("10.0.0.1", 1));
    };
    CHECK(stops("filter - 5", "filter") == Verdict::reject);
    CHECK(stops("10", "mangle") == Verdict::deny);
    CHECK(stops("0", "filter") == Verdict::deny);
  }

  TEST_CASE("a chain that is called accepts for the chain with the hook that it was called from") {
    const std::string script = "table inet t { chain a { accept; }\n" +
                               chain("first", "input", "priority 0; policy drop; tcp dport 1-5 jump a") +
                               chain("second", "input", "priority 1; policy drop; tcp dport 1 jump a") + "}";
    CHECK(of_script(script, tcp_packet("10.0.0.1", 1)) == Verdict::allow);
    CHECK(of_script(script, tcp_packet("10.0.0.1", 2)) == Verdict::deny);
    CHECK(of_script(script, tcp_packet("10.0.0.1", 6)) == Verdict::deny);
  }

  TEST_CASE("tables of one family") {
    const std::string script = "table ip t { " + chain("c", "input", "priority 0; policy drop; tcp dport 1 accept") +
                               "}\n" + "table ip6 t { " +
                               chain("c", "input", "priority 0; policy drop; tcp dport 2 return; accept") + "}";
    CHECK(of_script(script, tcp_packet("10.0.0.1", 1)) == Verdict::allow);
    CHECK(of_script(script, tcp_packet("10.0.0.1", 2)) == Verdict::deny);
    CHECK(of_script(script, tcp_packet("::1", 1)) == Verdict::allow);
    CHECK(of_script(script, tcp_packet("::1", 2)) == Verdict::deny);
  }

  TEST_CASE("what other hooks drop is open") {
    for (const std::string family : {"inet", "ip", "netdev", "bridge"}) {
      CAPTURE(family);
      const std::string hook = family == "netdev" ? "ingress device eth0" : "prerouting";
      const Outcome outcome =
          read_text("table " + family + " x { " + chain("c", hook, "priority 0; policy accept; counter drop") +
                    "}\ntable inet t { " + chain("c", "input", "priority 0; policy accept;") + "}");
      REQUIRE(outcome.reading);
      CHECK(outcome.reading->not_understood.size() == 1);
      REQUIRE(outcome.reading->filter.opaques.size() == 1);
      CHECK(filter::evaluate(outcome.reading->filter, tcp_packet("10.0.0.1", 1), false, {true}).verdict ==
            Verdict::deny);
      CHECK(filter::evaluate(outcome.reading->filter, tcp_packet("10.0.0.1", 1), false, {false}).verdict ==
            Verdict::allow);
    }
  }

  TEST_CASE("what other hooks drop is open where no chain has the hook of the direction") {
    const auto managed = [](const std::string& rules) {
      const Outcome outcome = read_text("table ip x { " + chain("c", "prerouting", "priority raw; " + rules) + "}");
      REQUIRE(outcome.reading);
      return outcome.reading->filter;
    };
    const filter::Filter filter = managed("ip daddr 10.0.0.1 drop");
    REQUIRE(filter.opaques.size() == 1);
    for (const Direction direction : {Direction::inbound, Direction::forward}) {
      Packet packet = tcp_packet("10.0.0.1", 1);
      packet.direction = direction;
      CHECK(filter::evaluate(filter, packet, false, {true}).verdict == Verdict::deny);
      CHECK(filter::evaluate(filter, packet, false, {false}).verdict == Verdict::allow);
    }
    const auto is_set = [](const auto& hook) { return hook.has_value(); };
    CHECK_FALSE(filter.hooks[static_cast<std::size_t>(Direction::outbound)]);
    CHECK(std::ranges::none_of(managed("ip daddr 10.0.0.1 counter").hooks, is_set));
  }

  TEST_CASE("a table that sleeps, and address translation, are passed over") {
    const Outcome outcome = read_text(
        "table inet x { flags dormant\n" + chain("c", "input", "priority 0; policy drop;") +
        "}\ntable ip nat { chain p { type nat hook prerouting priority dstnat; tcp dport 80 dnat to 10.0.0.2; }\n}\n"
        "table inet t { " +
        chain("c", "input", "priority 0; policy accept;") + "}");
    REQUIRE(outcome.reading);
    CHECK(outcome.reading->not_understood.empty());
    CHECK(outcome.reading->passed_over.size() == 2);
    CHECK(verdict(*outcome.reading, tcp_packet("10.0.0.1", 1)) == Verdict::allow);
  }
}

TEST_SUITE("reading nftables: what nft would refuse") {
  TEST_CASE("in rules, at the place") {
    CHECK(refusal("tcp dport 22 acept") == "13:18: nft has no such statement\n");
    CHECK(refusal("counter comment \"x\" accept") == "13:25: nft lets nothing stand behind a comment\n");
    CHECK(refusal("accept counter") == "13:12: nft lets nothing stand behind a verdict\n");
    CHECK(refusal("ip saddr @nowhere accept") == "13:15: there is no set `nowhere` in this table\n");
    CHECK(refusal("jump nowhere") == "13:5: there is no chain `nowhere` in this table\n");
    CHECK(refusal("jump in") == "13:5: nothing can lead to `in`, because it has a hook\n");
    CHECK(refusal("limit name \"nowhere\" accept").contains("there is no limit `nowhere`"));
    CHECK(refusal("ip saddr ::1 accept") == "13:14: this address is of the other family\n");
    CHECK(refusal("tcp dport 65536 accept") == "13:15: this number is too large here\n");
    CHECK(refusal("tcp dport 20-10 accept") == "13:15: this range ends before it begins\n");
    CHECK(refusal("tcp dport { } accept") == "13:17: a set in a rule holds something\n");
    CHECK(refusal("icmp type no-such accept") == "13:15: nft knows no such value\n");
    CHECK(refusal("ct state xxx accept") == "13:14: nft knows no such state\n");
    CHECK(refusal("tcp dport $x accept") == "13:15: `$x` is not defined\n");
    CHECK(refusal("ip saddr \"x accept").contains("this quote is never closed"));
    CHECK(refusal("tcp dport vmap @hosts").contains("there is no map `hosts`"));
    CHECK(refusal("update @nowhere { ip saddr } accept") == "13:13: there is no set `nowhere` in this table\n");
    CHECK(refusal("set add ip saddr @nowhere").contains("there is no set `nowhere`"));
  }

  TEST_CASE("words of statements that nft does not have") {
    for (const std::string field : {"meta l4prto tcp", "tcp dort 22", "udp dprt { 1, 2 }", "th port 1",
                                    "ip sadr 10.0.0.1", "ip6 daiddr ::1", "meta 4proto tcp"}) {
      CAPTURE(field);
      CHECK(refusal(field + " drop").contains("nft has no such statement"));
    }
    CHECK(refusal("log level infoa") == "13:15: nft has no such level\n");
    CHECK(refusal("log group x").contains("nft expects a number here"));
    CHECK(refusal("log flags tcp foo").contains("nft has no such flag"));
    CHECK(refusal("log flags foo").contains("nft has no such flag"));
    CHECK(refusal("log prefx \"x\"").contains("nft has no such statement"));
    CHECK(refusal("reject with icmpx type admi-prohibited") == "13:28: nft has no such answer\n");
    CHECK(refusal("reject with icmpx 4").contains("nft has no such answer"));
    CHECK(refusal("reject with icmp no-route").contains("nft has no such answer"));
    CHECK(refusal("limit rate 1f0/second").contains("nft has no such rate"));
    CHECK(refusal("limit rate 10 gbytes/second").contains("nft expects `/`"));
    CHECK(refusal("limit rate 20/second burs 5 packets").contains("nft has no such statement"));
    CHECK(refusal("limit rate 20/second burst 20e packets").contains("nft has no such rate"));
    CHECK(refusal("limit rate 20/second burst 0 packets").contains("at least one packet"));
    CHECK(refusal("limit rate 20/second burst 5 bytes").contains("nft expects `packets`"));
    CHECK(refusal("limit rate 20/second burst 5").contains("nft expects `packets`"));
    CHECK(refusal("limit rate 10 mbytes/second burst 3 packets").contains("nft expects a number of bytes"));
    CHECK(refusal("limit rate 0/second").contains("at least one packet"));
    CHECK(refusal("limit rate 5/seconds").contains("nft has no such unit of time"));
    CHECK(refusal("counter packets x bytes 3").contains("nft expects a number here"));
    CHECK(exactly("log level \"info\" log flags tcp sequence,options log flags ip options log group 3 snaplen 4") ==
          "log; continue\n");
    CHECK(exactly("reject with icmpx no-route") == "reject\n");
    CHECK(exactly("reject with icmpv6 type 1") == "source in [::/0]; reject\n");
    CHECK(exactly("limit rate 0x10 / minute accept") == "limit 16/minute; allow\n");
  }

  TEST_CASE("in commands") {
    const auto findings = [](const std::string& text) {
      const Outcome outcome = read_text(text);
      CHECK_FALSE(outcome.reading);
      return outcome.findings;
    };
    CHECK(findings("include \"x\"\n") == "1:1: `include` is not followed\n");
    CHECK(findings("tabel inet t { }\n") == "1:1: nft has no such command\n");
    CHECK(findings("add rule inet t c accept\n") == "1:15: there is no table `inet t`\n");
    CHECK(findings("table inet t { chain c { type filter hook nowhere priority 0; }\n}\n") ==
          "1:43: nft has no such hook\n");
    CHECK(findings("table inet t { chain c {\n").contains("this brace is never closed"));
    CHECK(findings("table inet t { set s { type ipv4_addr; elements = { 10.0.0.0/8 } }\n chain c { type filter hook "
                   "input priority 0; ip saddr @s drop; }\n}\n")
              .contains("needs `flags interval`"));
    CHECK(findings("table inet t { set s { type ipv4_addr; flags interval; elements = { 10.0.0.0/8, 10.1.0.0/16 } }\n"
                   " chain c { type filter hook input priority 0; ip saddr @s drop; }\n}\n")
              .contains("overlap"));
    CHECK(
        findings("table inet t { chain a { jump b; }\n chain b { jump a; }\n chain c { type filter hook input priority "
                 "0; jump a; }\n}\n")
            .contains("leads back to itself"));
    CHECK(findings("delete rule inet t c handle 4\n").contains("which rule goes"));
    const std::string brace = "nft expects a line break or `;` before this brace\n";
    CHECK(findings("table inet t {\n chain c { accept }\n}\n") == "2:19: " + brace);
    CHECK(findings("table inet t {\n chain c {\n}}\n") == "3:2: " + brace);
    CHECK(findings("table inet t { limit l { rate 1/second } }\n") == "1:42: " + brace);
    CHECK(findings("table inet t {\n set s { type ipv4_addr }\n}\n") == "2:25: " + brace);
    CHECK(findings("table inet t { }\n}\n") == "2:1: nft has no such command\n");
    CHECK(findings("add table inet 6t\n") == "1:16: this is no name for a table\n");
    CHECK(findings("table inet t {\n chain 0a { }\n}\n") == "2:8: this is no name for a chain\n");
    CHECK(findings("table inet t {\n}\ndelete chain inet t c\n") == "3:21: there is no chain `c`\n");
    CHECK(findings("table inet t {\n}\ndelete set inet t s\n") == "3:19: there is no set `s`\n");
    CHECK(findings("table inet t {\n limit l { rate 1/second; b}\n}\n").contains("nft expects the end of the limit"));
  }

  TEST_CASE("in the declarations of sets, whether somebody asks them or not") {
    const auto findings = [](const std::string& parts, const std::string& what = "set") {
      const Outcome outcome = read_text("table inet t {\n " + what + " s { " + parts + "; }\n}\n");
      CHECK(outcome.reading.has_value() == outcome.findings.empty());
      return outcome.findings;
    };
    CHECK(findings("type ifv6_addr") == "2:15: nft has no such type\n");
    CHECK(findings("type ip v4_addr") == "2:15: nft has no such type\n");
    CHECK(findings("type ipv4_addr . ") == "2:27: nft has no such type\n");
    CHECK(findings("typeof ipp saddr") == "2:17: nft has no such field\n");
    CHECK(findings("type ipv4_addr : verdict").contains("only a map has a second type"));
    CHECK(findings("type ipv4_addr", "map").contains("nft expects `:` and a type"));
    CHECK(findings("type ipv4_addr; size 6553l").contains("nft expects a number here"));
    for (const std::string span : {"1 m", "1rm", "60", "1s1m", "1w", "1m1", "\"1m\"", ""}) {
      CAPTURE(span);
      CHECK(findings("type ipv4_addr; timeout " + span).contains("nft expects a span of time"));
    }
    CHECK(findings("type ipv4_addr; policy mem").contains("nft has no such policy"));
    CHECK(findings("type ipv4_addr; comment a b").contains("nft expects the end of the statement"));
    CHECK(findings("type ipv4_addr; counter foo").contains("nft expects the end of the statement"));
    CHECK(findings("type ipv4_addr; elements = { 10.0.0.256 }") != "");
    CHECK(findings("type ipv4_addr; timeout 1d2h3m4s500ms; gc-interval 1m; size 0x10; policy memory; counter").empty());
    CHECK(findings("type mark . fib_addrtype; comment \"a b\"; auto-merge").empty());
    CHECK(findings("typeof meta mark . ip saddr : verdict", "map").empty());
  }

  TEST_CASE("one mistake in each of two rules is said of both") {
    CHECK(std::ranges::count(refusal("foo; bar"), '\n') == 2);
  }
}
