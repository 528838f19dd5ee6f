#include <doctest/doctest.h>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "tests/support/random_filter.h"

using namespace portpolicy;
using test::RandomFilters;

TEST_CASE("the nftables model decides every packet as the filter does") {
  for (std::uint64_t seed = 0; seed < 1500; ++seed) {
    RandomFilters random(seed);
    const filter::Filter filter = random.filter();
    Diagnostics diagnostics;
    const nft::Ruleset ruleset = nft::lower(filter, diagnostics);
    REQUIRE_FALSE(diagnostics.has_errors());
    for (int i = 0; i < 150; ++i) {
      const Packet packet = random.packet();
      for (const bool exhausted : {false, true}) {
        if (nft::evaluate(ruleset, packet, exhausted) == filter::evaluate(filter, packet, exhausted).verdict) continue;
        FAIL("seed " << seed << ", limits exhausted: " << exhausted << "\n"
                     << to_string(packet) << "\n"
                     << filter::print(filter));
      }
    }
  }
}
