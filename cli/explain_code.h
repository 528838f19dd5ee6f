#pragma once

#include <string>

#include "cli/command_line_library.h"
#include "cli/io.h"

namespace portpolicy::cli::explain_code {

struct Options {
  std::string code;  ///< empty: all
  std::string format = "text";
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::explain_code
