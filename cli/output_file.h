#pragma once

#include <string>
#include <string_view>

#include "compiler/base/result.h"

namespace portpolicy::cli {

/// Puts `text` into the file at `path`, entirely or not at all: whoever reads it sees the old file or the new one. Only a
/// regular file is ever replaced.
Result<void> write_file(const std::string& path, std::string_view text);

/// The same where nothing stands at `path`, not even a link; the answer is whether that was so. What stands there, be it
/// since a moment ago, is left as it is.
Result<bool> write_new_file(const std::string& path, std::string_view text);

}  // namespace portpolicy::cli
