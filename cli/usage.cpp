#include "cli/usage.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <vector>

#include "cli/exit_code.h"
#include "compiler/base/words.h"
#include "compiler/diagnostics/render.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::cli {

namespace {

std::string with_suggestion(std::string message, std::string_view word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string meant = did_you_mean(word, candidates);
  if (!meant.empty()) message += "; " + meant;
  return message;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> command_names(const CLI::App& program) {
  std::vector<std::string> names;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

}  // namespace

int usage_error(Io& io, std::string_view command, std::string_view message) {
  const std::string name = command.empty() ? "portpolicy" : "portpolicy " + std::string(command);
  io.err << name << ": " << escaped(message) << "\nRun `" << name << " --help` for how it is used.\n";
  return exit_usage;
}

int bad_choice(Io& io, std::string_view command, std::string_view option, std::string_view value,
               std::span<const std::string_view> choices) {
  const std::string message =
      std::string(option) + " takes " + joined(choices, "or") + ", not `" + std::string(value) + "`";
  return usage_error(io, command, with_suggestion(message, value, {choices.begin(), choices.end()}));
}

std::string unknown_word(const CLI::App& program, const CLI::App* command, const std::string& word) {
  if (word.starts_with("-")) {
    const std::string name = word.substr(0, word.find('='));
    return with_suggestion("unknown option `" + name + "`", name, option_names(command ? *command : program));
  }
  if (command != nullptr) return "unexpected argument `" + word + "`";
  return with_suggestion("unknown command `" + word + "`", word, command_names(program));
}

}  // namespace portpolicy::cli
