#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "compiler/filter/meaning.h"
#include "tests/host/support/asked.h"
#include "tests/host/support/samples.h"

// What is not understood of a rule set is said, and nothing is taken for granted; what is understood becomes few rules.

namespace portpolicy::host_tests {
namespace {

std::string input(const std::string& rules, const std::string& before = "", const std::string& family = "inet") {
  return "table " + family + " t {\n" + before + "chain c {\ntype filter hook input priority 0; policy drop;\n" +
         rules + "\n}\n}\n";
}

/// The verdicts that a packet may get, whatever is true of what is not understood.
Value possible(const filter::Filter& filter, const Packet& packet) {
  Value verdicts = 0;
  for (unsigned bits = 0; bits < 1u << filter.opaques.size(); ++bits) {
    filter::OpaqueTruths truths;
    for (std::size_t i = 0; i < filter.opaques.size(); ++i) truths.push_back((bits >> i & 1) != 0);
    verdicts |= filter::bit(filter::evaluate(filter, packet, false, truths).verdict.value());
  }
  return verdicts;
}

Packet tcp_in(std::uint16_t port) {
  return tcp(Direction::inbound, Family::ipv4, port);
}

bool says(const host::Asked& answer, const std::string& words) {
  return std::ranges::any_of(answer.not_understood, [&](const std::string& text) { return text.contains(words); });
}

std::size_t rules_in(const filter::Filter& filter) {
  std::size_t count = 0;
  for (const filter::Chain& chain : filter.chains) count += chain.rules.size();
  return count;
}

struct Doubt {
  std::string rules, words;
  std::string before;
};

const std::vector<Doubt> doubts{
    {"meta mark 5 accept", "meta mark", ""},
    {"meta mark & 7 != 5 accept", "meta mark", ""},
    {"ct mark 5 accept", "ct mark", ""},
    {"meta pkttype { broadcast, multicast } accept", "meta pkttype", ""},
    {"tcp flags & (syn | ack) == syn accept", "byte 13 of the transport header", ""},
    {"meta nfproto ipv4 ip ttl < 5 accept", "byte 8 of the network header", ""},
    {"@nh,96,32 0x0a000001 accept", "byte 12 of the network header", ""},
    {"@th,16,16 80 accept", "byte 2 of the transport header", ""},
    {"fib daddr type local accept", "fib", ""},
    {"ip saddr & 255.0.0.255 == 10.0.0.1 accept", "unusual comparison", ""},
    {"iif 2 accept", "number of an interface", ""},
    {"iif != 2 accept", "number of an interface", ""},
    {"ip saddr @filled accept", "what the set filled holds",
     "set filled { type ipv4_addr; flags dynamic,timeout; timeout 1m; size 10; }\n"},
    {"ip saddr @fading accept", "what the set fading holds",
     "set fading { type ipv4_addr; flags timeout; elements = { 10.0.0.1 timeout 1h } }\n"},
    {"ip saddr != @filled accept", "what the set filled holds",
     "set filled { type ipv4_addr; flags dynamic; size 10; }\n"},
    {"ip saddr vmap @filled", "what the set filled holds",
     "map filled { type ipv4_addr : verdict; flags timeout; elements = { 10.0.0.1 timeout 1h : accept } }\n"},
    {"ip saddr @limited accept", "what the set limited holds",
     "set limited { type ipv4_addr; limit rate 1/second; elements = { 10.0.0.1 } }\n"},
    {"ip saddr @limited accept", "what the set limited holds",
     "set limited { type ipv4_addr; quota 5 mbytes; elements = { 10.0.0.1 } }\n"},
    {"ip saddr @limited accept", "what the set limited holds",
     "set limited { type ipv4_addr; flags dynamic; elements = { 10.0.0.1 limit rate 1/second } }\n"},
    {"ip saddr @limited accept", "what the set limited holds",
     "set limited { type ipv4_addr; ct count 3; elements = { 10.0.0.1 } }\n"},
    {"add @filled { ip saddr } accept", "what becomes of an element",
     "set filled { type ipv4_addr; flags dynamic; size 10; }\n"},
    {"update @filled { ip daddr limit rate 1/minute } accept", "something else than the source",
     "set filled { type ipv4_addr; flags dynamic; size 10; }\n"},
    {"update @filled { ip6 saddr limit rate 1/minute } accept", "something else than the source",
     "set filled { type ipv6_addr; flags dynamic; size 10; }\n"},
    {"limit rate 10 kbytes/second accept", "a limit that counts bytes", ""},
    {"limit rate 10/week accept", "by another unit", ""},
    {"limit name \"l\" accept", "a limit that counts bytes", "limit l { rate 1 mbytes/minute }\n"},
    {"quota over 10 mbytes accept", "quota", ""},
    {"numgen random mod 2 0 accept", "numgen", ""},
    {"meta l4proto . th dport != { tcp . 80 } accept", "what is not in the set", ""},
    {"meta l4proto . th dport { tcp . 80, icmp . 8 } accept", "keys of the set", ""},
    {"meta l4proto ipv6-icmp accept\nmeta l4proto icmp accept", "ICMP or IGMP over IPv6", ""},
    {"ip ttl set 5 accept", "a change to the packet", ""},
};

}  // namespace

TEST_CASE("a condition that is not understood is one that may hold or not") {
  for (const Doubt& doubt : doubts) {
    INFO(doubt.rules);
    const host::Asked answer = asked(input(doubt.rules, doubt.before));
    INFO(filter::print(answer.filter));
    for (const std::string& text : answer.not_understood) INFO(text);
    CHECK(says(answer, doubt.words));
    CHECK(answer.not_understood == answer.filter.opaques);
    // Some packet may be accepted by the rule, and may not.
    const Packet packets[] = {tcp_in(80), udp(Direction::inbound, Family::ipv4, 80),
                              tcp(Direction::inbound, Family::ipv6, 80),
                              packet_of(Direction::inbound, Family::ipv6, protocols::igmp)};
    CHECK(std::ranges::any_of(packets, [&](const Packet& packet) {
      const Value both = filter::bit(Verdict::allow) | filter::bit(Verdict::deny);
      return (possible(answer.filter, packet) & both) == both;
    }));
  }
}

TEST_CASE("what a rule that decides nothing asks is of no interest") {
  const host::Asked answer =
      asked(input("meta mark 5 counter\nfib daddr type local log prefix \"x\"\ntcp dport 80 accept\n"
                  "meta mark set 7\nlimit rate 10/week log"));
  CHECK(answer.not_understood.empty());
  CHECK(answer.filter.limits.empty());
  CHECK(possible(answer.filter, tcp_in(80)) == filter::bit(Verdict::allow));
  CHECK(possible(answer.filter, tcp_in(81)) == filter::bit(Verdict::deny));
}

TEST_CASE("a set that counts holds what it holds") {
  const host::Asked answer =
      asked(input("ip saddr @counted accept", "set counted { type ipv4_addr; counter; elements = { 192.0.2.7 } }\n"));
  CHECK(answer.not_understood.empty());
  CHECK(possible(answer.filter, tcp_in(80)) == filter::bit(Verdict::allow));
}

TEST_CASE("what is understood of a rule narrows what is not") {
  const host::Asked answer = asked(input("tcp dport 80 meta mark 5 accept"));
  CHECK(possible(answer.filter, tcp_in(81)) == filter::bit(Verdict::deny));
  const Value both = filter::bit(Verdict::allow) | filter::bit(Verdict::deny);
  CHECK(possible(answer.filter, tcp_in(80)) == both);
}

TEST_CASE("keys of packets that do not come are understood") {
  const host::Asked answer =
      asked(input("meta nfproto ipv6 meta l4proto ipv6-icmp jump x",
                  "chain x {\nip6 saddr . meta l4proto . th dport { fd00::1 . tcp . 53 } accept\n}\n"));
  CHECK(answer.not_understood.empty());
}

TEST_CASE("chains at other hooks and of other types are in doubt when they may stop packets") {
  const auto with = [](const std::string& type, const std::string& hook, const std::string& rule) {
    return asked(input("accept") + "table ip u {\nchain d {\ntype " + type + " hook " + hook + ";\n" + rule +
                 "\n}\n}\n");
  };
  const Value allow = filter::bit(Verdict::allow), deny = filter::bit(Verdict::deny);
  const Packet v6 = tcp(Direction::inbound, Family::ipv6, 80);
  const host::Asked raw = with("filter", "prerouting priority -300", "tcp dport 80 drop");
  CHECK(says(raw, "what the base chain ip u d stops"));
  CHECK(possible(raw.filter, tcp_in(80)) == (allow | deny));
  CHECK(possible(raw.filter, v6) == allow);
  CHECK_FALSE(raw.filter.hooks[static_cast<std::size_t>(Direction::outbound)].has_value());
  CHECK(says(with("nat", "prerouting priority -100", "tcp dport 80 drop"), "what the base chain ip u d stops"));
  CHECK(says(with("filter", "output priority -300", "ct state new drop"), "what the base chain ip u d stops"));
  // Translating addresses changes no verdict.
  CHECK(with("nat", "prerouting priority -100", "tcp dport { 80, 81 } dnat to 10.0.0.1").not_understood.empty());
  CHECK(with("nat", "postrouting priority 100", "ip saddr 10.0.0.0/8 masquerade").not_understood.empty());
}

TEST_CASE("a named limit is one, however many rules ask for it; others are one each") {
  const host::Asked answer = asked(input(
      "tcp dport 80 limit name \"l\" accept comment \"one\"\ntcp dport 81 limit name \"l\" accept\n"
      "tcp dport 82 limit rate 3/day burst 8 packets accept\ntcp dport 83 limit rate 3/day burst 8 packets accept",
      "limit l { rate 10/hour burst 7 packets }\n"));
  std::vector<std::string> limits;
  for (const filter::NamedLimit& limit : answer.filter.limits) limits.push_back(to_string(limit.limit));
  CHECK(limits == std::vector<std::string>{"10/hour burst 7", "3/day burst 8", "3/day burst 8"});
  CHECK(answer.filter.limits.front().name == "l");
}

TEST_CASE("a large lookup becomes few rules") {
  std::string addresses, triples, map;
  for (int i = 0; i < 3000; ++i) {
    const std::string address = "10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1";
    const std::string comma = i == 0 ? "" : ", ";
    addresses += comma + address;
    triples += comma + address + " . " + (i % 2 == 0 ? "tcp" : "udp") + " . " + std::to_string(80 + i % 3);
    map += comma + address + " . " + std::to_string(80 + i % 2) + (i % 3 == 0 ? " : accept" : " : drop");
  }
  CHECK(rules_in(asked(input("ip saddr { " + addresses + " } accept")).filter) == 1);
  CHECK(rules_in(asked(input("ip saddr . meta l4proto . th dport { " + triples + " } accept")).filter) == 6);
  CHECK(rules_in(asked(input("ip saddr . tcp dport vmap { " + map + " }")).filter) == 4);
}

TEST_CASE("different ways to write the same are read as the same") {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"tcp dport { 22, 80-90 } accept", "tcp dport 22 accept\ntcp dport 80-85 accept\ntcp dport 86-90 accept"},
      {"ip saddr != { 10.0.0.0/8, 11.0.0.0/8 } accept", "ip saddr < 10.0.0.0 accept\nip saddr >= 12.0.0.0 accept"},
      {"ip saddr . tcp dport { 10.0.0.0/8 . 80, 10.0.0.0/8 . 81, 11.0.0.0/8 . 80-81 } accept",
       "ip saddr { 10.0.0.0/8, 11.0.0.0/8 } tcp dport { 80, 81 } accept"},
      {"meta l4proto != { tcp, udp } drop\naccept", "meta l4proto { tcp, udp } accept"},
      {"iifname { \"eth*\", \"lo\" } accept",
       "iifname \"lo\" accept\niifname \"eth0\" accept\niifname \"eth*\" accept"},
      {"ct state established,related accept", "ct state vmap { established : accept, related : accept }"},
      {"ct state != invalid accept", "ct state { new, established, related, untracked } accept"},
      {"icmp type echo-request icmp code 0-4 accept", "icmp type . icmp code { 8 . 0-2, 8 . 3-4 } accept"},
      {"ip6 saddr fe80::/10 accept", "ip6 saddr fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff accept"},
      {"ip saddr . tcp dport vmap { 10.2.3.4 . 80-90 : drop, 10.0.0.0/8 . 80-90 : accept }",
       "ip saddr 10.2.3.4 drop\nip saddr 10.0.0.0/8 tcp dport 80-90 accept"},
      {"ip saddr . tcp dport { 10.0.0.1 . 80, 10.0.0.2 . 81 } limit rate over 10/second accept",
       "ip saddr 10.0.0.1 tcp dport 80 limit rate over 10/second accept\n"
       "ip saddr 10.0.0.2 tcp dport 81 limit rate over 10/second accept"},
      {"ip saddr . tcp dport { 10.0.0.1 . 80, 10.0.0.2 . 81 } tcp dport . tcp sport != { 80 . 5 } accept",
       "ip saddr 10.0.0.1 tcp dport 80 tcp sport != 5 accept\nip saddr 10.0.0.2 tcp dport 81 accept"},
      {"limit rate over 10/second drop\naccept", "limit rate 10/second accept"},
      {"jump { tcp dport 22 return; tcp dport 20-25 accept; }", "tcp dport { 20, 21, 23-25 } accept"},
  };
  for (const auto& [one, other] : pairs) {
    INFO(one, "\n", other);
    const host::Asked a = asked(input(one)), b = asked(input(other));
    CHECK(a.not_understood.empty());
    CHECK(b.not_understood.empty());
    CHECK(difference(a.filter, b.filter) == "");
    CHECK(difference(a.filter, asked(input("tcp dport 4444 reject\n" + other)).filter) != "");
  }
}

}  // namespace portpolicy::host_tests
