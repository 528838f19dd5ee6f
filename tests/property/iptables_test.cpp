#include <doctest/doctest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "backends/iptables/lower.h"
#include "backends/iptables/print.h"
#include "backends/iptables/read.h"
#include "compiler/compile.h"
#include "compiler/graph/lower.h"
#include "compiler/proof/proof.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_filter.h"
#include "tests/support/random_packet.h"
#include "tests/support/random_policy.h"
#include "tests/support/said.h"
#include "tests/support/tabular_filter.h"

// Whatever becomes rules for iptables is read back as what it was.

using namespace portpolicy;

namespace {

/// Every way to lower: as written, and with lookups and chains from the first rule on.
std::vector<iptables::Options> shapes() {
  iptables::Options readable, fast, cramped;
  readable.optimize = backend::Optimize::readable;
  fast.optimize = cramped.optimize = backend::Optimize::fast;
  fast.costs.merged_for_speed = cramped.costs.merged_for_speed = 1;
  cramped.costs.most_lines_of_list = cramped.costs.most_lines_of_rule = 1;
  return {readable, fast, cramped};
}

struct There {
  iptables::Texts texts;
  std::optional<iptables::Reading> back;
  bool refused = false;  ///< iptables cannot say it
  std::string complaint{};

  std::string all() const { return texts.rules_v4 + texts.rules_v6 + texts.sets; }
};

There there_and_back(const filter::Filter& filter, const iptables::Options& options) {
  There there;
  Diagnostics refusals;
  const iptables::Ruleset ruleset = iptables::lower(filter, options, refusals);
  there.refused = refusals.has_errors();
  if (there.refused) return there;
  there.texts = print(ruleset, {"0", "policy.yaml", "0", "0"});
  Diagnostics diagnostics;
  const std::array inputs{iptables::Input{FileId{0}, there.texts.sets},
                          iptables::Input{FileId{1}, there.texts.rules_v4, Family::ipv4},
                          iptables::Input{FileId{2}, there.texts.rules_v6, Family::ipv6}};
  there.back = iptables::read(inputs, diagnostics);
  if (!there.back) there.complaint = diagnostics.all().front().message;
  return there;
}

/// The verdict; of a direction that is not managed iptables lets pass all, as nothing would.
Verdict verdict_of(const std::optional<Verdict>& verdict) {
  return verdict.value_or(Verdict::allow);
}

}  // namespace

TEST_CASE("rules for iptables decide every packet as the filter that they were made of") {
  std::size_t refused = 0, packets = 0;
  const std::size_t trials = test::trials(900);
  for (std::uint64_t seed = 0; seed < trials; ++seed) {
    test::RandomFilters random(seed);
    const filter::Filter filter = random.filter();
    for (const iptables::Options& options : shapes()) {
      const There there = there_and_back(filter, options);
      if (there.refused) {
        ++refused;
        break;
      }
      INFO("seed " << seed << "\n" << there.all());
      if (!there.back) FAIL(there.complaint);
      if (!there.back->not_understood.empty()) FAIL(there.back->not_understood.front().text);
      REQUIRE(there.back->families == filter::both_families);
      for (int i = 0; i < 100; ++i) {
        const Packet packet = random.packet();
        for (const bool exhausted : {false, true}) {
          ++packets;
          if (verdict_of(filter::evaluate(there.back->filter, packet, exhausted).verdict) ==
              verdict_of(filter::evaluate(filter, packet, exhausted).verdict))
            continue;
          FAIL("limits exhausted: " << exhausted << "\n" << to_string(packet) << "\n" << filter::print(filter));
        }
      }
    }
  }
  MESSAGE(packets << " packets; " << refused << " of " << trials << " filters cannot be said");
  CHECK(refused < trials / 2);
}

TEST_CASE("rules of addresses and ports that are looked up together decide as they did one after the other") {
  for (std::uint64_t seed = 0; seed < test::trials(300); ++seed) {
    test::TabularFilters random(seed);
    const filter::Filter filter = random.filter();
    for (const iptables::Options& options : shapes()) {
      const There there = there_and_back(filter, options);
      INFO("seed " << seed << "\n" << there.all());
      if (there.refused) break;  // a limit of both families
      if (there.back && !there.back->not_understood.empty()) FAIL(there.back->not_understood.front().text);
      if (!there.back) FAIL(there.complaint);
      for (int i = 0; i < test::TabularFilters::worlds_packets; ++i) {
        const Packet packet = random.packet();
        if (filter::evaluate(there.back->filter, packet, false).verdict ==
            filter::evaluate(filter, packet, false).verdict)
          continue;
        FAIL(to_string(packet) << "\n" << filter::print(filter));
      }
    }
  }
}

TEST_CASE("rules for iptables are proven equal to the policy that they were made of") {
  std::size_t refused = 0;
  const std::size_t trials = test::trials(400);
  for (std::uint64_t seed = 0; seed < trials; ++seed) {
    test::Random random(seed);
    test::MemoryReader reader({{"policy.yaml", test::random_policy(random).text()}});
    SourceMap sources;
    Diagnostics diagnostics;
    const auto compiled =
        compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::errors, sources, diagnostics);
    REQUIRE(compiled.has_value());
    const There there = there_and_back(lower(compiled->graph, sources), shapes()[seed % 3]);
    if (there.refused) {
      ++refused;
      continue;
    }
    INFO("seed " << seed << "\n" << there.all());
    if (!there.back) FAIL(there.complaint);
    filter::Filter filter = there.back->filter;
    for (std::size_t i = 0; i < filter.hooks.size(); ++i)
      if (!there.back->managed[i]) filter.hooks[i].reset();
    const auto differences = proof::compare(compiled->graph, filter);
    REQUIRE(differences.has_value());
    if (!differences->empty()) FAIL(to_string(differences->front().packet));
  }
  MESSAGE(refused << " of " << trials << " policies cannot be said");
  CHECK(refused < trials / 2);
}
