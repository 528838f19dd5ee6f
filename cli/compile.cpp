#include "cli/compile.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <array>
#include <expected>

#include "cli/artifact.h"
#include "cli/choices.h"
#include "cli/deliver.h"
#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/syntax/print.h"

namespace portpolicy::cli::compile {

namespace {

constexpr std::array<std::string_view, 1> targets{"nftables"};
constexpr std::array<std::string_view, 3> shapes{"readable", "fast", "auto"};
constexpr std::array<std::string_view, 4> stages{"policy", "graph", "filter", "nftables"};

nft::Options lowering(const Options& options) {
  nft::Options result;
  result.counters = options.counters;
  if (options.optimize == "readable") result.optimize = nft::Optimize::readable;
  if (options.optimize == "fast") result.optimize = nft::Optimize::fast;
  return result;
}

std::optional<std::string> result_text(Loaded& loaded, const Options& options) {
  if (options.print == "policy") return syntax::print(loaded.compiled.policy);
  if (options.print == "graph") return print(loaded.compiled.graph, loaded.sources);
  if (options.print == "filter") return filter::print(loaded.compiled.filter);
  return nftables_text(loaded, lowering(options));
}

/// Reads the script back and proves that it does with every packet what the policy says. What cannot be proven is said, and
/// the answer is the exit code.
std::optional<int> refuse_unproven(Loaded& loaded, const std::string& script, const Options& options, Io& io) {
  const FileId artifact = loaded.sources.add("the script that was made", script);
  Diagnostics findings;
  const std::optional<nft::Reading> reading = read_back(loaded.sources, artifact, findings);
  const Equality equality = reading
                                ? compare_with_policy(loaded.compiled.graph, *reading, artifact, Kind::script, findings)
                                : Equality::cannot_tell;
  if (equality == Equality::equal) return std::nullopt;
  report(findings.sorted(), loaded.sources, options.policy, io);
  if (equality == Equality::too_complex) return exit_findings;
  io.err << "portpolicy: internal error: the script that was made could not be proven to say what the policy says; "
            "nothing was written\n";
  return exit_internal;
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
  add_output(*command, options.output);
  command
      ->add_option("--print", options.print,
                   "Write what the compiler holds at a stage of its work, instead of the result")
      ->type_name(choice_of(stages));
  command->add_option("--fail-on", options.fail_on, "Write nothing and exit 1 for errors (default) or for warnings too")
      ->type_name(choice_of(fail_on_choices));
  command->footer(
      "What is written is text: nothing is loaded into the firewall of this machine. Its first lines say how to load\n"
      "and to undo it. It has been read back and proven to give every packet the verdict of the policy. Unless the "
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
      "  portpolicy compile policy.yaml --print=graph\n"
      "\n"
      "Exit codes: 0 done; 1 the policy has errors or the target cannot express it; 2 wrong usage; 3 a file cannot be\n"
      "read or written; 70 internal error");
}

int run(const Options& options, Io& io) {
  if (!options.target && !options.print)
    return usage_error(io, "compile", "for which target? Give --target " + choice_of(targets));
  auto loaded =
      load(options.policy, "compile", options.fail_on == "warning" ? Thoroughness::all : Thoroughness::errors, io);
  if (!loaded) return loaded.error();
  std::optional<std::string> text;
  if (!loaded->diagnostics.has_errors()) text = result_text(*loaded, options);
  report(loaded->diagnostics.sorted(), loaded->sources, options.policy, io);
  if (fails(loaded->diagnostics, options.fail_on)) return exit_findings;
  if (!options.print || options.print == "nftables")
    if (const auto code = refuse_unproven(*loaded, *text, options, io)) return *code;
  return deliver(*text, options.output, loaded->sources, "compile", io);
}

}  // namespace portpolicy::cli::compile
