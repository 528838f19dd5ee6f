#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "backends/nftables/read.h"
#include "compiler/compile.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/graph/lower.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_filter.h"
#include "tests/support/random_packet.h"
#include "tests/support/random_policy.h"

// What the back end writes, read back: for each packet the verdict that was asked for.

using namespace portpolicy;

namespace {

/// The script that the back end makes of a filter, and what the reader makes of that.
struct There {
  std::string script;
  std::optional<nft::Reading> back;
  std::string complaint;
};

There there_and_back(const filter::Filter& filter) {
  There result;
  Diagnostics diagnostics;
  const nft::Ruleset ruleset = nft::lower(filter, diagnostics);
  REQUIRE_FALSE(diagnostics.has_errors());
  result.script = nft::print(ruleset, {"0", "policy.yaml", "0", "0"});
  SourceMap sources;
  const FileId file = sources.add("script", result.script);
  result.back = nft::read(sources.text(file), file, diagnostics);
  for (const Diagnostic& finding : diagnostics.all())
    result.complaint += std::to_string(sources.begin(finding.primary.where).line) + ": " + finding.message + "\n";
  return result;
}

}  // namespace

TEST_CASE("a script for nft decides every packet as the filter that it was made of") {
  for (std::uint64_t seed = 0; seed < test::trials(1500); ++seed) {
    test::RandomFilters random(seed);
    const filter::Filter filter = random.filter();
    const There there = there_and_back(filter);
    INFO("seed " << seed << "\n" << there.script);
    if (!there.back) FAIL(there.complaint);
    REQUIRE(there.back->not_understood.empty());
    REQUIRE(there.back->filter.opaques.empty());
    for (int i = 0; i < 150; ++i) {
      const Packet packet = random.packet();
      for (const bool exhausted : {false, true}) {
        if (filter::evaluate(there.back->filter, packet, exhausted).verdict ==
            filter::evaluate(filter, packet, exhausted).verdict)
          continue;
        FAIL("limits exhausted: " << exhausted << "\n" << to_string(packet) << "\n" << filter::print(filter));
      }
    }
  }
}

TEST_CASE("a script for nft decides every packet as the policy that it was made of") {
  for (std::uint64_t seed = 0; seed < test::trials(600); ++seed) {
    test::Random random(seed);
    test::MemoryReader reader({{"policy.yaml", test::random_policy(random).text()}});
    SourceMap sources;
    Diagnostics diagnostics;
    const auto compiled =
        compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::errors, sources, diagnostics);
    REQUIRE(compiled.has_value());
    const There there = there_and_back(lower(compiled->graph, sources));
    INFO("seed " << seed << "\n" << there.script);
    if (!there.back) FAIL(there.complaint);
    REQUIRE(there.back->not_understood.empty());
    for (int i = 0; i < 150; ++i) {
      const Packet packet = test::packet_near(compiled->graph, random);
      for (const bool exhausted : {false, true}) {
        const auto wanted = evaluate(compiled->graph, packet, exhausted ? Limits::exhausted : Limits::hold).verdict;
        if (filter::evaluate(there.back->filter, packet, exhausted).verdict == wanted) continue;
        FAIL("limits exhausted: " << exhausted << "\n" << to_string(packet));
      }
    }
  }
}
