#pragma once

#include <optional>
#include <string>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::verify {

struct Options {
  PolicyOptions policy;
  std::optional<std::string> file;  ///< else what `compile` would write
  std::optional<std::string> target;
  bool listing = false;  ///< the file is what `nft list` printed
  bool kernel = false;   ///< ask the kernel too
  std::string format = "text";
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::verify
