#include "cli/test.h"

#include <CLI/App.hpp>
#include <algorithm>

#include "cli/choices.h"
#include "cli/exit_code.h"
#include "cli/judgement.h"
#include "cli/junit.h"

namespace portpolicy::cli::test {

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("test", "Prove the tests and claims of a policy");
  cli::add(*command, options.policy);
  command
      ->add_option(
          "--format", options.format,
          "On standard output how many hold (text, the default), or all of them as JSON or as the XML of JUnit")
      ->type_name("text|json|junit");
  command->add_option("--fail-on", options.fail_on, "Exit 1 for errors (default) or for warnings about tests too")
      ->type_name(choice_of(fail_on_choices));
  command->footer(
      "What is proven are the entries of `tests`, and the claims of `management` and `only-from`, each for every\n"
      "packet that it describes. What fails is shown on standard error, with a packet and the rule that decides it;\n"
      "with --format json it is among the findings. `check` proves them too, and is silent when they hold. Of a\n"
      "policy that cannot be read, or that has conflicts, no test is judged.\n"
      "\n"
      "Examples:\n"
      "  portpolicy test policy.yaml\n"
      "  portpolicy test policy.yaml --format junit > report.xml\n"
      "\n"
      "Exit codes: 0 all hold; 1 one does not hold or cannot be decided, or the policy has other errors; 2 wrong\n"
      "usage; 3 the policy cannot be read; 70 internal error");
}

int run(const Options& options, Io& io) {
  const auto loaded = load(options.policy, "test", Thoroughness::errors, io);
  if (!loaded) return loaded.error();
  const std::vector<Diagnostic> findings = findings_for_tests(*loaded);
  const Judgement judgement = judgement_of(*loaded, findings);
  if (options.format != "json") report(findings, loaded->sources, options.policy, io);
  if (options.format == "json") io.out << json(judgement, findings, loaded->sources);
  else if (options.format == "junit") io.out << junit(judgement, findings, loaded->sources);
  else io.out << summary(judgement) << '\n';
  const bool warned = std::ranges::count(findings, Severity::warning, &Diagnostic::severity) != 0;
  const bool failed = loaded->diagnostics.has_errors() || (options.fail_on == "warning" && warned);
  return failed ? exit_findings : exit_done;
}

}  // namespace portpolicy::cli::test
