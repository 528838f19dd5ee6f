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
Result<Meant> read_by(FileReader& reader, const std::string& path) {
  using namespace std::chrono_literals;
  SourceMap sources;
  Diagnostics diagnostics;
  auto compiled = compile(path, reader, Host{2026y / 11 / 22}, Thoroughness::errors, sources, diagnostics);
  if (!compiled) return fail(path + ": " + compiled.error().reason);
  if (diagnostics.has_errors()) return fail(render_text(diagnostics.sorted(), sources, Colour::off));
  return Meant{std::move(compiled->graph), std::move(compiled->filter)};
}

Result<Artifact> lowered(Result<Meant> meant, const std::string& path, const nft::Options& options) {
  if (!meant) return std::unexpected(meant.error());
  Diagnostics diagnostics;
  const nft::Ruleset ruleset = nft::lower(meant->filter, options, diagnostics);
  if (diagnostics.has_errors()) return fail(diagnostics.all().front().message);
  return Artifact{std::move(meant->graph), std::move(meant->filter),
                  nft::print(ruleset, {"0", path, "0", "2026-11-22"})};
}

}  // namespace

Result<Meant> read_text(const std::string& policy) {
  test::MemoryReader reader({{"policy.yaml", policy}});
  return read_by(reader, "policy.yaml");
}

Result<Meant> read_file(const std::string& path) {
  cli::FileSystemReader reader({std::nullopt, PORTPOLICY_SOURCE_DIR "/policies/library"});
  return read_by(reader, path);
}

Result<Artifact> compile_text(const std::string& policy, const nft::Options& options) {
  return lowered(read_text(policy), "policy.yaml", options);
}

Result<Artifact> compile_file(const std::string& path, const nft::Options& options) {
  return lowered(read_file(path), path, options);
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
  remove_tables();
}

void remove_tables() {
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
