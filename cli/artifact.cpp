#include "cli/artifact.h"

#include <algorithm>
#include <vector>

#include "backends/nftables/print.h"
#include "cli/version.h"
#include "compiler/registry/registry.h"

namespace portpolicy::cli {

std::optional<std::string> nftables_text(Loaded& loaded, const nft::Options& options) {
  const nft::Ruleset ruleset = nft::lower(loaded.compiled.filter, options, loaded.diagnostics);
  if (loaded.diagnostics.has_errors()) return std::nullopt;
  return nft::print(ruleset, {.version = std::string(version()),
                              .policy = loaded.compiled.policy.files.front().title,
                              .revision = revision(loaded.sources),
                              .registry = registry::version()});
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

}  // namespace portpolicy::cli
