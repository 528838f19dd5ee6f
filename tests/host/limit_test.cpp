#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"

namespace portpolicy::host_tests {
namespace {

Graph load_limit(const TestBed& bed, const std::string& limit) {
  return load(bed, "portpolicy: 1\ninbound:\n  - {allow: 1000/udp, limit: " + limit + "}\n");
}

/// How many of ten packets from there pass.
int passing(TestBed& bed, const std::string& source) {
  const Packet packet = from(udp(Direction::inbound, address(source).family, 1000), source);
  std::vector<Shot> shots;
  for (int i = 0; i < 10; ++i) shots.push_back(bed.shot(packet));
  int passed = 0;
  for (const Outcome& outcome : bed.send(shots)) {
    CHECK(outcome.arrived);
    if (outcome.passed) ++passed;
  }
  return passed;
}

}  // namespace

TEST_CASE("a limit lets its burst pass, from whatever source") {
  TestBed bed;
  load_limit(bed, "1/hour burst 3");
  CHECK(passing(bed, "192.0.2.1") == 3);
  CHECK(passing(bed, "192.0.2.2") == 0);
  load_limit(bed, "1/hour burst 3");
  CHECK(passing(bed, "2001:db8::1") + passing(bed, "192.0.2.2") == 3);
}

TEST_CASE("a limit per source lets the burst of each source pass") {
  TestBed bed;
  load_limit(bed, "1/hour burst 3 per source");
  CHECK(passing(bed, "192.0.2.1") == 3);
  CHECK(passing(bed, "192.0.2.1") == 0);
  CHECK(passing(bed, "192.0.2.2") == 3);
  CHECK(passing(bed, "192.0.2.2") == 0);
}

TEST_CASE("an IPv6 source is a /64") {
  TestBed bed;
  load_limit(bed, "1/day burst 4 per source");
  CHECK(passing(bed, "2001:db8:1:1::1") == 4);
  CHECK(passing(bed, "2001:db8:1:1:ffff::2") == 0);
  CHECK(passing(bed, "2001:db8:1:2::1") == 4);
}

TEST_CASE("a limit without a burst lets five pass") {
  TestBed bed;
  load_limit(bed, "1/hour");
  CHECK(passing(bed, "192.0.2.1") == 5);
  load_limit(bed, "1/hour per source");
  CHECK(passing(bed, "192.0.2.1") == 5);
}

TEST_CASE("packets over a limit go on to the next rules and the default") {
  TestBed bed;
  load(bed,
       "portpolicy: 1\ndefaults: {inbound: reject}\ninbound:\n  - {allow: 1000/udp, limit: 1/hour burst 2}\n"
       "  - {deny: any, from: 192.0.2.1}\n");
  CHECK(passing(bed, "192.0.2.1") == 2);
  CHECK(to_string(bed.send(from(udp(Direction::inbound, Family::ipv4, 1000), "192.0.2.1"))) == "dropped");
  CHECK(to_string(bed.send(from(udp(Direction::inbound, Family::ipv4, 1000), "192.0.2.2"))) ==
        "rejected as prohibited");
}

}  // namespace portpolicy::host_tests
