#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/host/support/samples.h"
#include "tests/host/support/test_bed.h"

/// The probe itself, held against rules whose effect nobody doubts.
namespace portpolicy::host_tests {
namespace {

const std::string loaded = "table inet portpolicy";

std::string table(const std::string& action) {
  std::string text = loaded + " {\n";
  for (const std::string hook : {"input", "forward", "output"})
    text += "chain " + hook + " {\ntype filter hook " + hook + " priority 0; policy accept;\nmeta mark & 256 == 256 " +
            action + "\n}\n";
  return text + "}\n";
}

std::vector<Packet> samples() {
  std::vector<Packet> packets;
  for (const Direction direction : directions)
    for (const Family family : families)
      for (const Packet& packet : one_of_each_protocol(direction, family)) packets.push_back(packet);
  return packets;
}

void check_all(TestBed& bed, bool passed, Answer for_tcp, Answer for_others) {
  std::vector<Shot> shots;
  for (const Packet& packet : samples()) shots.push_back(bed.shot(packet));
  const std::vector<Outcome> outcomes = bed.send(shots);
  for (std::size_t i = 0; i < shots.size(); ++i) {
    const Packet& packet = shots[i].packet;
    INFO(to_string(packet), ", ", to_string(packet.direction), ": ", to_string(outcomes[i]));
    CHECK(outcomes[i].arrived);
    CHECK(outcomes[i].seen == packet);
    CHECK(outcomes[i].passed == passed);
    const bool unanswered = outcomes[i].answer == Answer::none && may_go_unanswered(packet);
    if (!unanswered) CHECK(outcomes[i].answer == (packet.protocol == protocols::tcp ? for_tcp : for_others));
    CHECK(outcomes[i].answer_left == (outcomes[i].answer != Answer::none));
  }
}

}  // namespace

TEST_CASE("the probe sees packets of every protocol pass where nothing stops them") {
  TestBed bed;
  check_all(bed, true, Answer::none, Answer::none);
}

TEST_CASE("the probe sees packets of every protocol dropped in silence") {
  TestBed bed;
  nft(table("drop"));
  check_all(bed, false, Answer::none, Answer::none);
}

TEST_CASE("the probe sees packets of every protocol rejected") {
  TestBed bed;
  nft(table("meta l4proto tcp reject with tcp reset\nmeta mark & 256 == 256 reject with icmpx type admin-prohibited"));
  check_all(bed, false, Answer::tcp_reset, Answer::prohibited);
}

TEST_CASE("the probe tells one code of a rejection from another") {
  TestBed bed;
  nft(table("reject with icmpx type host-unreachable"));
  check_all(bed, false, Answer::other, Answer::other);
}

TEST_CASE("the probe sees each connection-tracking state") {
  TestBed bed;
  for (const Direction direction : directions) {
    for (const Family family : families) {
      std::vector<Shot> shots;
      std::vector<State> expected;
      const auto add = [&](const Packet& packet, Wanted wanted, State state) {
        shots.push_back(bed.shot(packet, wanted));
        expected.push_back(state);
      };
      for (const Packet& packet : one_of_each_protocol(direction, family)) {
        add(packet, Wanted::fresh, State::new_);
        add(packet, Wanted::untracked, State::untracked);
      }
      add(tcp(direction, family, 1), Wanted::stray, State::invalid);
      add(icmp_error(direction, family), Wanted::fresh, State::invalid);
      add(icmp_error(direction, family), Wanted::related, State::related);
      const std::string other =
          (family == Family::ipv4 ? "192.0.2." : "2001:db8::") + std::to_string(10 + static_cast<int>(direction));
      for (const Protocol protocol :
           {protocols::tcp, protocols::udp, protocols::udplite, protocols::sctp, protocols::dccp, protocols::esp})
        add(from(packet_of(direction, family, protocol, 4001, 2), other), Wanted::reply, State::established);
      bed.prepare(shots);
      const std::vector<Outcome> outcomes = bed.send(shots);
      for (std::size_t i = 0; i < shots.size(); ++i) {
        INFO(to_string(shots[i].packet), ", ", to_string(direction), ": ", to_string(outcomes[i]));
        CHECK(outcomes[i].passed);
        CHECK(to_string(outcomes[i].seen.state) == to_string(expected[i]));
      }
    }
  }
}

}  // namespace portpolicy::host_tests
