#include "cli/artifact.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "backends/iptables/lower.h"
#include "backends/iptables/print.h"
#include "backends/iptables/scripts.h"
#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "backends/windows/lower.h"
#include "backends/windows/print.h"
#include "cli/left_out.h"
#include "cli/version.h"
#include "compiler/registry/registry.h"

namespace portpolicy::cli {

namespace {

backend::Header header_of(const Loaded& loaded) {
  return {.version = std::string(version()),
          .policy = loaded.compiled.policy.files.front().title,
          .revision = revision(loaded.sources),
          .registry = registry::version()};
}

Artifact nftables_artifact(Loaded& loaded, const Shape& shape) {
  nft::Options options;
  options.optimize = shape.optimize;
  options.counters = shape.counters;
  return {{"", nft::print(nft::lower(loaded.compiled.filter, options, loaded.diagnostics), header_of(loaded))}};
}

/// Without sets the file for them says so: another that stood there would be of another policy.
Artifact iptables_artifact(Loaded& loaded, const Shape& shape) {
  iptables::Options options;
  options.optimize = shape.optimize;
  options.counters = shape.counters;
  const backend::Header header = header_of(loaded);
  iptables::Texts texts = iptables::print(iptables::lower(loaded.compiled.filter, options, loaded.diagnostics), header);
  return {{"ipsets", std::move(texts.sets)},
          {"rules.v4", std::move(texts.rules_v4)},
          {"rules.v6", std::move(texts.rules_v6)},
          {"load", iptables::load_script(header), true},
          {"unload", iptables::unload_script(header), true}};
}

Artifact windows_artifact(Loaded& loaded, const Shape& shape) {
  windows::Options options;
  options.skip_unsupported = shape.skip_unsupported;
  const windows::Ruleset rules = windows::lower(loaded.compiled.filter, options, loaded.diagnostics);
  if (!loaded.diagnostics.has_errors()) leave_out(loaded.compiled.graph, rules.left_out, loaded.diagnostics);
  return {{"", windows::print(rules, header_of(loaded))}};
}

Artifact artifact_of(Loaded& loaded, Target target, const Shape& shape) {
  switch (target) {
    case Target::nftables:
      return nftables_artifact(loaded, shape);
    case Target::iptables:
      return iptables_artifact(loaded, shape);
    case Target::windows:
      return windows_artifact(loaded, shape);
  }
  std::unreachable();
}

}  // namespace

std::optional<Artifact> make_artifact(Loaded& loaded, Target target, const Shape& shape) {
  Artifact artifact = artifact_of(loaded, target, shape);
  if (loaded.diagnostics.has_errors()) return std::nullopt;
  return artifact;
}

std::vector<FileId> add_sources(const Artifact& artifact, SourceMap& sources) {
  std::vector<FileId> files;
  for (const NamedText& text : artifact)
    if (!text.runs) files.push_back(sources.add(text.name.empty() ? "what compile writes" : text.name, text.text));
  return files;
}

Equality compare_with_policy(const Graph& policy, ForeignRules& rules, Kind kind, Diagnostics& diagnostics) {
  for (const filter::Remark& remark : rules.not_understood)
    diagnostics.add(Code::not_understood, remark.where, remark.text + " is not understood");
  for (std::size_t i = 0; i < rules.managed.size(); ++i)
    if (!rules.managed[i]) rules.filter.hooks[i].reset();
  const FileId file = rules.files.front();
  const Equality result = compare_with_policy(policy, rules.filter, file, diagnostics, scope_of(rules));
  if (result == Equality::equal && !rules.known_program) {
    diagnostics.add(
        Code::cannot_tell, Span{file},
        "the rules are those of the policy, but what the script does with them is not known: its program is "
        "none that this version of portpolicy writes",
        "compile the policy again");
    return Equality::cannot_tell;
  }
  if (kind == Kind::listing || rules.left_behind.empty()) return result;
  for (const std::string& table : rules.left_behind)
    diagnostics.add(Code::table_left_behind, Span{file}, "`table " + table + "` of an older script would stay in force",
                    "write `add table " + table + "` and `delete table " + table +
                        "` before the tables; of what `nft list` prints say --listing");
  return Equality::different;
}

Equality prove(Loaded& loaded, Target target, const Artifact& artifact, Diagnostics& diagnostics) {
  const std::vector<FileId> files = add_sources(artifact, loaded.sources);
  auto rules = read_rules(target, files, std::nullopt, loaded.sources, diagnostics);
  if (!rules || rules->families != filter::both_families) return Equality::cannot_tell;
  return compare_with_policy(loaded.compiled.graph, *rules, Kind::script, diagnostics);
}

}  // namespace portpolicy::cli
