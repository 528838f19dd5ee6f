#pragma once

#include <optional>
#include <string>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::compile {

struct Options {
  PolicyOptions policy;
  std::optional<std::string> target;
  std::string optimize = "auto";
  bool counters = false;
  bool skip_unsupported = false;
  std::optional<std::string> output;  ///< else standard output
  std::optional<std::string> print;   ///< a stage instead of the artifact
  std::string fail_on = "error";
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::compile
