#include "compiler/base/packet.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_CASE("a packet is printed on one line without what is as usual") {
  Packet packet;
  packet.source = *Address::parse("10.0.0.1");
  packet.destination = *Address::parse("192.0.2.1");
  packet.protocol = protocols::tcp;
  packet.source_port = Port(40000);
  packet.destination_port = Port(22);
  CHECK(to_string(packet) == "tcp 10.0.0.1:40000 -> 192.0.2.1:22");
  packet.in = "eth0";
  packet.state = State::established;
  CHECK(to_string(packet) == "tcp 10.0.0.1:40000 -> 192.0.2.1:22 in eth0 (established)");
  packet.out = "eth1";
  packet.protocol = protocols::esp;
  CHECK(to_string(packet) == "esp 10.0.0.1 -> 192.0.2.1 in eth0 out eth1 (established)");
}

TEST_CASE("a printed packet has brackets around IPv6 addresses with ports, and ICMP types") {
  Packet packet;
  packet.source = *Address::parse("2001:db8::1");
  packet.destination = *Address::parse("::1");
  packet.protocol = protocols::udp;
  packet.source_port = Port(1);
  packet.destination_port = Port(53);
  CHECK(to_string(packet) == "udp [2001:db8::1]:1 -> [::1]:53");
  packet.protocol = protocols::icmpv6;
  packet.icmp_type = 128;
  CHECK(to_string(packet) == "icmpv6/128:0 2001:db8::1 -> ::1");
  packet.protocol = Protocol{200};
  CHECK(to_string(packet) == "protocol 200 2001:db8::1 -> ::1");
}

TEST_CASE("a set of states holds what was put into it") {
  for (const State state : states) {
    CHECK(StateSet::all().contains(state));
    CHECK(opening_states.contains(state) == (state == State::new_ || state == State::untracked));
    CHECK((StateSet::all() - opening_states).contains(state) != opening_states.contains(state));
  }
}
