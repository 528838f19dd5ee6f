#include "cli/verify.h"

#include <CLI/App.hpp>
#include <expected>
#include <nlohmann/json.hpp>

#include "cli/artifact.h"
#include "cli/bounds_text.h"
#include "cli/choices.h"
#include "cli/exit_code.h"
#include "cli/rule_files.h"
#include "cli/usage.h"
#include "compiler/base/words.h"
#include "compiler/diagnostics/finding_json.h"
#include "host/nftables/ask.h"

namespace portpolicy::cli::verify {

namespace {

/// What asking the kernel came to. Without an equality it was not asked, or refused the script.
struct KernelAnswer {
  std::optional<Equality> equality;
  bool refused = false;
  std::string why{};

  std::string_view word() const { return equality ? to_string(*equality) : refused ? "refused" : "skipped"; }
};

struct Answer {
  Equality equality = Equality::cannot_tell;
  std::optional<ForeignRules> rules;
  std::optional<KernelAnswer> kernel;
  bool left_out = false;  ///< a part of the policy, so that nothing is said of it

  int exit_code() const {
    if (equality != Equality::equal || (kernel && kernel->refused)) return exit_findings;
    if (!kernel) return exit_done;
    if (!kernel->equality) return exit_host;
    return *kernel->equality == Equality::equal ? exit_done : exit_findings;
  }
};

KernelAnswer ask_kernel(Loaded& loaded, FileId artifact) {
  const auto asked = host::ask_kernel(loaded.sources.text(artifact));
  if (!asked) {
    const bool refused = asked.error().why == host::NotAsked::Why::refused;
    return {std::nullopt, refused, asked.error().message};
  }
  for (const std::string& part : asked->not_understood)
    loaded.diagnostics.add(Code::not_understood, Span{artifact}, "in the kernel: " + part + " is not understood");
  const Equality equality = compare_with_policy(loaded.compiled.graph, asked->filter, std::nullopt, loaded.diagnostics);
  // Nothing is known of the whole while a part is not understood.
  const bool known = asked->not_understood.empty() || equality == Equality::different;
  return {known ? equality : Equality::cannot_tell};
}

Answer compare(Loaded& loaded, Target target, const std::vector<FileId>& files, const Options& options) {
  // What the policy's own text deserves is for `check` to tell, but not what has no part in the comparison.
  loaded.diagnostics.take_out([](const Diagnostic& finding) { return finding.code != Code::left_out; });
  Answer answer;
  answer.left_out = loaded.diagnostics.count(Severity::warning) != 0;
  std::optional<Family> family;
  if (options.family) family = *options.family == "ipv4" ? Family::ipv4 : Family::ipv6;
  answer.rules = read_rules(target, files, family, loaded.sources, loaded.diagnostics);
  if (answer.rules)
    answer.equality = compare_with_policy(loaded.compiled.graph, *answer.rules,
                                          options.listing ? Kind::listing : Kind::script, loaded.diagnostics);
  if (options.kernel) answer.kernel = ask_kernel(loaded, files.front());
  return answer;
}

/// `every packet`, of one family where only its rules were read.
std::string packets_of(const std::optional<ForeignRules>& rules) {
  if (rules && rules->kind == Target::windows) return "every packet that Windows Firewall judges";
  if (!rules || rules->families == filter::both_families) return "every packet";
  return "every " + std::string(to_string(rules->families == filter::bit(Family::ipv4) ? Family::ipv4 : Family::ipv6)) +
         " packet";
}

std::string sentence(const Answer& answer, const Options& options) {
  std::vector<std::string> names;
  for (const std::string& file : options.files) names.push_back("`" + escaped(file) + "`");
  const std::string name = names.empty() ? "what compile writes" : joined(names, "and");
  switch (answer.equality) {
    case Equality::equal:
      return name + (names.size() > 1 ? " are" : " is") + " equal: " + packets_of(answer.rules) +
             " gets the verdict of the policy" + (answer.left_out ? " without what is left out" : "");
    case Equality::different:
      return name + (names.size() > 1 ? " are different: they do" : " is different: it does") +
             " not do what the policy says";
    case Equality::cannot_tell:
    case Equality::too_complex:
      return "cannot tell whether " + name + (names.size() > 1 ? " do" : " does") + " what the policy says";
  }
  std::unreachable();
}

std::string text_of(const Answer& answer, const Options& options, const Loaded& loaded) {
  std::string text = sentence(answer, options) + "\n";
  if (answer.equality == Equality::cannot_tell && answer.rules)
    text += bounds_text(answer.rules->filter, SetWords(loaded.compiled.graph, loaded.compiled.policy));
  if (!answer.kernel) return text;
  text += "the kernel: " + std::string(answer.kernel->word());
  return text + (answer.kernel->why.empty() ? "" : ", " + escaped(answer.kernel->why)) + "\n";
}

std::string json(const Answer& answer, const std::vector<Diagnostic>& findings, const SourceMap& sources) {
  nlohmann::ordered_json object = {{"format_version", 1}, {"result", to_string(answer.equality)}};
  if (answer.kernel) {
    object["kernel"] = answer.kernel->word();
    if (!answer.kernel->why.empty()) object["kernel_reason"] = answer.kernel->why;
  }
  object["findings"] = to_json(findings, sources);
  return dump(object);
}

std::optional<std::string_view> option_of_nftables(const Options& options) {
  if (options.listing) return "--listing";
  if (options.kernel) return "--kernel";
  return std::nullopt;
}

/// The files of rules, or what `compile` would write. Nothing when the policy cannot be compiled.
std::expected<std::optional<std::vector<FileId>>, int> files_of(Loaded& loaded, Target target, const Options& options,
                                                                Io& io) {
  std::expected<std::vector<FileId>, int> files;
  if (!options.files.empty()) {
    files = add_files({target, options.files, std::nullopt}, "verify", loaded.sources, io);
    if (!files) return std::unexpected(files.error());
  }
  if (loaded.diagnostics.has_errors()) return std::nullopt;
  // What Windows cannot say has no part in a comparison, so it has to be known.
  if (!options.files.empty() && target != Target::windows) return *files;
  Shape shape;
  shape.skip_unsupported = options.skip_unsupported;
  const std::optional<Artifact> artifact = make_artifact(loaded, target, shape);
  if (!artifact) return std::nullopt;
  return options.files.empty() ? add_sources(*artifact, loaded.sources) : *files;
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command =
      program.add_subcommand("verify", "Prove that native rules do what a policy says, or show where not");
  cli::add(*command, options.policy);
  command
      ->add_option("FILE", options.files,
                   "The rules: a script; for iptables the folder that compile wrote, or files of rules and sets; or - "
                   "(default: what compile would write)")
      ->type_name("");
  command->add_option("--target", options.target, "The kind of firewall that the rules are for")
      ->type_name(choice_of(targets));
  command->add_flag("--listing", options.listing,
                    "The file is what `nft list ruleset` printed, and not a script that replaces older rules");
  command->add_option("--family", options.family, "The family of rules for iptables that do not tell it")
      ->type_name("ipv4|ipv6");
  command->add_flag("--kernel", options.kernel,
                    "Load the script into a network namespace of its own too, and compare what the kernel then holds");
  command->add_flag("--skip-unsupported", options.skip_unsupported,
                    "For windows: the script was compiled with --skip-unsupported");
  command
      ->add_option("--format", options.format,
                   "Findings as text on standard error (default), or all as JSON on standard output")
      ->type_name("text|json");
  command->footer(
      "The rules are read, whoever wrote them, and compared with the policy for every packet, with limits that hold\n"
      "and limits that are exhausted. What differs is shown with a packet and the rule on each side. What is not\n"
      "understood is named, and the answer is `cannot tell` where that may make a difference.\n"
      "\n"
      "With --kernel a second reader, which shares nothing with the first, asks the kernel of this machine: the script "
      "is\n"
      "loaded into a network namespace that vanishes at once, and what the kernel holds there is compared, expression "
      "by\n"
      "expression. The rules in force are not touched. It needs nft, and root or user namespaces for all; without root "
      "a\n"
      "script may have about 200 KB. Where the kernel cannot be asked the answer is `skipped`, and never `equal`.\n"
      "\n"
      "Examples:\n"
      "  portpolicy verify policy.yaml --target nftables firewall.nft\n"
      "  nft list ruleset | portpolicy verify policy.yaml --target nftables --listing -\n"
      "  portpolicy verify policy.yaml --target nftables --kernel\n"
      "  ip6tables-save | portpolicy verify policy.yaml --target iptables -\n"
      "  portpolicy verify policy.yaml --target windows firewall.ps1\n"
      "\n"
      "Exit codes: 0 equal; 1 different, or it cannot be told, or the policy has errors; 2 wrong usage; 3 a file "
      "cannot\n"
      "be read; 70 internal error");
}

int run(const Options& options, Io& io) {
  if (!options.target) return usage_error(io, "verify", "rules for which target? Give --target " + choice_of(targets));
  const Target target = *target_named(*options.target);
  if (const auto option = option_of_nftables(options); option && target != Target::nftables)
    return usage_error(io, "verify", std::string(*option) + " is for nftables");
  if (options.family && target != Target::iptables)
    return usage_error(io, "verify",
                       "--family is for iptables; what is for " + std::string(to_string(target)) + " tells it");
  if (options.skip_unsupported && target != Target::windows)
    return usage_error(io, "verify", "--skip-unsupported is for windows");
  auto loaded = load(options.policy, "verify", Thoroughness::errors, io);
  if (!loaded) return loaded.error();
  const auto files = files_of(*loaded, target, options, io);
  if (!files) return files.error();
  Answer answer;
  if (*files && !loaded->diagnostics.has_errors()) answer = compare(*loaded, target, **files, options);
  const std::vector<Diagnostic> findings = loaded->diagnostics.sorted();
  if (options.format == "json") {
    io.out << json(answer, findings, loaded->sources);
  } else {
    report(findings, loaded->sources, options.policy, io);
    io.out << text_of(answer, options, *loaded);
  }
  return answer.exit_code();
}

}  // namespace portpolicy::cli::verify
