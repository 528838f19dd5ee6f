#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"

namespace portpolicy::cli {

/// A policy to begin with. Which roles there are is said by the files in the folder and by nothing else.
struct Starter {
  std::string role;     ///< `web` of web.yaml
  std::string summary;  ///< its first line, a comment
  std::string text;
};

/// All files `*.yaml` of the folder, by role.
Result<std::vector<Starter>> read_starters(const std::string& folder);

}  // namespace portpolicy::cli
