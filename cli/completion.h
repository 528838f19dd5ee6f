#pragma once

#include <string>

#include "cli/command_line.h"
#include "cli/command_line_library.h"
#include "cli/io.h"

namespace portpolicy::cli::completion {

/// The scripts that complete the command line, each for one shell. They need nothing but the shell.
std::string bash(const CommandLine& line);
std::string zsh(const CommandLine& line);
std::string fish(const CommandLine& line);

struct Options {
  std::string shell;
};
void add(CLI::App& program, Options& options);
int run(const CLI::App& program, const Options& options, Io& io);

/// `text` as one word of a POSIX shell, in single quotes.
std::string shell_word(std::string_view text);
/// All parts, a space between them.
std::string joined(const std::vector<std::string>& parts);
/// The names of a command's options that take a value.
std::vector<std::string> names_with_value(const Command& command);

}  // namespace portpolicy::cli::completion
