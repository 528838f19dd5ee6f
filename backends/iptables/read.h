#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/limits.h"
#include "compiler/filter/remark.h"

namespace portpolicy::iptables {

/// One text: what iptables-save or `iptables -S` prints, what iptables-restore takes, or what `ipset save` prints and
/// `ipset restore` takes.
struct Input {
  FileId file;
  std::string_view text;
  /// Of rules; nothing: told by the text, which is IPv4 where nothing in it tells.
  std::optional<Family> family = std::nullopt;
};

/// What rules do to packets at the hooks input, output and forward.
struct Reading {
  /// Origins are the chain and line of each rule, limits its limit and hashlimit matches, each by itself. A hook whose
  /// built-in chains have no rules and let all pass is one that nobody manages.
  filter::Filter filter;
  /// What is not understood, in the order of the texts. In the filter each is an opaque condition, so that nothing is
  /// taken for granted.
  std::vector<filter::Remark> not_understood;
  /// What has no say over those packets and was passed over: address translation, marks.
  std::vector<filter::Remark> passed_over;
  /// Chains with rules that nothing leads to, which the filter does without.
  std::vector<filter::Remark> unused_chains;
  /// By Direction: whether anything but empty chains that let all pass stands there. Without that a host is as if nobody
  /// had said anything.
  std::array<bool, 3> managed{};
  /// Whose rules were read. What the filter does with packets of another family says nothing.
  filter::Families families = 0;
};

/// Reads the texts as a kernel without rules and sets would take them: sets first, then each text of rules. A later block of
/// a table takes the place of an earlier one if it names a built-in chain, else it is added to it, as with `--noflush`.
/// Nothing when one of them cannot be read; why is then among the diagnostics, with its line.
std::optional<Reading> read(std::span<const Input> inputs, Diagnostics& diagnostics);

}  // namespace portpolicy::iptables
