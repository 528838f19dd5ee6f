#pragma once

#include <string>

#include "compiler/base/result.h"

namespace portpolicy::cli {

/// The drawing as SVG, made by the program `dot` of Graphviz, which is looked for in PATH and run without a shell. The
/// error says what kept it.
Result<std::string> svg_of(const std::string& dot);

}  // namespace portpolicy::cli
