#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/remark.h"

namespace portpolicy::nft {

/// `inet portpolicy`
struct TableName {
  std::string family;
  std::string name;
  friend auto operator<=>(const TableName&, const TableName&) = default;
};

/// What a script for `nft -f` (nft(8)) makes of IPv4 and IPv6 packets at the hooks input, output and forward.
struct Reading {
  /// Origins are the chain and line of each rule, limits its named limits, meters and limit statements, each by itself.
  filter::Filter filter;
  /// What is not understood, in the order of the text. In the filter each is an opaque condition, so that nothing is
  /// taken for granted.
  std::vector<filter::Remark> not_understood;
  /// What has no say over those packets and was passed over: address translation, other families, counters that nobody asks.
  std::vector<filter::Remark> passed_over;
  /// Chains with rules that nothing leads to, which the filter does without.
  std::vector<filter::Remark> unused_chains;
  /// Tables that exist when the script has run, and those whose former content it removed, whatever it was.
  std::vector<TableName> defined, removed;
  /// Families of which it removed every table, known by name or not (`flush ruleset`).
  std::vector<std::string> flushed;
};

/// Reads the script as a kernel without rules would take it. Nothing when it cannot be read; why is then among the
/// diagnostics, with its line.
std::optional<Reading> read(std::string_view script, FileId file, Diagnostics& diagnostics);

}  // namespace portpolicy::nft
