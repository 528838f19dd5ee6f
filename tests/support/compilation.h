#pragma once

#include <map>
#include <string>

#include "compiler/compile.h"

namespace portpolicy::test {

/// A policy and all that was made of it.
struct Compilation {
  SourceMap sources;
  Diagnostics diagnostics;
  Compiled compiled;
};

/// What is made of files in memory, of which `policy.yaml` is the top one. Today is the 22nd of November 2026.
Compilation compile_texts(const std::map<std::string, std::string>& texts, Thoroughness thoroughness);
/// The same of one file.
Compilation compile_text(const std::string& text, Thoroughness thoroughness);

}  // namespace portpolicy::test
