#pragma once

#include <string>
#include <string_view>

#include "backends/common/header.h"
#include "backends/windows/model.h"

namespace portpolicy::windows {

/// The script for PowerShell 5.1: in ASCII, with CRLF, and the same bytes for the same policy. No text of the policy stands
/// in it but as a literal between single quotes or in a comment line.
std::string print(const Ruleset& rules, const backend::Header& header);

/// The header and the policy of a script without its program, with LF, for people.
std::string without_program(std::string_view script);

}  // namespace portpolicy::windows
