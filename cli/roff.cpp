#include "cli/roff.h"

#include <algorithm>

namespace portpolicy::cli {

namespace {

/// Prose with `code` in bold. A mark without a partner is itself.
std::string marked(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find('`'), text.size());
    const std::size_t close = open == text.size() ? text.npos : text.find('`', open + 1);
    if (close == text.npos) return result + roff_escaped(text);
    result += roff_escaped(text.substr(0, open)) + roff_bold(text.substr(open + 1, close - open - 1));
    text.remove_prefix(close + 1);
  }
  return result;
}

/// A line that begins with a full stop or an apostrophe would be a request.
std::string protected_line(const std::string& line) {
  return line.starts_with('.') || line.starts_with('\'') ? "\\&" + line : line;
}

/// The first paragraph of the text, which is taken off.
std::string_view next_paragraph(std::string_view& text) {
  const std::size_t length = std::min(text.find("\n\n"), text.size());
  const std::string_view paragraph = text.substr(0, length);
  text.remove_prefix(std::min(text.find_first_not_of('\n', length), text.size()));
  return paragraph;
}

std::string_view next_line(std::string_view& text) {
  const std::size_t length = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, length);
  text.remove_prefix(std::min(length + 1, text.size()));
  return line;
}

/// A long text without spaces, such as a JSON object, may be broken after a comma.
std::string breakable(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == ',' && i + 1 < text.size() && text[i + 1] != ' ') result += "\\:";
  }
  return result;
}

/// One line of roff: a code span may reach over the end of a line of the text.
std::string joined(std::string_view paragraph) {
  std::string line(paragraph);
  std::ranges::replace(line, '\n', ' ');
  return protected_line(breakable(marked(line)));
}

}  // namespace

std::string roff_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '\\':
        result += "\\(rs";
        break;
      case '-':
        result += "\\-";
        break;
      case '\'':
        result += "\\(aq";
        break;
      case '`':
        result += "\\(ga";
        break;
      case '^':
        result += "\\(ha";
        break;
      case '~':
        result += "\\(ti";
        break;
      case '"':
        result += "\\(dq";
        break;
      default:
        result += c;
    }
  }
  return protected_line(result);
}

std::string roff_bold(std::string_view text) {
  return "\\fB" + roff_escaped(text) + "\\fR";
}

std::string roff_italic(std::string_view text) {
  return "\\fI" + roff_escaped(text) + "\\fR";
}

RoffPage::RoffPage(std::string_view name, int section, std::string_view version) {
  std::string title(name);
  std::ranges::transform(title, title.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  const char* kind = section == 1 ? "User Commands" : "File Formats";
  line(".TH " + roff_escaped(title) + " " + std::to_string(section) + " \"\" \"portpolicy " + roff_escaped(version) +
       "\" \"" + kind + "\"");
  line(".nh");  // names and paths are not to be broken
  line(".ad l");
}

void RoffPage::line(std::string_view roff) {
  text_ += std::string(roff) + '\n';
  after_heading_ = roff.starts_with(".SH ") || roff.starts_with(".SS ");
}

/// A heading begins one already.
void RoffPage::begin_paragraph() {
  if (!after_heading_) line(".PP");
}

void RoffPage::section(std::string_view title) {
  line(".SH \"" + roff_escaped(title) + "\"");
}

void RoffPage::subsection(std::string_view title) {
  line(".SS \"" + roff_escaped(title) + "\"");
}

void RoffPage::prose(std::string_view text) {
  while (!text.empty()) {
    begin_paragraph();
    line(joined(next_paragraph(text)));
  }
}

void RoffPage::literal(std::string_view lines) {
  begin_paragraph();
  line(".RS 4");
  line(".nf");
  while (!lines.empty()) {
    const std::string text = roff_escaped(next_line(lines));
    line(text.empty() ? "\\&" : text);
  }
  line(".fi");
  line(".RE");
}

void RoffPage::item(std::string_view term, std::string_view text) {
  line(".TP");
  line(term);
  line(joined(text));
}

}  // namespace portpolicy::cli
