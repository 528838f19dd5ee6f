#include "cli/rule_files.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "backends/nftables/read.h"
#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/diagnostics/render.h"

namespace portpolicy::cli {

namespace {

std::optional<ForeignRules> read_nftables(FileId file, const SourceMap& sources, Diagnostics& diagnostics) {
  auto reading = nft::read(sources.text(file), file, diagnostics);
  if (!reading) return std::nullopt;
  return ForeignRules{std::move(reading->filter),      std::move(reading->not_understood),
                      std::move(reading->passed_over), std::move(reading->unused_chains),
                      filter::both_families,           {file}};
}

}  // namespace

std::string_view to_string(RuleKind kind) {
  switch (kind) {
    case RuleKind::nftables:
      return "nftables";
  }
  std::unreachable();
}

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

std::expected<std::optional<ForeignRules>, int> read_rules(const RuleFiles& rules, std::string_view command,
                                                           SourceMap& sources, Diagnostics& diagnostics, Io& io) {
  if (std::ranges::count(rules.paths, "-") > 1)
    return std::unexpected(usage_error(io, command, "standard input, `-`, can be read once"));
  if (rules.kind == RuleKind::nftables && rules.paths.size() > 1)
    return std::unexpected(
        usage_error(io, command, "rules of nftables are one file, such as `nft list ruleset` prints"));
  std::vector<FileId> files;
  for (const std::string& path : rules.paths) {
    auto text = content_of(path, io);
    if (!text) return std::unexpected(text.error());
    files.push_back(sources.add(path == "-" ? "<stdin>" : path, *std::move(text)));
  }
  return read_nftables(files.front(), sources, diagnostics);
}

}  // namespace portpolicy::cli
