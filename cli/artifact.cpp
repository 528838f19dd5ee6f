#include "cli/artifact.h"

#include <algorithm>
#include <vector>

#include "backends/iptables/lower.h"
#include "backends/iptables/print.h"
#include "backends/iptables/read.h"
#include "backends/iptables/scripts.h"
#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
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

}  // namespace

std::optional<Artifact> make_artifact(Loaded& loaded, Target target, const Shape& shape) {
  Artifact artifact = target == Target::nftables ? nftables_artifact(loaded, shape) : iptables_artifact(loaded, shape);
  if (loaded.diagnostics.has_errors()) return std::nullopt;
  return artifact;
}

namespace {

/// The tables of any family that an older script may have made and that this one leaves in place.
std::vector<nft::TableName> left_behind(const nft::Reading& reading) {
  std::vector<nft::TableName> own;
  for (const std::string_view family : {"inet", "ip", "ip6"})
    for (const std::string_view name : nft::own_tables) own.push_back({std::string(family), std::string(name)});
  const auto among = [](const std::vector<nft::TableName>& tables) {
    return [&](const nft::TableName& table) { return std::ranges::find(tables, table) != tables.end(); };
  };
  if (std::ranges::none_of(own, among(reading.defined))) return {};
  std::erase_if(own, [&](const nft::TableName& table) {
    return among(reading.removed)(table) || std::ranges::find(reading.flushed, table.family) != reading.flushed.end();
  });
  return own;
}

}  // namespace

std::optional<nft::Reading> read_back(const SourceMap& sources, FileId artifact, Diagnostics& diagnostics) {
  std::optional<nft::Reading> reading = nft::read(sources.text(artifact), artifact, diagnostics);
  if (!reading) return std::nullopt;
  for (const filter::Remark& remark : reading->not_understood)
    diagnostics.add(Code::not_understood, remark.where, remark.text + " is not understood");
  return reading;
}

Equality compare_with_policy(const Graph& policy, const nft::Reading& reading, FileId artifact, Kind kind,
                             Diagnostics& diagnostics) {
  const Equality result = compare_with_policy(policy, reading.filter, artifact, diagnostics);
  const std::vector<nft::TableName> old = kind == Kind::listing ? std::vector<nft::TableName>() : left_behind(reading);
  for (const nft::TableName& table : old) {
    const std::string name = "table " + table.family + " " + table.name;
    diagnostics.add(Code::table_left_behind, Span{artifact}, "`" + name + "` of an older script would stay in force",
                    "write `add " + name + "` and `delete " + name + "` before the tables; of what `nft list` prints " +
                        "say --listing");
  }
  return old.empty() ? result : Equality::different;
}

namespace {

Equality prove_nftables(Loaded& loaded, const Artifact& artifact, Diagnostics& diagnostics) {
  const FileId file = loaded.sources.add("the script that was made", artifact.front().text);
  const std::optional<nft::Reading> reading = read_back(loaded.sources, file, diagnostics);
  if (!reading) return Equality::cannot_tell;
  return compare_with_policy(loaded.compiled.graph, *reading, file, Kind::script, diagnostics);
}

Equality prove_iptables(Loaded& loaded, const Artifact& artifact, Diagnostics& diagnostics) {
  std::vector<iptables::Input> inputs;
  std::optional<FileId> rules;
  for (const NamedText& text : artifact) {
    if (text.runs) continue;
    const FileId file = loaded.sources.add("the " + text.name + " that was made", text.text);
    if (text.name == "rules.v4") rules = file;
    const bool v6 = text.name.ends_with(".v6");
    inputs.push_back({file, loaded.sources.text(file), v6 ? Family::ipv6 : Family::ipv4});
  }
  const std::optional<iptables::Reading> reading = iptables::read(inputs, diagnostics);
  if (!reading) return Equality::cannot_tell;
  for (const filter::Remark& remark : reading->not_understood)
    diagnostics.add(Code::not_understood, remark.where, remark.text + " is not understood");
  const Equality equality = compare_with_policy(loaded.compiled.graph, reading->filter, rules, diagnostics);
  return reading->families == filter::both_families ? equality : Equality::cannot_tell;
}

}  // namespace

Equality prove(Loaded& loaded, Target target, const Artifact& artifact, Diagnostics& diagnostics) {
  return target == Target::nftables ? prove_nftables(loaded, artifact, diagnostics)
                                    : prove_iptables(loaded, artifact, diagnostics);
}

}  // namespace portpolicy::cli
