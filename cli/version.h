#pragma once

#include <string_view>

namespace portpolicy::cli {

/// Of the program, as `portpolicy --version` and the headers of artifacts say it.
std::string_view version();

}  // namespace portpolicy::cli
