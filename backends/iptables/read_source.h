#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

/// What the files of the reader share among themselves. Nothing here knows the writer.
namespace portpolicy::iptables::text {

/// Bytes of a text.
struct Extent {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// A text, and who is told of its mistakes.
class Source {
 public:
  Source(std::string_view text, FileId file, Diagnostics& diagnostics);

  std::string_view text() const { return text_; }
  std::string_view text(Extent extent) const { return text_.substr(extent.begin, extent.end - extent.begin); }
  Extent whole() const { return {0, static_cast<std::uint32_t>(text_.size())}; }
  Span span(Extent extent) const { return {file_, extent.begin, extent.end}; }
  FileId file() const { return file_; }
  std::uint32_t line(std::uint32_t offset) const;

  /// Says that the text cannot be read, and false. What stands there is shown by the span.
  bool refuse(Extent where, std::string message, std::string help = {}) const;
  /// So much is wrong already that nobody reads more of it.
  bool is_hopeless() const { return diagnostics_.too_many_errors(); }

 private:
  std::string_view text_;
  FileId file_;
  Diagnostics& diagnostics_;
  std::vector<std::uint32_t> line_starts_;
};

/// The lines of a text, one after another, without their ends and the blanks around them.
class Lines {
 public:
  explicit Lines(const Source& source) : text_(source.text()) {}
  /// The next line that is neither empty nor a comment.
  bool next(Extent& line);

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// An argument, as the restore programs cut a line into them.
struct Word {
  std::string text;  ///< without its quotes
  Extent where;
  bool quoted = false;
};
using Words = std::vector<Word>;
/// False when a quote never ends, which was said.
bool split(const Source& source, Extent line, Words& words);

/// The word as it would have to be written, with quotes where it needs them.
std::string quoted(std::string_view text);

}  // namespace portpolicy::iptables::text
