#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/id.h"

namespace portpolicy {

using FileId = Id<struct FileTag>;

/// The bytes from `begin` up to `end` (not included) of a file. Lines and columns are worked out when shown.
struct Span {
  FileId file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend constexpr auto operator<=>(Span, Span) = default;
};

/// A place as people count: lines and columns from 1, columns in code points.
struct Position {
  std::uint32_t line = 1;
  std::uint32_t column = 1;
  friend constexpr auto operator<=>(Position, Position) = default;
};

/// The texts of all files that were read, so that a `Span` can be shown.
class SourceMap {
 public:
  /// `path` is what messages call the file: as the user would name it. `title` is what artifacts and places of rules call
  /// it, the same on every machine: its path from the root, or `<name>`; without one, the path.
  FileId add(std::string path, std::string text, std::string title = {});
  std::size_t size() const { return files_.size(); }
  const std::string& path(FileId file) const { return files_[file.index].path; }
  const std::string& title(FileId file) const { return files_[file.index].title; }
  std::string_view text(FileId file) const { return files_[file.index].text; }
  Position position(FileId file, std::uint32_t offset) const;
  Position begin(Span span) const { return position(span.file, span.begin); }
  Position end(Span span) const { return position(span.file, span.end); }
  /// The line (from 1) without its line break.
  std::string_view line(FileId file, std::uint32_t number) const;

 private:
  struct File {
    std::string path;
    std::string title;
    std::string text;
    std::vector<std::uint32_t> line_starts;
    std::vector<std::uint32_t> blocks;  ///< code points before each block of `block_size` bytes
  };
  static std::uint32_t code_points_before(const File& file, std::uint32_t offset);

  std::vector<File> files_;
};

}  // namespace portpolicy
