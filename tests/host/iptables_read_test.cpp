#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "backends/iptables/read.h"
#include "compiler/diagnostics/packet_json.h"
#include "compiler/diagnostics/source_map.h"
#include "tests/host/support/process.h"
#include "tests/host/support/test_bed.h"
#include "tests/support/random_iptables.h"

// Random rules that nobody compiled, loaded by both iptables: what packets meet in the kernel is what the reader says of the
// text, and of the listing.

namespace portpolicy::host_tests {
namespace {

using test::RandomRules;

constexpr std::uint64_t usual_rounds = 40;
constexpr std::size_t packets_a_round = 200;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoull(value, nullptr, 0);
}

/// What a program prints; the running test fails if it fails.
std::string run(const std::vector<std::string>& words, const std::string& input = {}) {
  const Result<Finished> finished = execute(words, input);
  if (!finished) FAIL(words[0] << ": " << finished.error().message);
  if (finished->status != 0) FAIL(words[0] << ": " << finished->errors << "\n" << input);
  return finished->output;
}

std::vector<std::string> usable_variants() {
  std::vector<std::string> usable;
  for (const std::string variant : {"legacy", "nft"}) {
    const Result<Finished> tried = execute({"iptables-" + variant + "-save", "-t", "filter"});
    const Result<Finished> sets = execute({"ipset", "list", "-n"});
    if (tried && tried->status == 0 && sets && sets->status == 0) usable.push_back(variant);
    else std::fprintf(stderr, "SKIPPED: iptables-%s or ipset does not work here\n", variant.c_str());
  }
  if (std::getenv("PORTPOLICY_NO_SKIP") != nullptr) CHECK(usable.size() == 2);
  return usable;
}

std::string program(Family family, const std::string& variant, const std::string& what) {
  return (family == Family::ipv4 ? "iptables-" : "ip6tables-") + variant + "-" + what;
}

filter::Filter read(const std::vector<std::string>& texts) {
  SourceMap sources;
  Diagnostics diagnostics;
  std::vector<FileId> files;
  std::vector<iptables::Input> inputs;
  for (const std::string& text : texts) files.push_back(sources.add("text", text));
  for (const FileId file : files) inputs.push_back({file, sources.text(file), std::nullopt});
  auto reading = iptables::read(inputs, diagnostics);
  for (const Diagnostic& finding : diagnostics.all())
    FAIL(finding.primary.where.file.index << ":" << sources.begin(finding.primary.where).line << ": "
                                          << finding.message);
  REQUIRE(reading->families == 3);
  return std::move(reading->filter);
}

/// What tells protocols apart that a filter cannot: known here, because the packet is.
Verdict verdict(const filter::Filter& filter, const Packet& packet) {
  filter::OpaqueTruths truths;
  for (const std::string& text : filter.opaques)
    truths.push_back(text == "protocol " + std::to_string(packet.protocol.number) + " over " +
                                 std::string(to_string(packet.family())));
  // Without a verdict, nobody manages the direction.
  return filter::evaluate(filter, packet, false, truths).verdict.value_or(Verdict::allow);
}

std::string disagreement(Verdict wanted, const Outcome& outcome) {
  // Not every packet that is rejected gets an answer.
  const bool as_wanted =
      outcome.passed == (wanted == Verdict::allow) && (wanted == Verdict::reject || outcome.answer == Answer::none);
  return as_wanted ? "" : "should be " + std::string(to_string(wanted)) + ", and was: " + to_string(outcome);
}

/// What the kernel can be sent: nothing is forwarded by the loopback interface, and IGMP over IPv6 is nothing.
Packet sendable(RandomRules& rules) {
  while (true) {
    const Packet packet = rules.meeting().packet;
    const bool loops = packet.direction == Direction::forward && (packet.in == "lo" || packet.out == "lo");
    const bool odd = packet.family() == Family::ipv6 && packet.protocol == protocols::igmp;
    if (!loops && !odd) return packet;
  }
}

struct Tally {
  std::size_t arrived = 0;
  std::map<Verdict, std::size_t> of;
};

void one_round(TestBed& bed, const std::string& variant, std::uint64_t seed, Tally& tally) {
  std::vector<RandomRules> rules{RandomRules(seed, Family::ipv4, RandomRules::For::kernel),
                                 RandomRules(seed, Family::ipv6, RandomRules::For::kernel)};
  std::array<test::NaiveTable, 2> tables;
  const std::string v4 = rules[0].text(tables[0]), v6 = rules[1].text(tables[1]);
  const std::string sets = rules[0].sets() + rules[1].sets();
  std::vector<Shot> shots;
  for (std::size_t i = 0; i < packets_a_round; ++i) {
    const Packet packet = sendable(rules[i % 2]);
    shots.push_back(bed.shot(packet, i % 7 == 0 ? Wanted::untracked : i % 5 == 0 ? Wanted::reply : Wanted::fresh));
  }
  bed.prepare(shots);
  bed.host().enter();
  run({"ipset", "restore"}, sets);
  run({program(Family::ipv4, variant, "restore")}, v4);
  run({program(Family::ipv6, variant, "restore")}, v6);
  const filter::Filter text = read({v4, v6, sets});
  const filter::Filter listed = read({run({program(Family::ipv4, variant, "save")}),
                                      run({program(Family::ipv6, variant, "save")}), run({"ipset", "save"})});
  const std::vector<Outcome> outcomes = bed.send(shots);
  bed.host().enter();
  for (const Family family : families)
    run({program(family, variant, "restore")},
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n");
  run({"ipset", "destroy"});
  for (const Outcome& outcome : outcomes) {
    if (!outcome.arrived) continue;
    const Verdict wanted = verdict(text, outcome.seen);
    ++tally.arrived;
    ++tally.of[wanted];
    INFO("PORTPOLICY_SEED=", seed, " PORTPOLICY_ROUNDS=1, ", variant, "\n", v4, v6, sets, to_json(outcome.seen).dump());
    CHECK(disagreement(wanted, outcome) == "");
    CHECK(verdict(listed, outcome.seen) == wanted);
  }
}

}  // namespace

TEST_CASE("the kernel decides packets as the reader says of random rules for iptables, in both variants") {
  const std::uint64_t seed = from_environment("PORTPOLICY_SEED", std::random_device{}());
  const std::uint64_t rounds = from_environment("PORTPOLICY_ROUNDS", usual_rounds);
  TestBed bed;
  bed.host().enter();
  const std::vector<std::string> variants = usable_variants();
  if (variants.empty()) return;
  Tally tally;
  for (std::uint64_t round = 0; round < rounds; ++round)
    one_round(bed, variants[round % variants.size()], seed + round / variants.size(), tally);
  MESSAGE("seed ", seed, ": ", rounds, " rule sets, ", tally.arrived, " packets arrived; allowed ",
          tally.of[Verdict::allow], ", denied ", tally.of[Verdict::deny], ", rejected ", tally.of[Verdict::reject]);
  CHECK(tally.arrived * 2 >= rounds * packets_a_round);
  for (const auto& [each, number] : tally.of) CHECK(number * 200 >= tally.arrived);
}

}  // namespace portpolicy::host_tests
