#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"
#include "compiler/graph/build.h"
#include "compiler/graph/graph.h"
#include "compiler/syntax/file_reader.h"
#include "compiler/syntax/policy.h"

namespace portpolicy {

/// Which findings are looked for.
enum class Thoroughness : std::uint8_t {
  errors,  ///< only what can be an error: enough for an artifact
  all,
  strict,  ///< and what is a note there is a warning
};

/// A policy and everything that was made of it, stage by stage.
struct Compiled {
  syntax::Policy policy;
  Graph graph;
  /// One for each of `graph.claims`; nothing when other errors kept them from being asked.
  std::optional<std::vector<checks::Outcome>> outcomes;
  filter::Filter filter;  ///< empty when the policy has errors
};

/// Reads the policy at `path`, resolves it, checks it, and lowers it when it has no errors. A failure is a top file that
/// cannot be read; all else is in `diagnostics`.
std::expected<Compiled, FileReader::Failure> compile(const std::string& path, FileReader& reader, const Host& host,
                                                     Thoroughness thoroughness, SourceMap& sources,
                                                     Diagnostics& diagnostics);

/// SHA-256 over the names and bytes of all texts that were read, as 16 hexadecimal digits: what a policy was, to the byte,
/// when an artifact was made.
std::string revision(const SourceMap& sources);

}  // namespace portpolicy
