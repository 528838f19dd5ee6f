#include "compiler/compile.h"

#include <utility>

#include "compiler/base/sha256.h"
#include "compiler/checks/checks.h"
#include "compiler/graph/lower.h"
#include "compiler/syntax/load.h"

namespace portpolicy {
namespace {

/// What is never an error, of rules that do not contradict each other.
void look_closer(const Compiled& compiled, Thoroughness thoroughness, Diagnostics& diagnostics) {
  const bool strict = thoroughness == Thoroughness::strict;
  checks::crossing(compiled.policy, compiled.graph, strict ? Severity::warning : Severity::note, diagnostics);
  checks::family_forgotten(compiled.policy, compiled.graph, diagnostics);
}

}  // namespace

std::expected<Compiled, FileReader::Failure> compile(const std::string& path, FileReader& reader, const Host& host,
                                                     Thoroughness thoroughness, SourceMap& sources,
                                                     Diagnostics& diagnostics) {
  auto policy = syntax::load(path, reader, sources, diagnostics);
  if (!policy) return std::unexpected(std::move(policy.error()));
  Compiled compiled{std::move(*policy), {}, {}, {}};
  compiled.graph = build(compiled.policy, host, diagnostics);
  // What a policy means is only asked of one that can be read without doubt.
  if (diagnostics.has_errors()) return compiled;
  checks::conflicting(compiled.graph, diagnostics);
  checks::matching_nothing(compiled.graph, diagnostics);
  const bool all = thoroughness != Thoroughness::errors;
  if (!diagnostics.has_errors()) {
    checks::effects(compiled.graph, !all, diagnostics);
    compiled.outcomes = checks::claims(compiled.graph, diagnostics);
    if (all) look_closer(compiled, thoroughness, diagnostics);
  }
  if (all) {
    checks::empty_parts(compiled.policy, compiled.graph, diagnostics);
    checks::icmp_answers(compiled.policy, compiled.graph, diagnostics);
    checks::unused(compiled.policy, diagnostics);
    checks::ending_soon(compiled.policy, host, diagnostics);
  }
  checks::waive(compiled.policy, all, diagnostics);
  if (!diagnostics.has_errors()) compiled.filter = lower(compiled.graph, sources);
  return compiled;
}

std::string revision(const SourceMap& sources) {
  Sha256 digest;
  const auto take = [&](std::string_view bytes) {
    digest.add(std::to_string(bytes.size()) + ":");
    digest.add(bytes);
  };
  for (std::size_t i = 0; i < sources.size(); ++i) {
    take(sources.title(FileId{i}));
    take(sources.text(FileId{i}));
  }
  return digest.hex().substr(0, 16);
}

}  // namespace portpolicy
