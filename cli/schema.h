#pragma once

#include "cli/command_line_library.h"
#include "cli/io.h"

namespace portpolicy::cli::schema {

void add(CLI::App& program);
int run(Io& io);

}  // namespace portpolicy::cli::schema
