#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::check {

struct Options {
  PolicyOptions policy;
  std::vector<std::string> files;     ///< with `from`: more of them
  std::optional<std::string> from;    ///< the files are rules of this kind, and no policy
  std::optional<std::string> family;  ///< of rules that do not say it
  std::string format = "text";
  std::string fail_on = "error";
  bool strict = false;
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::check
