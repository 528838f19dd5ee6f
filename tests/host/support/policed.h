#pragma once

#include <string>

#include "backends/nftables/lower.h"
#include "compiler/base/result.h"
#include "compiler/filter/filter.h"
#include "compiler/graph/graph.h"
#include "tests/host/support/test_bed.h"

/// Policies in the kernel, and what they mean beside it.
namespace portpolicy::host_tests {

/// What a policy means, for whatever target.
struct Meant {
  Graph graph;
  filter::Filter filter;
};
/// What is found wrong is the error.
Result<Meant> read_text(const std::string& policy);
/// The same for a file and what it includes; the library is the one of the source tree.
Result<Meant> read_file(const std::string& path);

struct Artifact {
  Graph graph;
  filter::Filter filter;
  std::string script;  ///< for `nft -f`
};
/// The whole way from text to script.
Result<Artifact> compile_text(const std::string& policy, const nft::Options& options = {});
Result<Artifact> compile_file(const std::string& path, const nft::Options& options = {});

/// Loads a policy into the host; the running test fails if that is not possible.
Graph load(const TestBed& bed, const std::string& policy, const nft::Options& options = {});
/// Takes it out again.
void unload(const TestBed& bed);
/// The same for the namespace that the thread is in.
void remove_tables();

/// What speaks against the kernel having done with a packet what the graph says; empty when nothing does. The packet
/// must have arrived.
std::string disagreement(const Graph& graph, const Outcome& outcome);

}  // namespace portpolicy::host_tests
