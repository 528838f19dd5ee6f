#include "cli/init.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <vector>

#include "cli/exit_code.h"
#include "cli/output_file.h"
#include "cli/starters.h"
#include "cli/usage.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::cli::init {

namespace {

std::string list(const std::vector<Starter>& starters) {
  std::size_t widest = 0;
  for (const Starter& starter : starters) widest = std::max(widest, starter.role.size());
  std::string text;
  for (const Starter& starter : starters) {
    text += starter.role + std::string(widest - starter.role.size() + 2, ' ') + starter.summary + '\n';
  }
  return text;
}

int unknown_role(const std::string& role, const std::vector<Starter>& starters, Io& io) {
  std::vector<std::string_view> roles;
  roles.reserve(starters.size());
  for (const Starter& starter : starters) roles.push_back(starter.role);
  const std::string meant = did_you_mean(role, roles);
  return usage_error(io, "init",
                     "there is no role `" + role + "`; " +
                         (meant.empty() ? "`portpolicy init --list` names those that there are" : meant));
}

int cannot_write(const std::string& output, const std::string& reason, Io& io) {
  io.err << "portpolicy: cannot write `" << escaped(output) << "`: " << escaped(reason) << '\n';
  return exit_file;
}

int deliver(const Starter& starter, const Options& options, Io& io) {
  if (options.output == "-") {
    io.out << starter.text;
    return exit_done;
  }
  if (options.force) {
    const Result<void> written = write_file(options.output, starter.text);
    if (!written) return cannot_write(options.output, written.error().message, io);
  } else {
    const Result<bool> written = write_new_file(options.output, starter.text);
    if (!written) return cannot_write(options.output, written.error().message, io);
    if (!*written) {
      return cannot_write(options.output, "it exists already; name another file with -o, or give --force to replace it",
                          io);
    }
  }
  io.err << "Wrote `" << escaped(options.output)
         << "`. Read it and change what does not fit this host; then check it:\n"
         << "  portpolicy check " << escaped(options.output) << '\n';
  return exit_done;
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("init", "Write a policy to begin with, for a host of a given role");
  command->add_option("ROLE", options.role, "What the host is for; without it the roles are listed")->type_name("");
  command
      ->add_option("-o,--output", options.output, "The file to write, or - for standard output (default: policy.yaml)")
      ->type_name("FILE");
  command->add_flag("--force", options.force, "Replace the file if it exists");
  command->add_flag("--list", options.list, "List the roles");
  command->footer(
      "The file is a complete policy with comments that say what to change. Nothing is asked, and a file that exists\n"
      "is left as it is.\n"
      "\n"
      "Examples:\n"
      "  portpolicy init --list\n"
      "  portpolicy init server\n"
      "  portpolicy init server -o hosts/mail1.yaml\n"
      "\n"
      "Exit codes: 0 done; 2 wrong usage, or no such role; 3 the file exists or cannot be written; 70 internal error");
}

int run(const Options& options, Io& io) {
  const Result<std::vector<Starter>> starters = read_starters(io.starters);
  if (!starters) {
    io.err << "portpolicy: " << escaped(starters.error().message) << '\n';
    return exit_file;
  }
  if (options.list) {
    io.out << list(*starters);
    return exit_done;
  }
  if (options.role.empty()) {
    const int code = usage_error(io, "init", "for which role?");
    io.err << '\n' << list(*starters);
    return code;
  }
  const auto starter = std::ranges::find(*starters, options.role, &Starter::role);
  return starter == starters->end() ? unknown_role(options.role, *starters, io) : deliver(*starter, options, io);
}

}  // namespace portpolicy::cli::init
