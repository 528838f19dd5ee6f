#include "cli/check.h"

#include <algorithm>
#include <array>

#include "cli/exit_code.h"
#include "cli/usage.h"

namespace portpolicy::cli::check {

namespace {
constexpr std::array<std::string_view, 2> formats{"text", "json"};
}

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("check", "Find what is wrong with a policy");
  cli::add(*command, options.policy);
  command
      ->add_option("--format", options.format,
                   "Findings as text on standard error (default) or json on standard output")
      ->type_name("text|json");
  command->add_option("--fail-on", options.fail_on, "Exit 1 for errors (default) or for warnings too")
      ->type_name("error|warning");
  command->footer(
      "Examples:\n"
      "  portpolicy check policy.yaml\n"
      "  portpolicy check policy.yaml --format json --fail-on warning\n"
      "\n"
      "Exit codes: 0 nothing that fails; 1 the policy has errors; 2 wrong usage; 3 the policy cannot be read;\n"
      "70 internal error");
}

int run(const Options& options, Io& io) {
  if (std::ranges::find(formats, options.format) == formats.end()) {
    return bad_choice(io, "check", "--format", options.format, formats);
  }
  if (std::ranges::find(fail_on_choices, options.fail_on) == fail_on_choices.end()) {
    return bad_choice(io, "check", "--fail-on", options.fail_on, fail_on_choices);
  }
  const auto loaded = load(options.policy, "check", Thoroughness::all, io);
  if (!loaded) return loaded.error();
  const std::vector<Diagnostic> findings = loaded->diagnostics.sorted();
  if (options.format == "json") io.out << render_json(findings, loaded->sources);
  else report(findings, loaded->sources, options.policy, io);
  return fails(loaded->diagnostics, options.fail_on) ? exit_findings : exit_done;
}

}  // namespace portpolicy::cli::check
