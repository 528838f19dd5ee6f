#pragma once

#include <expected>
#include <optional>
#include <string>

#include "cli/command_line_library.h"
#include "cli/io.h"
#include "compiler/compile.h"

namespace portpolicy::cli {

/// What every command that reads a policy takes.
struct PolicyOptions {
  std::string policy;
  std::optional<std::string> root;
  std::optional<std::string> library;
  std::optional<std::string> at;
  std::string color = "auto";
  bool quiet = false;
};
void add(CLI::App& command, PolicyOptions& options);

/// A policy with what was found in it, in order.
struct Loaded {
  Compiled compiled;
  SourceMap sources;
  Diagnostics diagnostics;
};

/// Reads, resolves and checks the policy. What keeps it from being read is said on `io.err`; the error is the exit code.
std::expected<Loaded, int> load(const PolicyOptions& options, std::string_view command, Thoroughness thoroughness,
                                Io& io);

/// The findings as text on `io.err`, with `quiet` only the errors.
void report(const std::vector<Diagnostic>& findings, const SourceMap& sources, const PolicyOptions& options, Io& io);

/// `--fail-on error|warning`.
inline constexpr std::array<std::string_view, 2> fail_on_choices{"error", "warning"};
/// Whether findings as they are let the command fail.
bool fails(const Diagnostics& diagnostics, std::string_view fail_on);

}  // namespace portpolicy::cli
