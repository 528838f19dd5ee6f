#pragma once

#include <string>

#include "cli/command_line_library.h"
#include "cli/io.h"

namespace portpolicy::cli::services {

struct Options {
  std::string wanted;  ///< empty: all well-known services
  bool search = false;
  std::string format = "text";
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::services
