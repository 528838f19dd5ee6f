#include "cli/program.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <exception>
#include <new>

#include "cli/check.h"
#include "cli/choices.h"
#include "cli/compile.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/explain.h"
#include "cli/explain_code.h"
#include "cli/graph.h"
#include "cli/init.h"
#include "cli/manual.h"
#include "cli/schema.h"
#include "cli/services.h"
#include "cli/test.h"
#include "cli/usage.h"
#include "cli/verify.h"
#include "cli/version.h"

namespace portpolicy::cli {

namespace {

struct AllOptions {
  check::Options check;
  test::Options test;
  compile::Options compile;
  verify::Options verify;
  explain::Options explain;
  graph::Options graph;
  explain_code::Options explain_code;
  init::Options init;
  services::Options services;
  completion::Options completion;
  manual::Options manual;
};

void build(CLI::App& program, AllOptions& options) {
  program.name("portpolicy");
  program.get_formatter()->label("Positionals", "Arguments");
  program.get_formatter()->label("REQUIRED", "");  // the line of usage shows it
  program.get_formatter()->label("SUBCOMMAND", "COMMAND");
  program.set_version_flag("--version", "portpolicy " + std::string(version()), "Show the version");
  init::add(program, options.init);
  check::add(program, options.check);
  test::add(program, options.test);
  compile::add(program, options.compile);
  verify::add(program, options.verify);
  explain::add(program, options.explain);
  graph::add(program, options.graph);
  explain_code::add(program, options.explain_code);
  services::add(program, options.services);
  schema::add(program);
  completion::add(program, options.completion);
  manual::add(program, options.manual);
  program.footer(
      "A policy is a YAML file that says who may reach what on a host; `portpolicy init` writes one to begin with.\n"
      "`portpolicy COMMAND --help` explains a command. Nothing here changes the firewall of this machine: what is\n"
      "written is text.\n"
      "\n"
      "Examples:\n"
      "  portpolicy init server\n"
      "  portpolicy check policy.yaml\n"
      "  portpolicy compile policy.yaml --target nftables -o firewall.nft\n"
      "  portpolicy explain policy.yaml inbound --from 198.51.100.7 --to 192.0.2.1 --service ssh\n"
      "\n"
      "Exit codes: 0 done; 1 the policy has errors; 2 wrong usage; 3 a file cannot be read or written; 4 a part of "
      "the\n"
      "host is missing; 70 internal error");
  // The library would say less: it gives neither suggestions nor our exit codes, and takes a file named like a command
  // for that command. So it lets everything through, and what is left over is judged here.
  program.require_subcommand(0, 1);
  program.allow_extras();
  program.set_help_flag("-h,--help", "Show this help");
  for (CLI::App* command : program.get_subcommands({})) {
    command->allow_extras();
    command->set_help_flag("-h,--help", "Show this help");
    if (!command->get_group().empty()) command->group("Commands");
  }
}

/// The first word that nobody knows, options before others: behind an unknown option its value is left over too.
std::optional<std::string> first_unknown(const CLI::App& app) {
  const std::vector<std::string> words = app.remaining();
  const auto option = std::ranges::find_if(words, [](const std::string& word) { return word.starts_with("-"); });
  if (option != words.end()) return *option;
  return words.empty() ? std::nullopt : std::optional(words.front());
}

int dispatch(const CLI::App& program, const AllOptions& options, Io& io) {
  const std::vector<CLI::App*> commands = program.get_subcommands();
  const CLI::App* command = commands.empty() ? nullptr : commands.front();
  if (const auto word = first_unknown(program)) return usage_error(io, "", unknown_word(program, nullptr, *word));
  if (command == nullptr) {
    io.err << program.help() << '\n';
    return exit_usage;
  }
  const std::string& name = command->get_name();
  if (const auto word = first_unknown(*command)) return usage_error(io, name, unknown_word(program, command, *word));
  if (const auto code = refuse_other_words(*command, io)) return *code;
  if (name == "init") return init::run(options.init, io);
  if (name == "check") return check::run(options.check, io);
  if (name == "test") return test::run(options.test, io);
  if (name == "compile") return compile::run(options.compile, io);
  if (name == "verify") return verify::run(options.verify, io);
  if (name == "explain") return explain::run(options.explain, io);
  if (name == "graph") return graph::run(options.graph, io);
  if (name == "explain-code") return explain_code::run(options.explain_code, io);
  if (name == "services") return services::run(options.services, io);
  if (name == "schema") return schema::run(io);
  if (name == "completion") return completion::run(program, options.completion, io);
  return manual::run(program, options.manual, io);
}

int parse_and_run(std::vector<std::string> arguments, Io& io) {
  CLI::App program("Compiles firewall policies: checks them, explains them, and writes native firewall rules");
  AllOptions options;
  build(program, options);
  std::ranges::reverse(arguments);  // as the library wants them
  try {
    program.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    const std::vector<CLI::App*> commands = program.get_subcommands();
    io.out << (commands.empty() ? program.help() : commands.front()->help(program.get_name())) << '\n';
    return exit_done;
  } catch (const CLI::CallForVersion& call) {
    io.out << call.what() << '\n';
    return exit_done;
  } catch (const CLI::RequiredError&) {
    // The command says what is missing, after what nobody knows has been found.
  } catch (const CLI::ParseError& problem) {
    const std::vector<CLI::App*> commands = program.get_subcommands();
    return usage_error(io, commands.empty() ? "" : commands.front()->get_name(), problem.what());
  }
  return dispatch(program, options, io);
}

}  // namespace

int run(std::vector<std::string> arguments, Io& io) {
  try {
    return parse_and_run(std::move(arguments), io);
  } catch (const std::bad_alloc&) {
    io.err << "portpolicy: out of memory\n";
  } catch (const std::exception& problem) {
    io.err << "portpolicy: internal error: " << escaped(problem.what()) << '\n';
  }
  return exit_internal;
}

}  // namespace portpolicy::cli
