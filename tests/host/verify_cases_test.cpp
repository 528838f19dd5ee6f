#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/artifact.h"
#include "cli/file_system_reader.h"
#include "compiler/compile.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/random_shots.h"
#include "tests/host/support/test_bed.h"

// What `verify` says of the hand-written scripts in tests/cases/verify is held to the kernel: packets that are said to differ do
// differ there, and where a script is called equal, the kernel does with every packet that is tried what the policy says.

namespace portpolicy::host_tests {
namespace {

namespace fs = std::filesystem;

struct Case {
  std::string name, script;
  Graph graph;
  cli::Equality equality = cli::Equality::cannot_tell;
  std::vector<Packet> differ;  ///< whatever limits do and conditions are
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Case read_case(const fs::path& folder) {
  SourceMap sources;
  Diagnostics diagnostics;
  cli::FileSystemReader reader({folder.string(), PORTPOLICY_SOURCE_DIR "/policies/library"});
  auto compiled = compile(folder / "policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::errors,
                          sources, diagnostics);
  REQUIRE(compiled.has_value());
  REQUIRE_FALSE(diagnostics.has_errors());
  Case result{
      folder.filename(), contents(folder / "firewall.nft"), std::move(compiled->graph), cli::Equality::cannot_tell, {}};
  const FileId artifact = sources.add("firewall.nft", result.script);
  if (auto rules = cli::read_rules(cli::Target::nftables, {artifact}, std::nullopt, sources, diagnostics))
    result.equality = cli::compare_with_policy(result.graph, *rules, cli::Kind::script, diagnostics);
  for (const Diagnostic& finding : diagnostics.all()) {
    const bool is_about_limits = finding.message.contains(", while ") || finding.message.contains("the limit");
    if (finding.code != Code::artifact_differs || is_about_limits) continue;
    // What is allowed and what is left alone pass alike.
    const auto verdict = evaluate(result.graph, *finding.witness).verdict;
    const bool passes = !verdict || *verdict == Verdict::allow;
    const bool passed = finding.message.contains("are allowed") || finding.message.contains("are left alone");
    if (!passes || !passed) result.differ.push_back(*finding.witness);
  }
  return result;
}

/// With interfaces that are there: one of them for any that has no name, and for any of a pattern.
std::optional<Packet> on_cables(Packet packet) {
  const auto is_there = [](std::string& name) {
    if (name.empty()) name = "eth0";
    if (name.starts_with("br-")) name = "br-test";
    return name == "lo" || std::ranges::find(TestBed::interfaces, name) != TestBed::interfaces.end();
  };
  if (packet.direction != Direction::outbound && !is_there(packet.in)) return std::nullopt;
  if (packet.direction != Direction::inbound && !is_there(packet.out)) return std::nullopt;
  return packet;
}

Wanted wish_for(const Packet& packet) {
  switch (packet.state) {
    case State::new_:
      return Wanted::fresh;
    case State::untracked:
      return Wanted::untracked;
    case State::established:
      return Wanted::reply;
    case State::related:
      return Wanted::related;
    case State::invalid:
      return Wanted::stray;
  }
  std::unreachable();
}

struct Tally {
  std::size_t cases = 0, packets = 0;
};

void must_differ(const Case& spoilt, Tally& tally) {
  TestBed bed;
  std::vector<Shot> shots;
  StateSet wanted;
  for (const Packet& packet : spoilt.differ) {
    const auto real = on_cables(packet);
    if (!real) continue;
    shots.push_back(bed.shot(*real, wish_for(packet)));
    wanted = wanted | StateSet::of(packet.state);
  }
  bed.prepare(shots);
  nft(spoilt.script);
  for (const Outcome& outcome : bed.send(shots)) {
    CAPTURE(to_string(outcome.seen));
    // Not every packet can be made to have every state.
    if (!outcome.arrived || !wanted.contains(outcome.seen.state)) continue;
    ++tally.packets;
    CHECK(disagreement(spoilt.graph, outcome) != "");
  }
  ++tally.cases;
}

void must_agree(const Case& equal, Tally& tally) {
  TestBed bed;
  Random random(1);
  std::vector<Shot> shots = random_shots(bed, equal.graph, random, 200);
  bed.prepare(shots);
  nft(equal.script);
  for (const Outcome& outcome : bed.send(shots)) {
    if (!outcome.arrived) continue;
    CAPTURE(to_string(outcome.seen));
    ++tally.packets;
    CHECK(disagreement(equal.graph, outcome) == "");
  }
  ++tally.cases;
}

/// Tests of the kernel use marks, and have a table of their own; and a limit answers differently each time.
bool can_be_tried(const std::string& script) {
  return std::ranges::none_of(std::vector<std::string>{"limit", "mark", "flush ruleset", "masquerade"},
                              [&](const std::string& word) { return script.contains(word); });
}

}  // namespace

TEST_CASE("the kernel does with packets what is said of the hand-written scripts") {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(PORTPOLICY_SOURCE_DIR "/tests/cases/verify"))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  Tally different, equal;
  for (const fs::path& folder : folders) {
    const Case one = read_case(folder);
    CAPTURE(one.name);
    if (one.equality == cli::Equality::different && !one.differ.empty()) must_differ(one, different);
    if (one.equality == cli::Equality::equal && can_be_tried(one.script)) must_agree(one, equal);
  }
  MESSAGE(different.cases << " different scripts, " << different.packets << " packets; " << equal.cases
                          << " equal scripts, " << equal.packets << " packets");
  CHECK(different.packets >= 35);
  CHECK(equal.cases >= 20);
}

}  // namespace portpolicy::host_tests
