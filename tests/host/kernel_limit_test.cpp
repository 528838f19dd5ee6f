#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/host/support/asked.h"
#include "tests/host/support/samples.h"
#include "tests/host/support/test_bed.h"

// Every packet that comes to a limit takes from its bucket, whatever the rule asks behind it and even if it decides
// nothing.

namespace portpolicy::host_tests {
namespace {

const std::string shared = "limit l { rate 1/hour burst 3 packets; }\n";
const std::string sources = "set s { type ipv4_addr; flags dynamic; size 10; }\n";
const std::string ssh_chain = "chain x {\ntcp dport 22 accept\n}\n";

std::string input(const std::string& rules, const std::string& before) {
  return "table inet t {\n" + before + "chain c {\ntype filter hook input priority 0; policy drop;\n" + rules +
         "\n}\n}\n";
}

struct Sample {
  char letter;
  Packet packet;
};
const std::vector<Sample> samples{
    {'s', tcp(Direction::inbound, Family::ipv4, 22)},
    {'w', tcp(Direction::inbound, Family::ipv4, 80)},
    {'d', udp(Direction::inbound, Family::ipv4, 53)},
    {'p', from(tcp(Direction::inbound, Family::ipv4, 22), "10.0.0.1")},
    {'6', tcp(Direction::inbound, Family::ipv6, 22)},
};

/// The same chains, but a packet that comes to the limit is rejected there, and no other is.
filter::Filter rejecting_at(filter::Filter filter, std::uint32_t limit) {
  for (filter::Chain& chain : filter.chains)
    for (filter::Rule& rule : chain.rules) {
      if (const auto* verdict = std::get_if<Verdict>(&rule.action); verdict != nullptr && *verdict == Verdict::reject)
        rule.action = Verdict::deny;
      if (!rule.limit || rule.limit->index != limit) continue;
      rule.limit = std::nullopt;
      rule.action = Verdict::reject;
    }
  return filter;
}

/// The letters of the packets that may come to a limit, while the other limits hold or are exhausted.
std::string asking(const filter::Filter& filter, std::uint32_t limit, bool others_exhausted = false) {
  const filter::Filter marked = rejecting_at(filter, limit);
  std::string letters;
  for (const Sample& sample : samples) {
    bool comes = false;
    for (unsigned bits = 0; bits < 1u << filter.opaques.size(); ++bits) {
      filter::OpaqueTruths truths;
      for (std::size_t i = 0; i < filter.opaques.size(); ++i) truths.push_back((bits >> i & 1) != 0);
      comes |= filter::evaluate(marked, sample.packet, others_exhausted, truths).verdict == Verdict::reject;
    }
    if (comes) letters += sample.letter;
  }
  return letters;
}

/// Whether all limits are understood.
bool are_told(const std::string& rules, const std::string& before) {
  const host::Asked answer = asked(input(rules, before));
  CHECK(answer.not_understood.empty() != answer.filter.limits.empty());
  return answer.not_understood.empty();
}

struct Script {
  std::string rules, before, letters;
};

}  // namespace

TEST_CASE("it is read who comes to a limit") {
  const std::string ssh = "\ntcp dport 22 limit name \"l\" accept";
  const std::vector<Script> scripts{
      {"tcp dport 22 limit rate 10/minute accept", "", "sp6"},
      {"limit rate 10/minute tcp dport 22 accept", "", "swdp6"},
      {"limit name \"l\" tcp dport 22 accept", shared, "swdp6"},
      {"ip saddr 10.0.0.0/8 limit rate 10/minute tcp dport 22 accept", "", "p"},
      {"ip saddr 192.0.2.0/24 limit rate 10/minute tcp dport 22 accept", "", "swd"},
      {"tcp dport 80 accept\nlimit rate 10/minute tcp dport 22 accept", "", "sdp6"},
      {"limit rate 10/minute tcp dport vmap { 22 : accept }", "", "swdp6"},
      {"tcp dport 20-90 limit rate 10/minute tcp dport vmap { 22 : accept }", "", "swp6"},
      {"tcp dport 80 limit rate 10/minute ip saddr vmap { 10.0.0.1 : accept, 192.0.2.7 : drop }", "", "w"},
      {"limit rate 10/minute jump x", ssh_chain, "swdp6"},
      {"tcp dport 22 limit rate 10/minute jump x", ssh_chain, "sp6"},
      {"limit rate 10/minute tcp dport 22 reject with tcp reset", "", "swdp6"},
      {"limit rate over 10/minute tcp dport 22 drop", "", "swdp6"},
      {"tcp dport 22 limit rate over 10/minute drop", "", "sp6"},
      {"update @s { ip saddr limit rate 10/minute } tcp dport 22 accept", sources, "swdp"},
      {"tcp dport 22 update @s { ip saddr limit rate 10/minute } accept", sources, "sp"},
      // Rules that decide nothing, or never match.
      {"limit name \"l\" counter" + ssh, shared, "swdp6"},
      {"tcp dport 80 limit name \"l\" log" + ssh, shared, "swp6"},
      {"tcp dport 80 limit name \"l\" drop" + ssh, shared, "swp6"},
      {"tcp dport 80 meta mark 5 limit name \"l\" log" + ssh, shared, "swp6"},
      {"limit name \"l\" ip saddr 10.0.0.1 ip saddr 10.0.0.2 accept" + ssh, shared, "swdp6"},
      {"meta l4proto udp limit name \"l\" ip saddr 10.0.0.1 ip saddr 10.0.0.2 accept" + ssh, shared, "sdp6"},
      // What takes several chains.
      {"ip saddr . tcp dport { 10.0.0.1 . 22, 192.0.2.7 . 80 } limit rate over 10/minute tcp dport 22 drop", "", "wp"},
      {"tcp dport . tcp sport != { 22 . 0-65535 } limit rate 10/minute ip saddr 10.0.0.0/8 accept", "", "w"},
      {"ip saddr . tcp dport { 10.0.0.1 . 22, 192.0.2.7 . 80 } limit name \"l\" ip daddr . tcp dport != "
       "{ 198.51.100.9 . 80 } counter\nip6 saddr ::/0 limit name \"l\" accept",
       shared, "wp6"},
      {"meta l4proto ipv6-icmp limit name \"l\" ip saddr 10.0.0.1 accept" + ssh, shared, "sp6"},
  };
  for (const Script& script : scripts) {
    INFO(script.rules);
    const filter::Filter filter = asked(input(script.rules, script.before)).filter;
    INFO(filter::print(filter));
    REQUIRE(filter.limits.size() == 1);
    CHECK(asking(filter, 0) == script.letters);
  }
}

TEST_CASE("the second limit of a rule is asked only while the first holds") {
  const std::string second = "limit rate 2/minute accept";
  for (const std::string first : {"limit rate 1/minute tcp dport 22 ", "tcp dport 22 limit rate 1/minute "}) {
    INFO(first);
    const filter::Filter filter = asked(input(first + second, "")).filter;
    REQUIRE(filter.limits.size() == 2);
    CHECK(asking(filter, 0) == (first.starts_with("limit") ? "swdp6" : "sp6"));
    CHECK(asking(filter, 1) == "sp6");
    CHECK(asking(filter, 1, true) == "");
  }
  const filter::Filter over = asked(input("tcp dport 22 limit rate over 1/minute " + second, "")).filter;
  CHECK(asking(over, 1) == "");
  CHECK(asking(over, 1, true) == "sp6");
}

TEST_CASE("a limit of sources is one when nothing else is done with its set") {
  const std::string ssh = "tcp dport 22 update @s { ip saddr limit rate 5/hour burst 10 packets } accept\n";
  const auto with = [](const std::string& more) {
    return "set s { type ipv4_addr; flags dynamic,timeout; size 10;\n" + more + "\n}\n";
  };
  for (const auto& set : {with(""), with("timeout 2h"), with("timeout 3h")}) CHECK(are_told(ssh, set));
  CHECK(are_told(ssh + "tcp dport 80 update @s { ip saddr limit rate 5/hour burst 10 packets } counter", with("")));
  CHECK_FALSE(are_told(ssh, with("timeout 119m")));
  CHECK_FALSE(are_told(ssh, with("elements = { 10.0.0.1 }")));
  const std::vector<std::string> others{
      "tcp dport 23 delete @s { ip saddr }",
      "tcp dport 80 update @s { ip saddr limit rate 1/hour } counter",
      "tcp dport 80 update @s { ip daddr limit rate 5/hour burst 10 packets } counter",
      "tcp dport 80 update @s { ip saddr } counter",
      "tcp dport 80 ip saddr @s counter",
      "tcp dport 80 update @s { ip saddr timeout 1m limit rate 5/hour burst 10 packets } counter",
      "tcp dport 80 add @s { ip saddr limit rate 5/hour burst 10 packets } counter",
  };
  for (const std::string& other : others) {
    INFO(other);
    CHECK_FALSE(are_told(ssh + other, with("timeout 2h")));
    CHECK_FALSE(are_told(other + "\n" + ssh, with("timeout 2h")));
  }
}

TEST_CASE("who comes to a limit that decides nothing is of no interest") {
  for (const std::string asks : {"meta mark 5 ", "tcp dport . tcp sport != { 22 . 0-65535 } "}) {
    INFO(asks);
    const host::Asked answer = asked(input(asks + "limit rate 1/second log\ntcp dport 22 accept", ""));
    CHECK(answer.not_understood.empty());
    REQUIRE(answer.filter.limits.size() == 1);
    for (const filter::Chain& chain : answer.filter.chains)
      for (const filter::Rule& rule : chain.rules)
        if (rule.limit) CHECK(std::holds_alternative<filter::Continue>(rule.action));
  }
}

TEST_CASE("the kernel lets packets take from a limit as is read from it") {
  const std::string ssh = "\ntcp dport 22 limit name \"l\" accept";
  const std::vector<std::string> scripts{
      "limit name \"l\" tcp dport 22 accept",
      "tcp dport 22 limit name \"l\" accept",
      "limit name \"l\" tcp dport vmap { 22 : accept }",
      "limit name \"l\" ip saddr 10.0.0.1 ip saddr 10.0.0.2 accept" + ssh,
      "tcp dport 80 limit name \"l\" counter" + ssh,
      "tcp dport 81 limit name \"l\" counter" + ssh,
      "tcp dport 81 limit name \"l\" limit rate 1/hour tcp dport 22 accept" + ssh,
  };
  const Packet web = tcp(Direction::inbound, Family::ipv4, 80), wanted = tcp(Direction::inbound, Family::ipv4, 22);
  TestBed bed;
  std::size_t drained = 0;
  for (const std::string& rules : scripts) {
    INFO(rules);
    const std::string script = input(rules, shared);
    const filter::Filter filter = asked(script).filter;
    bed.host().enter();
    nft(script);
    for (int i = 0; i < 3; ++i) CHECK(bed.send(web).arrived);
    const bool passed = bed.send(wanted).passed;
    nft("delete table inet t\n");
    std::uint32_t limit = 0;
    while (filter.limits[limit].name != "l") ++limit;
    CHECK(passed != asking(filter, limit).contains('w'));
    if (!passed) ++drained;
  }
  CHECK(drained == 4);
}

}  // namespace portpolicy::host_tests
