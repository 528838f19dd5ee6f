#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/command_line_library.h"
#include "cli/io.h"

namespace portpolicy::cli {

/// Says what is wrong with the command line and where help is; the exit code for it. `command` may be empty.
int usage_error(Io& io, std::string_view command, std::string_view message);

/// The option `option` was given `value`, which is none of `choices`.
int bad_choice(Io& io, std::string_view command, std::string_view option, std::string_view value,
               std::span<const std::string_view> choices);

/// What is wrong with words of the command line that neither the program nor the command knows.
std::string unknown_word(const CLI::App& program, const CLI::App* command, const std::string& word);

}  // namespace portpolicy::cli
