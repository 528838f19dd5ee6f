#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"

namespace portpolicy {

/// Where the compiler gets its texts from: the file system, or a map in a test.
class FileReader {
 public:
  enum class Refusal : unsigned char {
    missing,       ///< there is no such file
    unreadable,    ///< it exists but cannot be read
    outside_root,  ///< the path, or a link on it, leads out of the root
    unsafe,        ///< not a regular file
    too_large,
  };
  struct Failure {
    Refusal refusal;
    std::string reason;  ///< the operating system's words
  };
  struct File {
    std::string identity;  ///< equal for two paths that lead to the same file
    std::string path;      ///< what messages call it, as the user would name it
    std::string title;     ///< what it is called on every machine: its path from the root, or `<name>`
    std::string text;
    bool library = false;  ///< of the installed library; what it includes is too
  };

  virtual ~FileReader() = default;
  /// The policy that was asked for: `path` as the user gave it. It fixes the root.
  virtual std::expected<File, Failure> read_top(const std::string& path, std::size_t limit) = 0;
  /// A file named inside a policy: `path` relative to the folder of `from` (a `File::path`).
  virtual std::expected<File, Failure> read_relative(const File& from, std::string_view path, std::size_t limit) = 0;
  /// A policy of the installed library: `name` as written between `<` and `>`.
  virtual std::expected<File, Failure> read_library(std::string_view name, std::size_t limit) = 0;
  /// What may stand between `<` and `>`, for suggestions.
  virtual std::vector<std::string> library_names() = 0;
};

}  // namespace portpolicy
