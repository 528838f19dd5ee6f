#pragma once

#include <string>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::check {

struct Options {
  PolicyOptions policy;
  std::string format = "text";
  std::string fail_on = "error";
  bool strict = false;
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::check
