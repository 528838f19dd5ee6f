#include "cli/completion.h"

#include <CLI/App.hpp>

#include "cli/exit_code.h"
#include "cli/usage.h"

namespace portpolicy::cli::completion {

std::string shell_word(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'') result += "'\\''";
    else result += c;
  }
  return result + "'";
}

std::string joined(const std::vector<std::string>& parts) {
  std::string result;
  for (const std::string& part : parts) result += (result.empty() ? "" : " ") + part;
  return result;
}

std::vector<std::string> names_with_value(const Command& command) {
  std::vector<std::string> names;
  for (const Parameter& option : command.options) {
    if (option.value != Value::none) names.insert(names.end(), option.names.begin(), option.names.end());
  }
  return names;
}

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("completion", "Print the script that completes command lines in a shell");
  command->add_option("SHELL", options.shell, "The shell")->type_name("bash|zsh|fish")->required();
  command->footer(
      "The Debian package brings these scripts along. Elsewhere the shell reads them when it starts, as shown below.\n"
      "\n"
      "Examples:\n"
      "  source <(portpolicy completion bash)\n"
      "  portpolicy completion zsh > ~/.zfunc/_portpolicy\n"
      "  portpolicy completion fish > ~/.config/fish/completions/portpolicy.fish\n"
      "\n"
      "Exit codes: 0 done; 2 wrong usage; 70 internal error");
}

int run(const CLI::App& program, const Options& options, Io& io) {
  if (options.shell.empty()) return usage_error(io, "completion", "for which shell? Name bash, zsh or fish");
  const CommandLine line = describe(program, io);
  if (options.shell == "bash") io.out << bash(line);
  else if (options.shell == "zsh") io.out << zsh(line);
  else io.out << fish(line);
  return exit_done;
}

}  // namespace portpolicy::cli::completion
