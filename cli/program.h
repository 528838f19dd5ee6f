#pragma once

#include <string>
#include <vector>

#include "cli/io.h"

namespace portpolicy::cli {

/// Runs the command that the arguments (without the program's own name) ask for; the exit code. Does not throw.
int run(std::vector<std::string> arguments, Io& io);

}  // namespace portpolicy::cli
