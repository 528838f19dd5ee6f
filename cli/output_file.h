#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"

namespace portpolicy::cli {

/// Puts `text` into the file at `path`, entirely or not at all: whoever reads it sees the old file or the new one. Only a
/// regular file is ever replaced.
Result<void> write_file(const std::string& path, std::string_view text);

/// The same where nothing stands at `path`, not even a link; the answer is whether that was so. What stands there, be it
/// since a moment ago, is left as it is.
Result<bool> write_new_file(const std::string& path, std::string_view text);

/// One file of a folder.
struct NamedText {
  std::string name;
  std::string text;
  bool runs = false;  ///< may be executed
};

/// Puts files into the folder, which is made where it is missing. All are written whole under other names before the first
/// takes its place, so that what is wrong with the disk is wrong before anything has changed. Only regular files are ever
/// replaced.
Result<void> write_folder(const std::string& path, const std::vector<NamedText>& files);

}  // namespace portpolicy::cli
