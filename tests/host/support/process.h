#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"

namespace portpolicy::host_tests {

struct Finished {
  int status = 0;  ///< exit code, or 128 and the number of the signal
  std::string output, errors;
};

/// Runs a program without a shell and waits for it; `input` is its standard input.
Result<Finished> execute(const std::vector<std::string>& words, std::string_view input = {});

}  // namespace portpolicy::host_tests
