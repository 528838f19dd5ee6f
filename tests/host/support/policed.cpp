#include "tests/host/support/policed.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <utility>

#include "backends/nftables/print.h"
#include "cli/file_system_reader.h"
#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "tests/host/support/samples.h"
#include "tests/support/memory_reader.h"

namespace portpolicy::host_tests {
namespace {

/// There is one policy, and it includes nothing.
Result<Artifact> compile_by(FileReader& reader, const std::string& path, const nft::Options& options) {
  using namespace std::chrono_literals;
  SourceMap sources;
  Diagnostics diagnostics;
  auto compiled = compile(path, reader, Host{2026y / 11 / 22}, Thoroughness::errors, sources, diagnostics);
  if (!compiled) return fail(path + ": " + compiled.error().reason);
  const auto found = [&] { return fail(render_text(diagnostics.sorted(), sources, Colour::off)); };
  if (diagnostics.has_errors()) return found();
  const nft::Ruleset ruleset = nft::lower(compiled->filter, options, diagnostics);
  if (diagnostics.has_errors()) return found();
  return Artifact{std::move(compiled->graph), std::move(compiled->filter),
                  nft::print(ruleset, {"0", path, "0", "2026-11-22"})};
}

}  // namespace

Result<Artifact> compile_text(const std::string& policy, const nft::Options& options) {
  test::MemoryReader reader({{"policy.yaml", policy}});
  return compile_by(reader, "policy.yaml", options);
}

Result<Artifact> compile_file(const std::string& path, const nft::Options& options) {
  cli::FileSystemReader reader({std::nullopt, PORTPOLICY_SOURCE_DIR "/policies/library"});
  return compile_by(reader, path, options);
}

Graph load(const TestBed& bed, const std::string& policy, const nft::Options& options) {
  Result<Artifact> artifact = compile_text(policy, options);
  if (!artifact) FAIL(artifact.error().message);
  bed.host().enter();
  nft(artifact->script);
  return std::move(artifact->graph);
}

void unload(const TestBed& bed) {
  bed.host().enter();
  for (const std::string table : {"inet portpolicy", "ip portpolicy", "ip6 portpolicy"})
    nft("add table " + table + "\ndelete table " + table + "\n");
}

std::string disagreement(const Graph& graph, const Outcome& outcome) {
  const Decision decision = evaluate(graph, outcome.seen);
  const std::string expected = decision.verdict ? std::string(to_string(*decision.verdict)) : "unmanaged";
  const std::string seen = "the policy says " + expected + ", and the packet was: " + to_string(outcome);
  if (!decision.verdict || *decision.verdict == Verdict::allow)
    return outcome.passed && outcome.answer == Answer::none ? "" : seen;
  if (outcome.passed) return seen;
  if (*decision.verdict == Verdict::deny) return outcome.answer == Answer::none ? "" : seen;
  const Answer answer = outcome.seen.protocol == protocols::tcp ? Answer::tcp_reset : Answer::prohibited;
  const bool excused = outcome.answer == Answer::none && may_go_unanswered(outcome.seen);
  return outcome.answer == answer || excused ? "" : seen;
}

}  // namespace portpolicy::host_tests
