#include "cli/compile.h"

#include <algorithm>
#include <array>
#include <expected>

#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "cli/choices.h"
#include "cli/deliver.h"
#include "cli/exit_code.h"
#include "cli/usage.h"
#include "cli/version.h"
#include "compiler/registry/registry.h"
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

/// The artifact, or nothing when the target cannot express the policy, which is then among the findings.
std::optional<std::string> nftables_text(Loaded& loaded, const Options& options) {
  const nft::Ruleset ruleset = nft::lower(loaded.compiled.filter, lowering(options), loaded.diagnostics);
  if (loaded.diagnostics.has_errors()) return std::nullopt;
  return nft::print(ruleset, {.version = std::string(version()),
                              .policy = loaded.compiled.policy.files.front().title,
                              .revision = revision(loaded.sources),
                              .registry = registry::version()});
}

std::optional<std::string> result_text(Loaded& loaded, const Options& options) {
  if (options.print == "policy") return syntax::print(loaded.compiled.policy);
  if (options.print == "graph") return print(loaded.compiled.graph, loaded.sources);
  if (options.print == "filter") return filter::print(loaded.compiled.filter);
  return nftables_text(loaded, options);
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
      "and to undo it. Unless the exit code is 0 nothing is written.\n"
      "\n"
      "With --optimize=fast, rules of addresses and ports are looked up together in sets and maps, so that a packet "
      "costs\n"
      "about the same for 10 rules and for 10,000; IPv4 and IPv6 have a table each. With --optimize=auto that is done\n"
      "where it saves a packet more than 250 ns, which takes some 40 rules. With --counters each rule keeps a line of "
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
  return deliver(*text, options.output, loaded->sources, "compile", io);
}

}  // namespace portpolicy::cli::compile
