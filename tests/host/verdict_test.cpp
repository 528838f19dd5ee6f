#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"

namespace portpolicy::host_tests {
namespace {

std::string rules(const std::string& log) {
  const auto services = [](const std::string& port, const std::string& code) {
    return "[" + port + "/tcp, " + port + "/udp, " + port + "/sctp, 'icmp/8:" + code + "', 'icmpv6/128:" + code + "']";
  };
  return "  - {allow: " + services("1001", "1") + log + "}\n  - {deny: " + services("1002", "2") + log +
         "}\n  - {reject: " + services("1003", "3") + log + "}\n";
}

/// The same rules for every direction.
std::string policy(const std::string& otherwise, const std::string& log = "") {
  std::string text = "portpolicy: 1\ndefaults: {inbound: " + otherwise + ", outbound: " + otherwise +
                     ", forward: " + otherwise + "}\n";
  for (const Direction direction : directions) text += std::string(to_string(direction)) + ":\n" + rules(log);
  return text;
}

/// A packet of each protocol to the given port, or with the ICMP code that goes with it.
std::vector<Packet> to_port(Direction direction, Family family, std::uint16_t port) {
  using namespace protocols;
  const std::uint8_t echo_request = family == Family::ipv4 ? 8 : 128;
  return {host_tests::tcp(direction, family, port), host_tests::udp(direction, family, port),
          packet_of(direction, family, sctp, 40000, port),
          host_tests::icmp(direction, family, echo_request, static_cast<std::uint8_t>(port - 1000))};
}

void check(TestBed& bed, const Graph& graph, std::uint16_t port, const std::string& for_tcp,
           const std::string& for_others) {
  for (const Direction direction : directions)
    for (const Family family : families)
      for (const Packet& packet : to_port(direction, family, port)) {
        const Outcome outcome = bed.send(packet);
        INFO(to_string(packet), ", ", to_string(direction));
        CHECK(to_string(outcome) == (packet.protocol == protocols::tcp ? for_tcp : for_others));
        CHECK(disagreement(graph, outcome) == "");
        CHECK(outcome.answer_left == (outcome.answer != Answer::none));
      }
}

}  // namespace

TEST_CASE("allowed packets pass, denied ones vanish and rejected ones are answered, in every direction and family") {
  TestBed bed;
  for (const std::string log : {"", ", log: true", ", log: some words"}) {
    const Graph graph = load(bed, policy("deny", log));
    check(bed, graph, 1001, "passed", "passed");
    check(bed, graph, 1002, "dropped", "dropped");
    check(bed, graph, 1003, "rejected by tcp reset", "rejected as prohibited");
  }
}

TEST_CASE("the default decides where no rule matches") {
  TestBed bed;
  check(bed, load(bed, policy("deny")), 1000, "dropped", "dropped");
  check(bed, load(bed, policy("reject")), 1000, "rejected by tcp reset", "rejected as prohibited");
  check(bed, load(bed, policy("allow")), 1000, "passed", "passed");
  check(bed, load(bed, policy("{verdict: deny, log: true}")), 1000, "dropped", "dropped");
  check(bed, load(bed, policy("{verdict: reject, log: true}")), 1000, "rejected by tcp reset",
        "rejected as prohibited");
  check(bed, load(bed, policy("{verdict: allow, log: true}")), 1000, "passed", "passed");
}

TEST_CASE("a direction that is not managed is left as it is") {
  TestBed bed;
  const Graph graph = load(bed, "portpolicy: 1\ndefaults: {inbound: reject}\n");
  for (const Family family : families) {
    CHECK(to_string(bed.send(tcp(Direction::inbound, family, 1000))) == "rejected by tcp reset");
    CHECK(to_string(bed.send(tcp(Direction::outbound, family, 1000))) == "passed");
    CHECK(to_string(bed.send(tcp(Direction::forward, family, 1000))) == "passed");
    CHECK(to_string(bed.send(bed.shot(tcp(Direction::forward, family, 1000), Wanted::stray))) == "passed");
  }
  const std::string loaded = nft_list();
  CHECK(loaded.contains("hook input priority filter; policy"));
  const std::string ours = loaded.substr(loaded.find("table inet portpolicy"));
  CHECK_FALSE(ours.contains("hook forward"));
  CHECK_FALSE(ours.contains("hook output"));
}

}  // namespace portpolicy::host_tests
