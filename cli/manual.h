#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cli/command_line.h"
#include "cli/command_line_library.h"
#include "cli/io.h"

/// The pages of the manual, and the hidden command that writes them and the completions as an installation has them.
namespace portpolicy::cli::manual {

/// Every page by its file name, `portpolicy-check.1`, as roff.
std::vector<std::pair<std::string, std::string>> pages(const CommandLine& line);

struct Options {
  std::string folder;  ///< to write below, laid out as `share` of an installation is
};
void add(CLI::App& program, Options& options);
int run(const CLI::App& program, const Options& options, Io& io);

}  // namespace portpolicy::cli::manual
