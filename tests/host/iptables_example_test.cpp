#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tests/host/support/iptables.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/random_shots.h"
#include "tests/host/support/test_bed.h"

namespace portpolicy::host_tests {
namespace {

std::vector<std::filesystem::path> policies() {
  std::vector<std::filesystem::path> result;
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR "/examples"))
    if (std::filesystem::exists(entry.path() / "policy.yaml")) result.push_back(entry.path() / "policy.yaml");
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR "/policies/starters"))
    result.push_back(entry.path());
  std::ranges::sort(result);
  return result;
}

/// Random packets, most of them at the boundaries of rules; how many arrived.
std::size_t check_packets(TestBed& bed, const Graph& graph, std::uint64_t seed, const std::function<void()>& load) {
  Random random(seed);
  std::vector<Shot> shots = random_shots(bed, graph, random, 200);
  bed.prepare(shots);
  load();
  std::size_t arrived = 0;
  for (const Outcome& outcome : bed.send(shots)) {
    if (!outcome.arrived) continue;
    ++arrived;
    INFO("seed ", seed, ": ", to_string(outcome.seen));
    CHECK(disagreement(graph, outcome) == "");
  }
  return arrived;
}

}  // namespace

TEST_CASE("every example and every starter in iptables: packets, and what is in force, are as the policy says") {
  std::size_t arrived = 0, taken = 0;
  const std::vector<Variant> variants = usable_variants();
  for (const std::filesystem::path& path : policies()) {
    INFO(path.string());
    const Result<Meant> meant = read_file(path);
    if (!meant) FAIL(meant.error().message);
    const Result<Files> files = files_of(meant->filter, backend::Optimize::automatic);
    if (!files) {
      MESSAGE(path.string(), ": ", files.error().message);
      continue;
    }
    ++taken;
    for (const Variant variant : variants) {
      INFO(to_string(variant));
      {
        TestBed bed;
        arrived += check_packets(bed, meant->graph, 1, [&] { load_tables(variant, *files); });
        CHECK(difference_in_force(variant, meant->graph) == "");
        load_tables(variant, *files);
        CHECK(difference_in_force(variant, meant->graph) == "");
      }
      TestBed bed;
      const RulesFolder folder(*files);
      arrived += check_packets(bed, meant->graph, 2, [&] {
        const Finished finished = folder.load(variant);
        CHECK(finished.status == 0);
        CHECK(finished.errors == "");
      });
      CHECK(difference_in_force(variant, meant->graph) == "");
      CHECK(folder.load(variant).status == 0);
      CHECK(difference_in_force(variant, meant->graph) == "");
      CHECK(folder.unload(variant).status == 0);
      CHECK_FALSE(saved(variant).contains("PORTPOLICY"));
      CHECK(set_names() == "");
    }
  }
  CHECK(taken > 20);
  MESSAGE(taken, " policies, ", arrived, " packets");
  CHECK((variants.empty() || arrived > 100 * taken));
}

}  // namespace portpolicy::host_tests
