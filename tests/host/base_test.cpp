#include <doctest/doctest.h>

#include <string>

#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"
#include "tests/host/support/traffic.h"

namespace portpolicy::host_tests {
namespace {

const std::string closed = "portpolicy: 1\ndefaults: {inbound: deny, outbound: deny, forward: deny}\n";
const std::string closed_without_base = closed + "base: []\n";

Packet dhcp(Direction direction, const std::string& source, const std::string& destination, std::uint16_t source_port,
            std::uint16_t destination_port) {
  const Packet packet = packet_of(direction, address(source).family, protocols::udp, source_port, destination_port);
  return to(from(packet, source), destination);
}

}  // namespace

TEST_CASE("what goes over the loopback interface passes under default deny") {
  TestBed bed;
  for (const Family family : families) {
    Packet in = tcp(Direction::inbound, family, 5432), out = tcp(Direction::outbound, family, 5432);
    in.in = "lo";
    out.out = "lo";
    for (const Packet& packet : {in, out}) {
      load(bed, closed);
      const Outcome outcome = bed.send(packet);
      CHECK(outcome.seen == packet);
      CHECK(to_string(outcome) == "passed");
      load(bed, closed_without_base);
      CHECK(to_string(bed.send(packet)) == "dropped");
    }
    load(bed, closed);
    CHECK(to_string(bed.send(tcp(Direction::inbound, family, 5432))) == "dropped");
    CHECK(to_string(bed.send(tcp(Direction::outbound, family, 5432))) == "dropped");
  }
}

TEST_CASE("a host gets its address by DHCP under default deny") {
  TestBed bed;
  const auto check = [&](const Packet& packet, const std::string& fate) {
    INFO(to_string(packet), ", ", to_string(packet.direction));
    const Outcome outcome = bed.send(packet);
    CHECK(outcome.seen == packet);
    CHECK(to_string(outcome) == fate);
  };
  const std::string own = "fe80::ff:fe00:100";  // made of the hardware address of eth0
  const Packet offer = dhcp(Direction::inbound, "10.99.0.2", "255.255.255.255", 67, 68);
  const Packet discover = dhcp(Direction::outbound, "0.0.0.0", "255.255.255.255", 68, 67);
  const Packet advertise = dhcp(Direction::inbound, "fe80::1", own, 547, 546);
  const Packet solicit = dhcp(Direction::outbound, own, "ff02::1:2", 546, 547);
  load(bed, closed);
  for (const Packet& packet : {offer, discover, advertise, solicit}) check(packet, "passed");
  // Only as a client, and IPv6 only of this link.
  check(dhcp(Direction::inbound, "10.99.0.2", "255.255.255.255", 68, 67), "dropped");
  check(dhcp(Direction::outbound, "10.99.0.1", "10.99.0.2", 67, 68), "dropped");
  check(dhcp(Direction::inbound, "2001:db8::1", own, 547, 546), "dropped");
  load(bed, closed_without_base);
  for (const Packet& packet : {offer, discover, advertise, solicit}) check(packet, "dropped");
}

TEST_CASE("neighbours are really found under default deny, and only by base traffic") {
  {
    TestBed bed;
    load(bed, closed + "inbound:\n  - allow: icmpv6/echo-request\n");
    CHECK(peer_gets_echo_reply(bed, "fd99::1"));
    bed.host().enter();
    CHECK(neighbours().contains("fd99::2"));
  }
  {
    TestBed bed;
    load(bed, closed);
    CHECK_FALSE(peer_gets_echo_reply(bed, "fd99::1"));
    bed.peer().enter();
    CHECK(neighbours().contains("fd99::1 dev p0 lladdr"));  // found, but silent
  }
  {
    TestBed bed;
    load(bed, closed + "base: [established]\ninbound:\n  - allow: icmpv6/echo-request\n");
    CHECK_FALSE(peer_gets_echo_reply(bed, "fd99::1"));
    bed.peer().enter();
    CHECK_FALSE(neighbours().contains("fd99::1 dev p0 lladdr"));
  }
}

TEST_CASE("a client of the neighbour connects, is refused or waits in vain, as the policy says") {
  TestBed bed;
  load(bed, closed + "inbound:\n  - {allow: 1001/tcp}\n  - {reject: 1003/tcp}\n");
  for (const std::string host : {"10.99.0.1", "fd99::1"}) {
    CHECK(peer_connects(bed, host, 1001) == Connection::made);
    CHECK(peer_connects(bed, host, 1002) == Connection::no_answer);
    CHECK(peer_connects(bed, host, 1003) == Connection::refused);
  }
}

}  // namespace portpolicy::host_tests
