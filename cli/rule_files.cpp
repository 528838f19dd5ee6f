#include "cli/rule_files.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "backends/iptables/read.h"
#include "backends/nftables/model.h"
#include "backends/nftables/read.h"
#include "backends/windows/read.h"
#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/diagnostics/render.h"

namespace portpolicy::cli {

namespace fs = std::filesystem;

namespace {

/// The tables of any family that an older script may have made and that this one leaves in place.
std::vector<std::string> left_behind(const nft::Reading& reading) {
  std::vector<nft::TableName> own;
  for (const std::string_view family : {"inet", "ip", "ip6"})
    for (const std::string_view name : nft::own_tables) own.push_back({std::string(family), std::string(name)});
  const auto among = [](const std::vector<nft::TableName>& tables) {
    return [&](const nft::TableName& table) { return std::ranges::find(tables, table) != tables.end(); };
  };
  if (std::ranges::none_of(own, among(reading.defined))) return {};
  std::vector<std::string> left;
  for (const nft::TableName& table : own)
    if (!among(reading.removed)(table) && std::ranges::find(reading.flushed, table.family) == reading.flushed.end())
      left.push_back(table.family + " " + table.name);
  return left;
}

std::optional<ForeignRules> read_nftables(FileId file, const SourceMap& sources, Diagnostics& diagnostics) {
  auto reading = nft::read(sources.text(file), file, diagnostics);
  if (!reading) return std::nullopt;
  std::vector<std::string> left = left_behind(*reading);
  std::array<bool, 3> managed{};
  for (std::size_t i = 0; i < managed.size(); ++i) managed[i] = reading->filter.hooks[i].has_value();
  return ForeignRules{.kind = Target::nftables,
                      .filter = std::move(reading->filter),
                      .not_understood = std::move(reading->not_understood),
                      .passed_over = std::move(reading->passed_over),
                      .unused_chains = std::move(reading->unused_chains),
                      .managed = managed,
                      .left_behind = std::move(left),
                      .families = filter::both_families,
                      .files = {file}};
}

/// `rules.v6`, `host.v6.save`.
std::optional<Family> family_in_name(const fs::path& path) {
  const std::string name = path.filename().string();
  const bool v4 = name.contains(".v4"), v6 = name.contains(".v6");
  if (v4 == v6) return std::nullopt;
  return v4 ? Family::ipv4 : Family::ipv6;
}

std::optional<ForeignRules> read_iptables(const std::vector<FileId>& files, std::optional<Family> family,
                                          const SourceMap& sources, Diagnostics& diagnostics) {
  std::vector<iptables::Input> inputs;
  for (const FileId file : files) {
    const auto named = family_in_name(sources.path(file));
    inputs.push_back({file, sources.text(file), named ? named : family});
  }
  auto reading = iptables::read(inputs, diagnostics);
  if (!reading) return std::nullopt;
  return ForeignRules{.kind = Target::iptables,
                      .filter = std::move(reading->filter),
                      .not_understood = std::move(reading->not_understood),
                      .passed_over = std::move(reading->passed_over),
                      .unused_chains = std::move(reading->unused_chains),
                      .managed = reading->managed,
                      .families = reading->families,
                      .files = files};
}

/// A script that `compile` wrote, or what Export-Rules.ps1 did, which is JSON.
std::optional<ForeignRules> read_windows(FileId file, const SourceMap& sources, Diagnostics& diagnostics) {
  const std::string_view text = sources.text(file);
  const bool is_script = text.starts_with('#');
  auto reading =
      is_script ? windows::read_script(text, file, diagnostics) : windows::read_export(text, file, diagnostics);
  if (!reading) return std::nullopt;
  return ForeignRules{.kind = Target::windows,
                      .filter = std::move(reading->filter),
                      .not_understood = std::move(reading->not_understood),
                      .managed = reading->managed,
                      .known_program = reading->known_program,
                      .families = filter::both_families,
                      .files = {file}};
}

/// The files that a folder stands for, those that it has.
std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  for (const std::string_view name : {"ipsets", "rules.v4", "rules.v6"})
    if (const fs::path file = fs::path(folder) / name; fs::exists(file)) files.push_back(file.string());
  return files;
}

/// The whole of a file, or of standard input for `-`. What is wrong with it is said; the error is the exit code.
std::expected<std::string, int> content_of(const std::string& path, Io& io) {
  const auto all = [](std::istream& in) { return std::string(std::istreambuf_iterator<char>(in), {}); };
  if (path == "-") return all(io.in);
  std::ifstream file(path, std::ios::binary);
  if (file.is_open()) file.peek();
  if (!file.is_open() || file.bad()) {
    io.err << "portpolicy: cannot read `" << escaped(path) << "`: " << escaped(std::generic_category().message(errno))
           << '\n';
    return std::unexpected(exit_file);
  }
  file.clear();
  return all(file);
}

}  // namespace

proof::Scope scope_of(const ForeignRules& rules) {
  return rules.kind == Target::windows ? proof::of_windows() : proof::whole(rules.families);
}

std::expected<std::vector<FileId>, int> add_files(const RuleFiles& rules, std::string_view command, SourceMap& sources,
                                                  Io& io) {
  std::vector<std::string> paths;
  for (const std::string& path : rules.paths) {
    if (std::error_code ignored; rules.kind != Target::iptables || !fs::is_directory(path, ignored)) {
      paths.push_back(path);
      continue;
    }
    const std::vector<std::string> inside = files_in(path);
    if (inside.empty())
      return std::unexpected(
          usage_error(io, command, "the folder `" + path + "` holds no `rules.v4`, `rules.v6` or `ipsets`"));
    paths.insert(paths.end(), inside.begin(), inside.end());
  }
  if (std::ranges::count(paths, "-") > 1)
    return std::unexpected(usage_error(io, command, "standard input, `-`, can be read once"));
  if (rules.kind == Target::nftables && paths.size() > 1)
    return std::unexpected(
        usage_error(io, command, "rules of nftables are one file, such as `nft list ruleset` prints"));
  if (rules.kind == Target::windows && paths.size() > 1)
    return std::unexpected(usage_error(
        io, command, "rules of Windows are one file: a script of compile, or what Export-Rules.ps1 writes"));
  std::vector<FileId> files;
  for (const std::string& path : paths) {
    auto text = content_of(path, io);
    if (!text) return std::unexpected(text.error());
    files.push_back(sources.add(path == "-" ? "<stdin>" : path, *std::move(text)));
  }
  return files;
}

std::optional<ForeignRules> read_rules(Target kind, const std::vector<FileId>& files, std::optional<Family> family,
                                       const SourceMap& sources, Diagnostics& diagnostics) {
  switch (kind) {
    case Target::nftables:
      return read_nftables(files.front(), sources, diagnostics);
    case Target::iptables:
      return read_iptables(files, family, sources, diagnostics);
    case Target::windows:
      return read_windows(files.front(), sources, diagnostics);
  }
  std::unreachable();
}

}  // namespace portpolicy::cli
