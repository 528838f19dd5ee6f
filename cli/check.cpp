#include "cli/check.h"

#include <CLI/App.hpp>

#include "cli/choices.h"
#include "cli/exit_code.h"
#include "cli/rule_files.h"
#include "cli/usage.h"
#include "compiler/audit/audit.h"

namespace portpolicy::cli::check {

namespace {

int answer(const Diagnostics& diagnostics, const SourceMap& sources, const Options& options, Io& io) {
  const std::vector<Diagnostic> findings = diagnostics.sorted();
  if (options.format == "json") io.out << render_json(findings, sources);
  else report(findings, sources, options.policy, io);
  return fails(diagnostics, options.fail_on) ? exit_findings : exit_done;
}

/// An option that was given and says nothing of rules of others.
std::optional<std::string_view> option_of_policies(const PolicyOptions& options) {
  if (options.root) return "--root";
  if (options.library) return "--library";
  if (options.at) return "--at";
  return std::nullopt;
}

int check_rules(const Options& options, Io& io) {
  if (options.policy.policy.empty())
    return usage_error(io, "check", "which rules? Name their files, or - for standard input");
  if (const auto option = option_of_policies(options.policy))
    return usage_error(io, "check", std::string(*option) + " is for policies, and --from reads none");
  RuleFiles rules;
  rules.kind = *target_named(*options.from);
  rules.paths = {options.policy.policy};
  rules.paths.insert(rules.paths.end(), options.files.begin(), options.files.end());
  if (options.family) rules.family = *options.family == "ipv4" ? Family::ipv4 : Family::ipv6;
  SourceMap sources;
  Diagnostics diagnostics;
  const auto files = add_files(rules, "check", sources, io);
  if (!files) return files.error();
  if (const auto read = read_rules(rules.kind, *files, rules.family, sources, diagnostics)) {
    audit::name_what_is_not_understood(read->not_understood, diagnostics);
    for (const filter::Remark& chain : read->unused_chains) audit::report_unused_chain(chain, diagnostics);
    audit::audit(read->filter, {.families = read->families, .with_crossing = options.strict}, diagnostics);
  }
  return answer(diagnostics, sources, options, io);
}

int check_policy(const Options& options, Io& io) {
  if (!options.files.empty())
    return usage_error(io, "check",
                       "unexpected argument `" + options.files.front() + "`; several files are for --from");
  if (options.family) return usage_error(io, "check", "--family is for rules that --from reads");
  const auto loaded = load(options.policy, "check", options.strict ? Thoroughness::strict : Thoroughness::all, io);
  if (!loaded) return loaded.error();
  return answer(loaded->diagnostics, loaded->sources, options, io);
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("check", "Find what is wrong with a policy, or with rules of others");
  cli::add(*command, options.policy);
  command->add_option("FILE", options.files, "With --from: more files of these rules")->type_name("");
  command
      ->add_option("--from", options.from,
                   "POLICY is no policy but rules of this kind, whoever wrote them; - is standard input")
      ->type_name(choice_of(targets));
  command->add_option("--family", options.family, "With --from: the family of rules that do not tell it")
      ->type_name("ipv4|ipv6");
  command
      ->add_option("--format", options.format,
                   "Findings as text on standard error (default), or as JSON on standard output")
      ->type_name("text|json");
  command->add_option("--fail-on", options.fail_on, "Exit 1 for errors (default) or for warnings too")
      ->type_name(choice_of(fail_on_choices));
  command->add_flag("--strict", options.strict,
                    "Warn of rules that cross (PP316); otherwise notes, and with --from nothing");
  command->footer(
      "Every finding has its place, a code and what to do; `portpolicy explain-code CODE` says more of it. A policy\n"
      "without findings is answered with silence.\n"
      "\n"
      "With --from the rules are read as they are loaded or listed. What is found are rules that never get a packet, "
      "that\n"
      "change nothing or can match nothing, jumps without effect, chains that nothing leads to, and sensitive services "
      "that\n"
      "the internet reaches. Rules whose conditions are not understood are taken to match perhaps.\n"
      "\n"
      "Examples:\n"
      "  portpolicy check policy.yaml\n"
      "  portpolicy check policy.yaml --format json --fail-on warning\n"
      "  nft list ruleset | portpolicy check --from nftables -\n"
      "  portpolicy check --from iptables rules.v4 rules.v6 ipsets\n"
      "\n"
      "Exit codes: 0 nothing that fails; 1 the policy or the rules have errors; 2 wrong usage; 3 a file cannot be "
      "read;\n"
      "70 internal error");
}

int run(const Options& options, Io& io) {
  return options.from ? check_rules(options, io) : check_policy(options, io);
}

}  // namespace portpolicy::cli::check
