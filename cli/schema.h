#pragma once

#include <CLI/App.hpp>

#include "cli/io.h"

namespace portpolicy::cli::schema {

void add(CLI::App& program);
int run(Io& io);

}  // namespace portpolicy::cli::schema
