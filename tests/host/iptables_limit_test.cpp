#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/host/support/iptables.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"

// Limits in iptables, where a bucket belongs to one family.

namespace portpolicy::host_tests {
namespace {

/// By `load`, so that what was in force before is replaced.
void load_limit(Variant variant, const std::string& limit, const std::string& from = "any") {
  const Result<Meant> meant = read_text("portpolicy: 1\ninbound:\n  - {name: r, allow: 1000/udp, limit: " + limit +
                                        ", from: \"" + from + "\"}\n");
  if (!meant) FAIL(meant.error().message);
  const Result<Files> files = files_of(meant->filter, backend::Optimize::automatic);
  if (!files) FAIL(files.error().message);
  const Finished finished = RulesFolder(*files).load(variant);
  if (finished.status != 0) FAIL(finished.errors);
  CHECK(difference_in_force(variant, meant->graph) == "");
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

TEST_CASE("iptables lets the burst of a limit pass, from whatever source or of each") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    TestBed bed;
    load_limit(variant, "1/hour burst 3", "0.0.0.0/0");
    CHECK(passing(bed, "192.0.2.1") == 3);
    CHECK(passing(bed, "192.0.2.2") == 0);
    CHECK(passing(bed, "2001:db8::1") == 0);
    load_limit(variant, "1/hour burst 4 per source");
    for (const std::string source : {"192.0.2.1", "192.0.2.2", "2001:db8:1:1::1", "2001:db8:1:2::1"}) {
      CHECK(passing(bed, source) == 4);
      CHECK(passing(bed, source) == 0);
    }
    CHECK(passing(bed, "2001:db8:1:1:ffff::2") == 0);  // a /64 is one source
  }
}

TEST_CASE("a limit that was changed counts as it is now, and one that was not goes on counting") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    TestBed bed;
    load_limit(variant, "1/hour burst 3 per source");
    CHECK(passing(bed, "192.0.2.1") == 3);
    load_limit(variant, "1/hour burst 3 per source");
    CHECK(passing(bed, "192.0.2.1") == 0);
    load_limit(variant, "1/hour burst 5 per source");
    CHECK(passing(bed, "192.0.2.1") == 5);
    load_limit(variant, "1000/second burst 10 per source");
    CHECK(passing(bed, "192.0.2.1") == 10);
    load_limit(variant, "1/hour burst 2 per source");
    CHECK(passing(bed, "192.0.2.1") == 2);
  }
}

}  // namespace portpolicy::host_tests
