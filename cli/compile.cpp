#include "cli/compile.h"

#include <algorithm>
#include <array>
#include <expected>
#include <filesystem>
#include <system_error>

#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "cli/exit_code.h"
#include "cli/output_file.h"
#include "cli/usage.h"
#include "cli/version.h"
#include "compiler/registry/registry.h"
#include "compiler/syntax/print.h"

namespace portpolicy::cli::compile {

namespace {

constexpr std::array<std::string_view, 1> targets{"nftables"};
constexpr std::array<std::string_view, 2> later_targets{"iptables", "windows"};
constexpr std::array<std::string_view, 4> stages{"policy", "graph", "filter", "nftables"};

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

/// The exit code if the options make no sense.
std::optional<int> wrong_usage(const Options& options, Io& io) {
  if (!contains(fail_on_choices, options.fail_on)) {
    return bad_choice(io, "compile", "--fail-on", options.fail_on, fail_on_choices);
  }
  if (options.print && !contains(stages, *options.print)) {
    return bad_choice(io, "compile", "--print", *options.print, stages);
  }
  if (!options.target) {
    if (options.print) return std::nullopt;
    return usage_error(io, "compile", "for which target? Targets: nftables");
  }
  if (contains(later_targets, *options.target)) {
    return usage_error(io, "compile", "--target " + *options.target + " is not in this version; targets: nftables");
  }
  if (!contains(targets, *options.target)) return bad_choice(io, "compile", "--target", *options.target, targets);
  return std::nullopt;
}

/// The artifact, or nothing when the target cannot express the policy, which is then among the findings.
std::optional<std::string> nftables_text(Loaded& loaded) {
  const nft::Ruleset ruleset = nft::lower(loaded.compiled.filter, loaded.diagnostics);
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
  return nftables_text(loaded);
}

/// Whether the output would take the place of a file that the policy was read from.
bool is_source(const std::string& output, const SourceMap& sources) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    std::error_code ignored;
    if (std::filesystem::equivalent(output, sources.path(FileId(i)), ignored)) return true;
  }
  return false;
}

int deliver(const std::string& text, const Options& options, const SourceMap& sources, Io& io) {
  if (!options.output || *options.output == "-") {
    io.out << text;
    return exit_done;
  }
  if (is_source(*options.output, sources)) {
    return usage_error(io, "compile", "`" + *options.output + "` is a file of the policy; name another output");
  }
  if (const Result<void> written = write_file(*options.output, text); !written) {
    io.err << "portpolicy: cannot write `" << escaped(*options.output) << "`: " << escaped(written.error().message)
           << '\n';
    return exit_file;
  }
  return exit_done;
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("compile", "Write native firewall rules that say what the policy says");
  cli::add(*command, options.policy);
  command->add_option("--target", options.target, "What to write: nftables")->type_name("TARGET");
  command
      ->add_option("-o,--output", options.output, "The file to write, whole or not at all (default: standard output)")
      ->type_name("FILE");
  command->add_option("--print", options.print, "Show a stage of the work instead")
      ->type_name("policy|graph|filter|nftables");
  command->add_option("--fail-on", options.fail_on, "Write nothing and exit 1 for errors (default) or for warnings too")
      ->type_name("error|warning");
  command->footer(
      "Examples:\n"
      "  portpolicy compile policy.yaml --target nftables -o firewall.nft\n"
      "  portpolicy compile policy.yaml --print=graph\n"
      "\n"
      "Exit codes: 0 done; 1 the policy has errors or the target cannot express it; 2 wrong usage; 3 a file cannot be\n"
      "read or written; 70 internal error. Unless the code is 0 nothing is written.");
}

int run(const Options& options, Io& io) {
  if (const std::optional<int> code = wrong_usage(options, io)) return *code;
  auto loaded = load(options.policy, "compile", Thoroughness::all, io);
  if (!loaded) return loaded.error();
  std::optional<std::string> text;
  if (!loaded->diagnostics.has_errors()) text = result_text(*loaded, options);
  report(loaded->diagnostics.sorted(), loaded->sources, options.policy, io);
  if (fails(loaded->diagnostics, options.fail_on)) return exit_findings;
  return deliver(*text, options, loaded->sources, io);
}

}  // namespace portpolicy::cli::compile
