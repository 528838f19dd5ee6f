#include "tests/host/support/rounds.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "compiler/diagnostics/packet_json.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/random_shots.h"

namespace portpolicy::host_tests {
namespace {

constexpr std::size_t packets_a_round = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 0);
}

/// A policy that the compiler takes. One that has a conflict or a rule without effect loses rules until it has none.
Loadable without_faults(Random& random, test::PolicyText& policy, const Compile& compile, std::uint64_t number,
                        unsigned& refused) {
  while (true) {
    Result<Loadable> loadable = compile(policy.text(), number);
    if (loadable) return std::move(*loadable);
    ++refused;
    std::vector<std::vector<std::string>*> left;
    for (std::vector<std::string>& rules : policy.rules)
      if (!rules.empty()) left.push_back(&rules);
    if (left.empty()) FAIL("a policy without rules is refused:\n" << loadable.error().message);
    std::vector<std::string>& rules = *random.one_of(left);
    rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(random.below(rules.size())));
  }
}

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

void one_round(TestBed& bed, std::uint64_t seed, MakePolicy make, const Compile& compile, Tally& tally) {
  Random random(seed);
  test::PolicyText policy = make(random);
  const Loadable loadable = without_faults(random, policy, compile, seed, tally.refused);
  std::vector<Shot> shots = random_shots(bed, loadable.graph, random, packets_a_round);
  bed.prepare(shots);
  loadable.load();
  const std::vector<Outcome> outcomes = bed.send(shots);
  const std::string doubt = loadable.doubt(loadable.graph);
  loadable.unload();
  tally.sent += shots.size();
  {
    INFO("PORTPOLICY_SEED=", seed, " PORTPOLICY_ROUNDS=1, ", loadable.said, "\n", policy.text());
    CHECK(doubt == "");
  }
  for (const Outcome& outcome : outcomes) {
    if (!outcome.arrived) continue;
    count(tally, loadable.graph, outcome);
    const std::string wrong = disagreement(loadable.graph, outcome);
    if (wrong.empty()) continue;
    INFO("PORTPOLICY_SEED=", seed, " PORTPOLICY_ROUNDS=1, ", loadable.said, "\n", policy.text(), "\n",
         to_json(outcome.seen).dump());
    CHECK(wrong == "");
  }
}

}  // namespace

test::PolicyText many_rules(Random& random) {
  using Words = std::vector<std::string>;
  // The narrow ones first, as rules must stand that are to match something.
  static const Words networks{"10.1.2.3",        "fd00::7",           "10.1.2.4/30",       "fd00::/126",
                              "10.1.2.0/28",     "fd00::3-fd00::1:7", "10.1.2.5-10.1.3.9", "10.1.2.0/24",
                              "fd00:0:0:1::/64", "10.1.0.0/20",       "192.0.2.0/24",      "10.1.0.0/16",
                              "fd00::/16",       "2001:db8::/32",     "10.0.0.0/8",        "fd00::/8"};
  static const Words services{"22/tcp",
                              "23/tcp",
                              "80/tcp",
                              "53/udp",
                              "22/udp",
                              "9/sctp",
                              "[22/tcp, 25/tcp]",
                              "8000-8005/tcp",
                              "7000-7100/tcp",
                              "7050-7900/tcp",
                              "[24/udp, 8003/tcp]",
                              "443/tcp",
                              "443/udp",
                              "8006-8007/udp",
                              "1/tcp"};
  test::PolicyText policy;
  policy.head = "portpolicy: 1\nbase: []\ndefaults: {inbound: " + random.one_of(Words{"deny", "reject", "allow"}) +
                ", outbound: reject, forward: deny}\n";
  const std::size_t count = 60 + random.below(60);
  for (std::size_t i = 0; i < count; ++i) {
    const Direction direction = random.one_of(directions);
    const bool from = (direction == Direction::outbound) == random.chance(10);
    std::string rule = "{" + random.one_of(Words{"allow", "allow", "deny", "reject"}) + ": " + random.one_of(services);
    const std::size_t narrow = i * networks.size() / count;
    const std::size_t network = std::min(networks.size() - 1, narrow + random.below(3));
    if (!random.chance(4)) rule += std::string(from ? ", from: " : ", to: ") + "\"" + networks[network] + "\"";
    if (random.chance(4)) rule += ", log: true";
    policy.rules[static_cast<std::size_t>(direction)].push_back(rule + "}");
  }
  return policy;
}

Tally run_rounds(MakePolicy make, std::uint64_t usual_rounds, const Compile& compile) {
  const std::uint64_t seed = from_environment("PORTPOLICY_SEED", std::random_device{}());
  const std::uint64_t rounds = from_environment("PORTPOLICY_ROUNDS", usual_rounds);
  TestBed bed;
  Tally tally;
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t round = 0; round < rounds; ++round) one_round(bed, seed + round, make, compile, tally);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

  std::string kinds;
  for (const auto& [kind, number] : tally.of) kinds += " " + kind + " " + std::to_string(number);
  MESSAGE("seed ", seed, ": ", rounds, " policies (", tally.refused, " refused), ", tally.sent, " packets, ",
          tally.arrived, " arrived, ", tally.by_rule, " decided by a rule, ", tally.answered, " answered, ",
          took.count(), " s:", kinds);
  return tally;
}

}  // namespace portpolicy::host_tests
