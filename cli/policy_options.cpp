#include "cli/policy_options.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <utility>

#include "cli/exit_code.h"
#include "cli/file_system_reader.h"
#include "cli/usage.h"

namespace portpolicy::cli {

namespace {

Colour colour(const PolicyOptions& options, const Io& io) {
  if (options.color == "auto") return io.colour;
  return options.color == "always" ? Colour::on : Colour::off;
}

std::string reason_of(const FileReader::Failure& failure) {
  if (!failure.reason.empty()) return failure.reason;
  switch (failure.refusal) {
    case FileReader::Refusal::missing:
      return "it does not exist";
    case FileReader::Refusal::unreadable:
      return "it cannot be read";
    case FileReader::Refusal::outside_root:
      return "it is outside the root";
    case FileReader::Refusal::unsafe:
      return "it is not a regular file";
    case FileReader::Refusal::too_large:
      return "it is too large";
  }
  std::unreachable();
}

}  // namespace

void add(CLI::App& command, PolicyOptions& options) {
  command.add_option("POLICY", options.policy, "The policy file")->type_name("")->required();
  command
      .add_option("--root", options.root,
                  "Included files and lists stay inside this folder (default: the git work tree that holds the "
                  "policy, else its folder)")
      ->type_name("DIR");
  command
      .add_option("--library", options.library,
                  "The folder of policies that are included as <name> (default: those that came with the program)")
      ->type_name("DIR");
  command.add_option("--at", options.at, "The day by which `until` is judged (default: today in UTC)")
      ->type_name("YYYY-MM-DD");
  command
      .add_option("--color", options.color, "Coloured messages; auto (default): on a terminal, unless NO_COLOR is set")
      ->type_name("auto|always|never");
  command.add_flag("-q,--quiet", options.quiet, "Show errors only");
}

std::expected<Loaded, int> load(const PolicyOptions& options, std::string_view command, Thoroughness thoroughness,
                                Io& io) {
  if (options.policy.empty()) return std::unexpected(usage_error(io, command, "which policy? Name its file"));
  if (options.policy == "-") {
    return std::unexpected(usage_error(
        io, command, "a policy is read from a file, not from standard input: its includes are relative to it"));
  }
  Host host{io.today};
  if (options.at) {
    const Result<Date> day = parse_date(*options.at);
    if (!day) return std::unexpected(usage_error(io, command, "--at `" + *options.at + "`: " + day.error().message));
    host.today = *day;
  }

  FileSystemReader reader({.root = options.root, .library = options.library.value_or(io.library)});
  Loaded loaded;
  auto compiled = portpolicy::compile(options.policy, reader, host, thoroughness, loaded.sources, loaded.diagnostics);
  if (!compiled) {
    io.err << "portpolicy: cannot read `" << escaped(options.policy) << "`: " << escaped(reason_of(compiled.error()))
           << '\n';
    return std::unexpected(exit_file);
  }
  loaded.compiled = std::move(*compiled);
  return loaded;
}

void report(const std::vector<Diagnostic>& findings, const SourceMap& sources, const PolicyOptions& options, Io& io) {
  std::vector<Diagnostic> shown = findings;
  if (options.quiet)
    std::erase_if(shown, [](const Diagnostic& finding) { return finding.severity != Severity::error; });
  if (shown.empty()) return;
  io.err << render_text(shown, sources, colour(options, io)) << '\n' << summary(shown) << '\n';
}

bool fails(const Diagnostics& diagnostics, std::string_view fail_on) {
  return diagnostics.has_errors() || (fail_on == "warning" && diagnostics.count(Severity::warning) != 0);
}

}  // namespace portpolicy::cli
