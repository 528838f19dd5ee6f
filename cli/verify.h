#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::verify {

struct Options {
  PolicyOptions policy;
  std::vector<std::string> files;  ///< none: what `compile` would write
  std::optional<std::string> target;
  std::optional<std::string> family;  ///< of rules that do not tell it
  bool listing = false;               ///< the file is what `nft list` printed
  bool kernel = false;                ///< ask the kernel too
  bool skip_unsupported = false;      ///< the script was compiled so
  std::string format = "text";
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::verify
