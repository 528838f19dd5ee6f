#include "backends/iptables/read_source.h"

#include <algorithm>
#include <utility>

namespace portpolicy::iptables::text {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

}  // namespace

Source::Source(std::string_view text, FileId file, Diagnostics& diagnostics)
    : text_(text), file_(file), diagnostics_(diagnostics), line_starts_{0} {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
}

std::uint32_t Source::line(std::uint32_t offset) const {
  return static_cast<std::uint32_t>(std::ranges::upper_bound(line_starts_, offset) - line_starts_.begin());
}

bool Source::refuse(Extent where, std::string message, std::string help) const {
  diagnostics_.add(Code::foreign_syntax, span(where), std::move(message), std::move(help));
  return false;
}

bool Lines::next(Extent& line) {
  while (at_ < text_.size()) {
    std::size_t begin = at_, end = std::min(text_.find('\n', at_), text_.size());
    at_ = end + 1;
    while (begin < end && is_blank(text_[begin])) ++begin;
    while (begin < end && is_blank(text_[end - 1])) --end;
    if (begin == end || text_[begin] == '#') continue;
    line = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    return true;
  }
  return false;
}

// A quote may begin inside of an argument, and ends it where it ends. A backslash means something only between quotes.
bool split(const Source& source, Extent line, Words& words) {
  const std::string_view text = source.text();
  words.clear();
  std::uint32_t at = line.begin;
  while (at < line.end) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    Word& word = words.emplace_back();
    word.where.begin = at;
    while (at < line.end && !is_blank(text[at]) && text[at] != '"') ++at;
    word.text = text.substr(word.where.begin, at - word.where.begin);
    if (at < line.end && text[at] == '"') {
      word.quoted = true;
      for (++at; at < line.end && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < line.end) ++at;
        word.text += text[at];
      }
      if (at == line.end) return source.refuse({word.where.begin, at}, "the quote never ends");
      ++at;
    }
    word.where.end = at;
  }
  return true;
}

std::string quoted(std::string_view text) {
  if (!text.empty() && text.find_first_of(" \t\"'\\") == std::string_view::npos) return std::string(text);
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

}  // namespace portpolicy::iptables::text
