#pragma once

#include <string>
#include <string_view>

namespace portpolicy::cli {

/// Text that a roff formatter shows as it is, as a part of a line: nothing in it is a request, an escape or a hyphen.
std::string roff_escaped(std::string_view text);

/// A page of the manual. Text given to it is prose in lines of any length: `code` in it becomes bold.
class RoffPage {
 public:
  RoffPage(std::string_view name, int section, std::string_view version);

  void section(std::string_view title);
  void subsection(std::string_view title);
  /// Paragraphs, an empty line between them.
  void prose(std::string_view text);
  /// Lines that are shown as they stand.
  void literal(std::string_view lines);
  /// A term (already roff, on one line) with what it means.
  void item(std::string_view term, std::string_view text);
  /// A line that is roff already.
  void line(std::string_view roff);
  const std::string& text() const { return text_; }

 private:
  void begin_paragraph();

  std::string text_;
  bool after_heading_ = false;
};

std::string roff_bold(std::string_view text);
std::string roff_italic(std::string_view text);

}  // namespace portpolicy::cli
