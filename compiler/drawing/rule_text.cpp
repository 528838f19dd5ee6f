#include "compiler/drawing/rule_text.h"

#include <algorithm>

namespace portpolicy::drawing {
namespace {

constexpr std::size_t width = 38;
constexpr std::size_t most_lines = 4;

// Where the first line of the text ends: at the last blank that leaves it narrow enough, else at the first one.
std::size_t line_end(std::string_view text) {
  if (text.size() <= width) return text.size();
  const std::size_t last = text.rfind(' ', width);
  return std::min(last == text.npos ? text.find(' ', width) : last, text.size());
}

}  // namespace

std::string upper(std::string_view word) {
  std::string text(word);
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return text;
}

std::vector<std::string> in_words(const std::vector<syntax::Said>& all) {
  std::string text;
  for (const syntax::Said& each : all) {
    if (each.key == "overrides") continue;
    text += (text.empty() ? upper(each.key) : " " + each.key) + " " + each.value;
  }
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    if (lines.size() == most_lines) {
      lines.back() += " ...";
      break;
    }
    const std::size_t end = line_end(rest);
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

}  // namespace portpolicy::drawing
