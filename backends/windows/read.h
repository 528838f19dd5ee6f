#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/remark.h"

/// Rules of Windows Defender Firewall, read into a filter. Windows knows no order: an allow that overrides blocks beats a
/// block, a block beats an allow, and an allow beats the default. So each chain has them in this order.
namespace portpolicy::windows {

/// What rules do to packets that open a connection.
struct Reading {
  /// Origins are the rules by their display names, at the place of that name. There is no hook for forwarding.
  filter::Filter filter;
  /// By Direction: whether the rules are for packets of it.
  std::array<bool, 3> managed{};
  /// What is not understood, in the order of the text. In the filter each is an opaque condition, so that nothing is taken
  /// for granted.
  std::vector<filter::Remark> not_understood;
  /// False of a script whose program this version did not write: what it does with its rules is anybody's guess, so that
  /// nobody may call it equal to a policy. It is among what is not understood too.
  bool known_program = true;
};

/// Whether the text is meant as a script rather than as an export, be it in whatever encoding.
bool is_script(std::string_view text);

/// Reads a script that `compile` wrote. Nothing when it cannot be read; why is then among the diagnostics, with its line.
std::optional<Reading> read_script(std::string_view text, FileId file, Diagnostics& diagnostics);

/// Reads what packaging/windows/Export-Rules.ps1 prints of a machine, as JSON. Rules that are not enabled are left out.
std::optional<Reading> read_export(std::string_view text, FileId file, Diagnostics& diagnostics);

}  // namespace portpolicy::windows
