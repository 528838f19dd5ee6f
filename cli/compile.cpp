#include "cli/compile.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <expected>

#include "backends/windows/print.h"
#include "cli/artifact.h"
#include "cli/choices.h"
#include "cli/deliver.h"
#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/syntax/print.h"

namespace portpolicy::cli::compile {

namespace {

constexpr std::array<std::string_view, 3> shapes{"readable", "fast", "auto"};
constexpr std::array<std::string_view, 6> stages{"policy", "graph", "filter", "nftables", "iptables", "windows"};

Shape shape_of(const Options& options) {
  Shape shape;
  shape.counters = options.counters;
  shape.skip_unsupported = options.skip_unsupported;
  if (options.optimize == "readable") shape.optimize = backend::Optimize::readable;
  if (options.optimize == "fast") shape.optimize = backend::Optimize::fast;
  return shape;
}

/// A stage of the work that is no artifact.
std::optional<std::string> stage_text(const Loaded& loaded, const std::string& stage) {
  if (stage == "policy") return syntax::print(loaded.compiled.policy);
  if (stage == "graph") return print(loaded.compiled.graph, loaded.sources);
  if (stage == "filter") return filter::print(loaded.compiled.filter);
  return std::nullopt;
}

/// Reads the artifact back and proves that it does with every packet what the policy says. What cannot be proven is said, and
/// the answer is the exit code.
std::optional<int> refuse_unproven(Loaded& loaded, Target target, const Artifact& artifact, const Options& options,
                                   Io& io) {
  Diagnostics findings;
  const Equality equality = prove(loaded, target, artifact, findings);
  if (equality == Equality::equal) return std::nullopt;
  report(findings.sorted(), loaded.sources, options.policy, io);
  if (equality == Equality::too_complex) return exit_findings;
  io.err << "portpolicy: internal error: what was made could not be proven to say what the policy says; nothing was "
            "written\n";
  return exit_internal;
}

/// What is written, without what only loads it.
std::string text_of(const Artifact& artifact, Target target) {
  if (target == Target::windows) return windows::without_program(artifact.front().text);
  std::string text;
  for (const NamedText& file : artifact)
    if (!file.runs) text += (text.empty() ? "" : "\n") + file.text;
  return text;
}

int compile_artifact(Loaded& loaded, Target target, const Options& options, Io& io) {
  std::optional<Artifact> artifact;
  if (!loaded.diagnostics.has_errors()) artifact = make_artifact(loaded, target, shape_of(options));
  report(loaded.diagnostics.sorted(), loaded.sources, options.policy, io);
  if (fails(loaded.diagnostics, options.fail_on)) return exit_findings;
  if (const auto code = refuse_unproven(loaded, target, *artifact, options, io)) return *code;
  if (options.print) return deliver(text_of(*artifact, target), options.output, loaded.sources, "compile", io);
  if (artifact->size() == 1) return deliver(artifact->front().text, options.output, loaded.sources, "compile", io);
  return deliver(*artifact, *options.output, loaded.sources, "compile", io);
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("compile", "Write native firewall rules that say what the policy says");
  cli::add(*command, options.policy);
  command->add_option("--target", options.target, "The kind of firewall to write for")->type_name(choice_of(targets));
  command
      ->add_option(
          "--optimize", options.optimize,
          "What the rules are made for: their reader, the speed of packets, or a reader until it is slow (default: "
          "auto)")
      ->type_name(choice_of(shapes));
  command->add_flag(
      "--counters", options.counters,
      "Count the packets of each rule; rules are then never looked up together, and packets pay for each");
  command->add_flag(
      "--skip-unsupported", options.skip_unsupported,
      "For windows: leave out the rules that it cannot say, and tell which, instead of refusing the policy");
  command
      ->add_option("-o,--output", options.output,
                   "The file to write, whole or not at all (default: standard output); for iptables a folder")
      ->type_name("PATH");
  command
      ->add_option("--print", options.print,
                   "Write what the compiler holds at a stage of its work, instead of the result")
      ->type_name(choice_of(stages));
  command->add_option("--fail-on", options.fail_on, "Write nothing and exit 1 for errors (default) or for warnings too")
      ->type_name(choice_of(fail_on_choices));
  command->footer(
      "What is written is text: nothing is loaded into the firewall of this machine. Its first lines say how to load\n"
      "and to undo it. For iptables it is a folder with rules.v4 and rules.v6, complete tables; ipsets, the lists "
      "that\n"
      "they ask; and load and unload, which put the same chains beside the rules of others, and take them out again. "
      "For\n"
      "windows it is a script for PowerShell 5.1; docs/windows.md says what of a policy Windows Firewall cannot say.\n"
      "It has been read back and proven to give every packet the verdict of the policy. Unless the "
      "exit\n"
      "code is 0 nothing is written.\n"
      "\n"
      "With --optimize=fast, rules of addresses and ports are looked up together in sets and maps, so that a packet "
      "costs\n"
      "about the same for 10 rules and for 10,000; IPv4 and IPv6 have a table each. With --optimize=auto that is done\n"
      "where it saves a packet more than 250 ns, which takes some 35 rules. With --counters each rule keeps a line of "
      "its\n"
      "own, and a packet pays about 7 ns and more for each that it comes to, and 7 ns for the counter of its rule.\n"
      "\n"
      "Examples:\n"
      "  portpolicy compile policy.yaml --target nftables -o firewall.nft\n"
      "  portpolicy compile policy.yaml --target nftables --optimize=readable --counters\n"
      "  portpolicy compile policy.yaml --target iptables -o firewall\n"
      "  portpolicy compile policy.yaml --target windows -o firewall.ps1\n"
      "  portpolicy compile policy.yaml --print=graph\n"
      "\n"
      "Exit codes: 0 done; 1 the policy has errors or the target cannot express it; 2 wrong usage; 3 a file cannot be\n"
      "read or written; 70 internal error");
}

/// An option that was given and says nothing of this target.
std::optional<std::string> misplaced_option(const Options& options, Target target) {
  if (options.skip_unsupported && target != Target::windows) return "--skip-unsupported is for windows";
  if (target != Target::windows) return std::nullopt;
  if (options.counters) return "--counters is for nftables and iptables; Windows Firewall counts nothing";
  if (options.optimize != "auto") return "--optimize is for nftables and iptables";
  return std::nullopt;
}

int run(const Options& options, Io& io) {
  if (!options.target && !options.print)
    return usage_error(io, "compile", "for which target? Give --target " + choice_of(targets));
  const std::optional<Target> target = target_named(options.print.value_or(options.target.value_or("")));
  if (target == Target::iptables && !options.print && (!options.output || *options.output == "-"))
    return usage_error(io, "compile",
                       "for iptables several files are written; name their folder with -o, or look at them with "
                       "--print=iptables");
  if (target)
    if (const auto wrong = misplaced_option(options, *target)) return usage_error(io, "compile", *wrong);
  auto loaded =
      load(options.policy, "compile", options.fail_on == "warning" ? Thoroughness::all : Thoroughness::errors, io);
  if (!loaded) return loaded.error();
  if (target) return compile_artifact(*loaded, *target, options, io);
  report(loaded->diagnostics.sorted(), loaded->sources, options.policy, io);
  if (fails(loaded->diagnostics, options.fail_on)) return exit_findings;
  return deliver(*stage_text(*loaded, *options.print), options.output, loaded->sources, "compile", io);
}

}  // namespace portpolicy::cli::compile
