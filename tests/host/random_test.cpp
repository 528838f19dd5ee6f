#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "compiler/diagnostics/packet_json.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/random_shots.h"

namespace portpolicy::host_tests {
namespace {

constexpr std::uint64_t usual_rounds = 60;
constexpr std::size_t packets_a_round = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 0);
}

/// A policy that the compiler takes. One that has a conflict or a rule without effect loses rules until it has none.
Artifact random_artifact(Random& random, test::PolicyText& policy, unsigned& refused) {
  policy = test::random_policy(random);
  while (true) {
    Result<Artifact> artifact = compile_text(policy.text());
    if (artifact) return std::move(*artifact);
    ++refused;
    std::vector<std::vector<std::string>*> left;
    for (std::vector<std::string>& rules : policy.rules)
      if (!rules.empty()) left.push_back(&rules);
    if (left.empty()) FAIL("a policy without rules is refused:\n" << artifact.error().message);
    std::vector<std::string>& rules = *random.one_of(left);
    rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(random.below(rules.size())));
  }
}

struct Tally {
  std::size_t sent = 0, arrived = 0, by_rule = 0, answered = 0;
  unsigned refused = 0;
  std::map<std::string, std::size_t> of;  ///< direction, family, state, verdict
};

void count(Tally& tally, const Graph& graph, const Outcome& outcome) {
  const Decision decision = evaluate(graph, outcome.seen);
  ++tally.arrived;
  if (decision.rule != nullptr) ++tally.by_rule;
  if (outcome.answer != Answer::none) ++tally.answered;
  const Packet& packet = outcome.seen;
  ++tally.of[std::string(to_string(packet.direction))];
  ++tally.of[std::string(to_string(packet.family()))];
  ++tally.of[std::string(to_string(packet.state))];
  ++tally.of[decision.verdict ? std::string(to_string(*decision.verdict)) : "unmanaged"];
}

void one_round(TestBed& bed, std::uint64_t seed, Tally& tally) {
  Random random(seed);
  test::PolicyText policy;
  const Artifact artifact = random_artifact(random, policy, tally.refused);
  std::vector<Shot> shots = random_shots(bed, artifact.graph, random, packets_a_round);
  bed.prepare(shots);
  nft(artifact.script);
  const std::vector<Outcome> outcomes = bed.send(shots);
  unload(bed);
  tally.sent += shots.size();
  for (const Outcome& outcome : outcomes) {
    if (!outcome.arrived) continue;
    count(tally, artifact.graph, outcome);
    const std::string wrong = disagreement(artifact.graph, outcome);
    if (wrong.empty()) continue;
    INFO("PORTPOLICY_SEED=", seed, " PORTPOLICY_ROUNDS=1\n", policy.text(), "\n", to_json(outcome.seen).dump());
    CHECK(wrong == "");
  }
}

}  // namespace

TEST_CASE("the kernel decides random packets as random policies say") {
  const std::uint64_t seed = from_environment("PORTPOLICY_SEED", std::random_device{}());
  const std::uint64_t rounds = from_environment("PORTPOLICY_ROUNDS", usual_rounds);
  TestBed bed;
  Tally tally;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t round = 0; round < rounds; ++round) one_round(bed, seed + round, tally);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  std::string kinds;
  for (const auto& [kind, number] : tally.of) kinds += " " + kind + " " + std::to_string(number);
  MESSAGE("seed ", seed, ": ", rounds, " policies (", tally.refused, " refused), ", tally.sent, " packets, ",
          tally.arrived, " arrived, ", tally.by_rule, " decided by a rule, ", tally.answered, " answered, ",
          took.count(), " s:", kinds);
  CHECK(tally.arrived * 2 >= tally.sent);
  CHECK(tally.by_rule * 5 >= tally.arrived);
  // The kernel may be silent to some of what is rejected, not to most of it.
  CHECK(tally.answered * 2 >= tally.of["reject"]);
}

}  // namespace portpolicy::host_tests
