#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace portpolicy::testing {

/// What a program did.
struct Outcome {
  std::string out, err;
  int exit = -1;        ///< its exit status
  std::string failure;  ///< it did not come to an end of its own: a signal, a time-out, not startable
};

/// Runs a program in `folder` with `input` on its standard input and nothing of the caller's environment but what
/// finds programs: time zone, locale and colours are the same everywhere.
Outcome run(const std::vector<std::string>& words, const std::filesystem::path& folder, const std::string& input);

}  // namespace portpolicy::testing
