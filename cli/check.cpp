#include "cli/check.h"

#include <CLI/App.hpp>

#include "cli/choices.h"
#include "cli/exit_code.h"

namespace portpolicy::cli::check {

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("check", "Find what is wrong with a policy");
  cli::add(*command, options.policy);
  command
      ->add_option("--format", options.format,
                   "Findings as text on standard error (default), or as JSON on standard output")
      ->type_name("text|json");
  command->add_option("--fail-on", options.fail_on, "Exit 1 for errors (default) or for warnings too")
      ->type_name(choice_of(fail_on_choices));
  command->add_flag("--strict", options.strict, "Warn of rules that cross (PP316), which are notes otherwise");
  command->footer(
      "Every finding has its place, a code and what to do; `portpolicy explain-code CODE` says more of it. A policy\n"
      "without findings is answered with silence.\n"
      "\n"
      "Examples:\n"
      "  portpolicy check policy.yaml\n"
      "  portpolicy check policy.yaml --format json --fail-on warning\n"
      "\n"
      "Exit codes: 0 nothing that fails; 1 the policy has errors; 2 wrong usage; 3 the policy cannot be read;\n"
      "70 internal error");
}

int run(const Options& options, Io& io) {
  const auto loaded = load(options.policy, "check", options.strict ? Thoroughness::strict : Thoroughness::all, io);
  if (!loaded) return loaded.error();
  const std::vector<Diagnostic> findings = loaded->diagnostics.sorted();
  if (options.format == "json") io.out << render_json(findings, loaded->sources);
  else report(findings, loaded->sources, options.policy, io);
  return fails(loaded->diagnostics, options.fail_on) ? exit_findings : exit_done;
}

}  // namespace portpolicy::cli::check
