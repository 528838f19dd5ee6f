#include "cli/verify.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>

#include "cli/artifact.h"
#include "cli/bounds_text.h"
#include "cli/choices.h"
#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/diagnostics/finding_json.h"

namespace portpolicy::cli::verify {

namespace {

constexpr std::array<std::string_view, 1> targets{"nftables"};

/// The whole of a file, or of standard input for `-`. What is wrong with it is said; the error is the exit code.
std::expected<std::string, int> text_of(const std::string& path, Io& io) {
  const auto all = [](std::istream& in) { return std::string(std::istreambuf_iterator<char>(in), {}); };
  if (path == "-") return all(io.in);
  std::ifstream file(path, std::ios::binary);
  if (file.is_open()) file.peek();
  if (!file.is_open() || file.bad()) {
    io.err << "portpolicy: cannot read `" << escaped(path) << "`: " << escaped(std::generic_category().message(errno))
           << '\n';
    return std::unexpected(exit_file);
  }
  file.clear();
  return all(file);
}

struct Answer {
  Equality equality = Equality::cannot_tell;
  std::optional<nft::Reading> reading;
};

Answer compare(Loaded& loaded, std::string text, const Options& options) {
  const std::string path = !options.file ? "what compile writes" : *options.file == "-" ? "<stdin>" : *options.file;
  const FileId artifact = loaded.sources.add(path, std::move(text));
  loaded.diagnostics = {};  // what the policy's own text deserves is for `check` to tell
  Answer answer{Equality::cannot_tell, read_back(loaded.sources, artifact, loaded.diagnostics)};
  if (answer.reading)
    answer.equality = compare_with_policy(loaded.compiled.graph, *answer.reading, artifact,
                                          options.listing ? Kind::listing : Kind::script, loaded.diagnostics);
  return answer;
}

std::string sentence(const Options& options, Equality equality) {
  const std::string name = options.file ? "`" + escaped(*options.file) + "`" : "what compile writes";
  switch (equality) {
    case Equality::equal:
      return name + " is equal: every packet gets the verdict of the policy";
    case Equality::different:
      return name + " is different: it does not do what the policy says";
    case Equality::cannot_tell:
    case Equality::too_complex:
      return "cannot tell whether " + name + " does what the policy says";
  }
  std::unreachable();
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command =
      program.add_subcommand("verify", "Prove that native rules do what a policy says, or show where not");
  cli::add(*command, options.policy);
  command->add_option("FILE", options.file, "The rules: a script, or - (default: what compile would write)")
      ->type_name("");
  command->add_option("--target", options.target, "The kind of firewall that the rules are for")
      ->type_name(choice_of(targets));
  command->add_flag("--listing", options.listing,
                    "The file is what `nft list ruleset` printed, and not a script that replaces older rules");
  command
      ->add_option("--format", options.format,
                   "Findings as text on standard error (default), or all as JSON on standard output")
      ->type_name("text|json");
  command->footer(
      "The rules are read, whoever wrote them, and compared with the policy for every packet, with limits that hold\n"
      "and limits that are exhausted. What differs is shown with a packet and the rule on each side. What is not\n"
      "understood is named, and the answer is `cannot tell` where that may make a difference.\n"
      "\n"
      "Examples:\n"
      "  portpolicy verify policy.yaml --target nftables firewall.nft\n"
      "  nft list ruleset | portpolicy verify policy.yaml --target nftables --listing -\n"
      "\n"
      "Exit codes: 0 equal; 1 different, or it cannot be told, or the policy has errors; 2 wrong usage; 3 a file "
      "cannot\n"
      "be read; 70 internal error");
}

int run(const Options& options, Io& io) {
  if (!options.target) return usage_error(io, "verify", "rules for which target? Give --target " + choice_of(targets));
  auto loaded = load(options.policy, "verify", Thoroughness::errors, io);
  if (!loaded) return loaded.error();
  std::optional<std::string> text;
  if (options.file) {
    auto read = text_of(*options.file, io);
    if (!read) return read.error();
    text = *std::move(read);
  } else if (!loaded->diagnostics.has_errors()) {
    text = nftables_text(*loaded);
  }
  Answer answer;
  if (!loaded->diagnostics.has_errors()) answer = compare(*loaded, *std::move(text), options);
  const std::vector<Diagnostic> findings = loaded->diagnostics.sorted();
  if (options.format == "json") {
    io.out << dump({{"format_version", 1},
                    {"result", to_string(answer.equality)},
                    {"findings", to_json(findings, loaded->sources)}});
  } else {
    report(findings, loaded->sources, options.policy, io);
    io.out << sentence(options, answer.equality) << '\n';
    if (answer.equality == Equality::cannot_tell && answer.reading)
      io.out << bounds_text(answer.reading->filter, SetWords(loaded->compiled.graph, loaded->compiled.policy));
  }
  return answer.equality == Equality::equal ? exit_done : exit_findings;
}

}  // namespace portpolicy::cli::verify
