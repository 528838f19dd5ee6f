#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "compiler/diagnostics/diagnostic.h"

/// What the files of the reader share among themselves. Nothing here knows the writer.
namespace portpolicy::windows::text {

/// Of a script or an export, in bytes.
inline constexpr std::size_t largest_text = std::size_t{64} << 20;

/// Bytes of a text.
struct Extent {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

inline Extent extent(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

/// A text no larger than `largest_text`, and who is told of its mistakes.
class Source {
 public:
  Source(std::string_view text, FileId file, Diagnostics& diagnostics)
      : text_(text), file_(file), diagnostics_(diagnostics) {}

  std::string_view text() const { return text_; }
  std::string_view text(Extent extent) const { return text_.substr(extent.begin, extent.end - extent.begin); }
  Span span(Extent extent) const { return {file_, extent.begin, extent.end}; }

  /// Says that the text cannot be read, and false.
  bool refuse(Extent where, std::string message, std::string help = {}) const {
    diagnostics_.add(Code::foreign_syntax, span(where), std::move(message), std::move(help));
    return false;
  }
  /// So much is wrong already that nobody reads more of it.
  bool is_hopeless() const { return diagnostics_.too_many_errors(); }

 private:
  std::string_view text_;
  FileId file_;
  Diagnostics& diagnostics_;
};

}  // namespace portpolicy::windows::text
