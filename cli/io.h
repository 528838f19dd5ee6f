#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "compiler/base/date.h"
#include "compiler/diagnostics/render.h"

namespace portpolicy::cli {

/// The world around a command: results go to `out`, messages to `err`.
struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  Colour colour = Colour::off;  ///< what `--color auto` means for `err`
  std::string library;          ///< the folder of the installed policies
  Date today;                   ///< in UTC
  std::string starters{};       ///< the folder of the policies that `init` copies
};

}  // namespace portpolicy::cli
