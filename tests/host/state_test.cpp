#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "compiler/checks/icmp_states.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"

namespace portpolicy::host_tests {
namespace {

/// One way is allowed, the way back is not.
struct Exchange {
  std::string policy;
  Direction there, back;
};
const std::vector<Exchange> exchanges{
    {"portpolicy: 1\ndefaults: {inbound: deny, outbound: allow}\n", Direction::outbound, Direction::inbound},
    {"portpolicy: 1\ndefaults: {inbound: allow, outbound: deny}\n", Direction::inbound, Direction::outbound},
    {"portpolicy: 1\ndefaults: {forward: deny}\nforward:\n  - {allow: any, in: eth0}\n", Direction::forward,
     Direction::forward},
};

/// The way of the answer: out where the packet came in.
Shot reply(TestBed& bed, const Exchange& exchange, const Shot& opener) {
  return bed.reply_to(opener, exchange.back, exchange.back == Direction::inbound ? "eth0" : opener.packet.out,
                      exchange.back == Direction::inbound ? "" : "eth0");
}

std::vector<Packet> openers(Direction direction, Family family) {
  std::vector<Packet> packets{tcp(direction, family, 80), udp(direction, family, 53),
                              packet_of(direction, family, protocols::sctp, 40000, 80)};
  // To most packets the host itself would give an answer that belongs to the exchange; of SCTP it knows nothing.
  if (direction == Direction::inbound) return {packets[2]};
  packets.push_back(icmp(direction, family, family == Family::ipv4 ? 8 : 128));
  packets.push_back(packet_of(direction, family, protocols::esp));
  return packets;
}

}  // namespace

TEST_CASE("replies to allowed packets pass although the policy denies them as new ones") {
  for (const Exchange& exchange : exchanges) {
    for (const Family family : families) {
      TestBed bed;
      const Graph graph = load(bed, exchange.policy);
      for (const Packet& packet : openers(exchange.there, family)) {
        INFO(to_string(packet), ", ", to_string(exchange.there));
        const Shot opener = bed.opening(packet);
        const Shot answer = reply(bed, exchange, opener);
        CHECK(to_string(bed.send(answer)) == "dropped");  // nothing has asked for it yet
        CHECK(bed.send(opener).passed);
        const Outcome outcome = bed.send(answer);
        CHECK(to_string(outcome.seen.state) == "established");
        CHECK(to_string(outcome) == "passed");
        CHECK(disagreement(graph, outcome) == "");
      }
    }
  }
}

TEST_CASE("without `established` the rules decide on replies") {
  TestBed bed;
  load(bed, "portpolicy: 1\nbase: [loopback, icmp]\ndefaults: {inbound: deny, outbound: allow}\n");
  const Shot opener = bed.opening(tcp(Direction::outbound, Family::ipv4, 80));
  CHECK(to_string(bed.send(opener)) == "passed");
  const Outcome outcome = bed.send(reply(bed, exchanges[0], opener));
  CHECK(to_string(outcome.seen.state) == "established");
  CHECK(to_string(outcome) == "dropped");
}

TEST_CASE("an ICMP error about an allowed packet passes, one about nothing does not") {
  for (const Family family : families) {
    TestBed bed;
    load(bed, "portpolicy: 1\nbase: [established]\ndefaults: {inbound: deny, outbound: allow}\n");
    const Shot opener = bed.opening(udp(Direction::outbound, family, 53));
    Packet error = icmp_error(Direction::inbound, family);
    std::swap(error.source, error.destination);
    Shot about = bed.shot(error);
    about.carriage.quoted = to_bytes(opener.packet, opener.carriage);
    CHECK(to_string(bed.send(about)) == "dropped");
    CHECK(to_string(bed.send(opener)) == "passed");
    const Outcome outcome = bed.send(about);
    CHECK(to_string(outcome.seen.state) == "related");
    CHECK(to_string(outcome) == "passed");
  }
}

TEST_CASE("an ICMP error that connection tracking calls invalid passes as base traffic") {
  TestBed bed;
  for (const Family family : families) {
    for (const Direction direction : directions) {
      const bool v4 = family == Family::ipv4;
      const Packet error = icmp(direction, family, v4 ? 3 : 2, v4 ? 4 : 0);  // the packet was too big
      const Packet other = v4 ? icmp(direction, family, 5) : icmp(direction, family, 100);
      const std::string defaults = "\ndefaults: {inbound: deny, outbound: deny, forward: deny}\n";
      load(bed, "portpolicy: 1" + defaults);
      const Outcome outcome = bed.send(error);
      CHECK(to_string(outcome.seen.state) == "invalid");
      CHECK(to_string(outcome) == "passed");
      CHECK(to_string(bed.send(other)) == "dropped");
      load(bed, "portpolicy: 1\nbase: [loopback, address, established, invalid]" + defaults);
      CHECK(to_string(bed.send(error)) == "dropped");
    }
  }
}

TEST_CASE("just those ICMP types that open something are new or untracked") {
  TestBed bed;
  for (const Family family : families) {
    for (const Direction direction : directions) {
      for (unsigned type = 0; type < 256; ++type) {
        if (family == Family::ipv6 && 151 <= type && type <= 153) continue;  // kernels differ
        const Outcome outcome = bed.send(icmp(direction, family, static_cast<std::uint8_t>(type)));
        INFO(to_string(outcome.seen), ", ", to_string(direction));
        REQUIRE(outcome.arrived);
        CHECK((outcome.seen.state == State::invalid) == checks::only_answers(family, static_cast<std::uint8_t>(type)));
      }
    }
  }
}

TEST_CASE("a TCP segment of no connection is dropped although a rule allows its port") {
  TestBed bed;
  for (const Direction direction : directions) {
    for (const Family family : families) {
      const Packet packet = tcp(direction, family, 22);
      const std::string rule = std::string(to_string(direction)) + ":\n  - allow: ssh\n";
      load(bed, "portpolicy: 1\n" + rule);
      const Outcome outcome = bed.send(bed.shot(packet, Wanted::stray));
      CHECK(to_string(outcome.seen.state) == "invalid");
      CHECK(to_string(outcome) == "dropped");
      CHECK(to_string(bed.send(packet)) == "passed");
      CHECK(to_string(bed.send(bed.shot(packet, Wanted::untracked))) == "passed");
      load(bed, "portpolicy: 1\nbase: [established]\n" + rule);
      CHECK(to_string(bed.send(bed.shot(packet, Wanted::stray))) == "passed");
    }
  }
}

}  // namespace portpolicy::host_tests
