#pragma once

#include <string>

#include "backends/common/header.h"
#include "backends/windows/model.h"

namespace portpolicy::windows {

/// The script for PowerShell 5.1: in ASCII, with CRLF, and the same bytes for the same policy. No text of the policy stands
/// in it but as a literal between single quotes or in a comment line.
std::string print(const Ruleset& rules, const backend::Header& header);

}  // namespace portpolicy::windows
