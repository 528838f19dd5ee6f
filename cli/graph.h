#pragma once

#include <optional>
#include <string>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::graph {

struct Options {
  PolicyOptions policy;
  std::string format = "dot";
  std::optional<std::string> output;     ///< else standard output
  std::optional<std::string> direction;  ///< else all
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::graph
