#pragma once

#include <array>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/io.h"
#include "compiler/base/address.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/limits.h"
#include "compiler/filter/remark.h"

/// Rules of a firewall, read from files of its own language.
namespace portpolicy::cli {

/// Whose language it is.
enum class RuleKind : std::uint8_t { nftables, iptables };
inline constexpr std::array rule_kinds{RuleKind::nftables, RuleKind::iptables};
std::string_view to_string(RuleKind kind);

/// What the user says of them.
struct RuleFiles {
  RuleKind kind = RuleKind::nftables;
  /// `-` is standard input. Of iptables a folder stands for those of `rules.v4`, `rules.v6` and `ipsets` that are in it.
  std::vector<std::string> paths;
  std::optional<Family> family;  ///< of rules of iptables, where neither they nor the names of their files say it
};

/// Rules that were read.
struct ForeignRules {
  filter::Filter filter;
  std::vector<filter::Remark> not_understood, passed_over;
  std::vector<filter::Remark> unused_chains;  ///< by name; others may stand in the filter
  filter::Families families =
      0;  ///< of the packets that the rules are for; of others the filter says nothing that counts
  std::vector<FileId> files;
};

/// The whole of a file, or of standard input for `-`. What is wrong with it is said; the error is the exit code.
std::expected<std::string, int> content_of(const std::string& path, Io& io);

/// Reads them into the sources. A file that cannot be had is told at once, and the error is the exit code of `command`;
/// rules that cannot be read are among the diagnostics, and there is nothing.
std::expected<std::optional<ForeignRules>, int> read_rules(const RuleFiles& rules, std::string_view command,
                                                           SourceMap& sources, Diagnostics& diagnostics, Io& io);

}  // namespace portpolicy::cli
