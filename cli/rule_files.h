#pragma once

#include <array>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "cli/io.h"
#include "cli/target.h"
#include "compiler/base/address.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/limits.h"
#include "compiler/filter/remark.h"
#include "compiler/proof/scope.h"

/// Rules of a firewall, read from files of its own language.
namespace portpolicy::cli {

/// What the user says of them.
struct RuleFiles {
  Target kind = Target::nftables;
  /// `-` is standard input. Of iptables a folder stands for those of `rules.v4`, `rules.v6` and `ipsets` that are in it.
  std::vector<std::string> paths;
  std::optional<Family> family;  ///< of rules of iptables, where neither they nor the names of their files say it
};

/// Rules that were read.
struct ForeignRules {
  Target kind = Target::nftables;
  filter::Filter filter;
  std::vector<filter::Remark> not_understood{}, passed_over{};
  std::vector<filter::Remark> unused_chains{};  ///< by name; others may stand in the filter
  /// By Direction; of iptables, where each is hooked, whether there is more than empty chains that let all pass.
  std::array<bool, 3> managed{};
  /// Of a script for nftables that makes tables of ours: older ones that stay in force when it is loaded, `inet portpolicy`.
  std::vector<std::string> left_behind{};
  bool known_program = true;  ///< false of a script whose rules were read and whose own doing is not known
  filter::Families families =
      0;  ///< of the packets that the rules are for; of others the filter says nothing that counts
  std::vector<FileId> files;
};

/// The packets that a comparison of the rules with a policy is about.
proof::Scope scope_of(const ForeignRules& rules);

/// Adds the files to the sources. What cannot be had is told at once, and the error is the exit code of `command`.
std::expected<std::vector<FileId>, int> add_files(const RuleFiles& rules, std::string_view command, SourceMap& sources,
                                                  Io& io);

/// Reads them, at least one. Nothing when they cannot be read; why is then among the diagnostics.
std::optional<ForeignRules> read_rules(Target kind, const std::vector<FileId>& files, std::optional<Family> family,
                                       const SourceMap& sources, Diagnostics& diagnostics);

}  // namespace portpolicy::cli
