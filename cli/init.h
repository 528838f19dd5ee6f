#pragma once

#include <string>

#include "cli/command_line_library.h"
#include "cli/io.h"

namespace portpolicy::cli::init {

struct Options {
  std::string role;  ///< empty: which roles there are
  std::string output = "policy.yaml";
  bool force = false;
  bool list = false;
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::init
