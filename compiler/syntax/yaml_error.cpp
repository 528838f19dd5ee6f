#include "compiler/syntax/yaml_error.h"

#include <algorithm>
#include <string>

#include "compiler/base/decimal.h"

namespace portpolicy::syntax {
namespace {

std::string_view slice(std::string_view text, std::uint32_t begin, std::uint32_t end) {
  return text.substr(begin, end - begin);
}

Complaint unclosed_quote(std::uint32_t at) {
  return {Code::unclosed_quote, at, at + 1, "the quote that opens here is not closed on its line",
          "close it; longer text can follow a `|` on lines of its own"};
}

/// The nearest `mark` at or before `at` on its line, else `at`.
std::uint32_t back_to(std::string_view text, std::uint32_t at, std::string_view marks) {
  const std::uint32_t begin = line_begin(text, at);
  const std::size_t found =
      slice(text, begin, std::min<std::uint32_t>(at + 1, static_cast<std::uint32_t>(text.size()))).find_last_of(marks);
  return found == std::string_view::npos ? at : begin + static_cast<std::uint32_t>(found);
}

Complaint anchor_or_alias(const Progress& progress) {
  const std::uint32_t at = back_to(progress.text, progress.at, "*&");
  const std::uint32_t end = end_of_word(progress.text, at);
  const std::string seen = quoted(slice(progress.text, at, end));
  if (end - at == 1 && progress.text[at] == '*') {
    return {Code::anchor_or_alias, at, end, "a bare `*` is an alias in YAML",
            "write `any`, or `\"*\"` for an interface"};
  }
  return {Code::anchor_or_alias, at, end, seen + ": anchors and aliases are not part of the policy language",
          "give the value a name under `networks`, `services` or `interfaces`, or quote the text"};
}

Complaint tag(const Progress& progress) {
  const std::uint32_t at = back_to(progress.text, progress.at, "!");
  const std::uint32_t end = end_of_word(progress.text, at);
  return {Code::tag, at, end, quoted(slice(progress.text, at, end)) + ": tags are not part of the policy language",
          "to leave something out write `{any: [...], except: [...]}`; text that begins with `!` needs quotes"};
}

std::optional<Complaint> tab_as_indentation(const Progress& progress) {
  const std::uint32_t begin = line_begin(progress.text, progress.at);
  const std::string_view line = progress.text.substr(begin);
  const std::size_t tab = line.find('\t');
  if (tab == std::string_view::npos || line.find_first_not_of(" \t") < tab) return std::nullopt;
  const std::uint32_t at = begin + static_cast<std::uint32_t>(tab);
  return Complaint{Code::yaml_syntax, at, at + 1, "a tab cannot indent a line", "use spaces"};
}

/// The last line before `at` that says something, without indentation, list markers and a comment at its end.
struct Line {
  std::uint32_t begin = 0, end = 0;
};
std::optional<Line> line_before(std::string_view text, std::uint32_t at) {
  for (std::uint32_t begin = line_begin(text, at); begin > 0;) {
    begin = line_begin(text, begin - 1);
    std::uint32_t first = begin;
    while (first < text.size() && (text[first] == ' ' || (text[first] == '-' && text[first + 1] == ' '))) ++first;
    std::string_view words = slice(text, first, line_end(text, begin));
    if (words.starts_with('#')) continue;
    words = words.substr(0, words.find(" #"));
    const std::size_t last = words.find_last_not_of(" \t\r");
    if (last != std::string_view::npos) return Line{first, first + static_cast<std::uint32_t>(last + 1)};
  }
  return std::nullopt;
}

/// yaml-cpp found a `:` where no key can stand.
Complaint misplaced_colon(const Progress& progress) {
  const std::string_view text = progress.text;
  const std::uint32_t begin = line_begin(text, progress.at);
  std::uint32_t key = begin;
  while (key < progress.at && (text[key] == ' ' || text[key] == '-')) ++key;
  const std::string_view before = slice(text, key, progress.at);
  const std::string seen = quoted(before);
  if (before.empty()) return {Code::yaml_syntax, progress.at, progress.at + 1, "a key is missing before `:`"};
  if (before.find(": ") != std::string_view::npos ||
      (progress.last_begin >= key && progress.last_begin > begin && progress.last_begin < progress.at &&
       before.size() > 1 && progress.last_begin != key)) {
    return {Code::yaml_syntax, progress.at, progress.at + 1, "a second `: ` on this line",
            "put text that holds a colon in quotes"};
  }
  const std::optional<Line> above = line_before(text, progress.at);
  const std::string_view words = above ? slice(text, above->begin, above->end) : std::string_view();
  if (above && !words.ends_with(':') && words.find(": ") == std::string_view::npos) {
    return {Code::yaml_syntax, above->begin, above->end, quoted(words) + " has no `: ` and cannot stand above a key",
            "write `key: value`"};
  }
  return {Code::yaml_syntax, key, progress.at,
          seen + " is indented deeper than the key above it, so it reads as part of that key's value",
          "indent both alike"};
}

Complaint open_bracket(const Progress& progress) {
  const std::string_view text = progress.text;
  const std::string_view last = slice(text, progress.last_begin, progress.last_end);
  const bool colon = progress.at < text.size() && text[progress.at] == ':';
  const std::size_t space = last.rfind(' ');
  if (colon && progress.last_is_plain && space != std::string_view::npos && last.find('\n') == std::string_view::npos) {
    const std::uint32_t word = progress.last_begin + static_cast<std::uint32_t>(space + 1);
    return {Code::yaml_syntax, word, progress.last_end,
            "a comma is missing before " + quoted(slice(text, word, progress.last_end))};
  }
  const std::uint32_t next = skip_blank(text, progress.last_end);
  const bool same_line = next < text.size() && line_begin(text, next) == line_begin(text, progress.last_end);
  if (same_line && !colon && text[next] != ']' && text[next] != '}') {
    return {Code::yaml_syntax, next, end_of_word(text, next),
            "a comma is missing before " + quoted(slice(text, next, end_of_word(text, next)))};
  }
  const std::uint32_t at = *progress.open_bracket;
  const char opening = text[at];
  if (same_line && (text[next] == ']' || text[next] == '}')) {
    return {Code::yaml_syntax, next, next + 1,
            std::string("`") + text[next] + "` does not close the `" + opening + "` that stands open"};
  }
  return {Code::yaml_syntax, at, at + 1, std::string("the `") + opening + "` that opens here is not closed",
          std::string("close it with `") + (opening == '[' ? ']' : '}') + "`"};
}

Complaint unexpected(const Progress& progress) {
  const std::string_view text = progress.text;
  const std::uint32_t at =
      skip_blank(text, std::min<std::uint32_t>(progress.at, static_cast<std::uint32_t>(text.size())));
  if (at >= text.size()) {
    const auto end = static_cast<std::uint32_t>(text.size());
    return {Code::yaml_syntax, end, end, "the text ends too early"};
  }
  const std::uint32_t end = end_of_word(text, at);
  const std::string seen = quoted(slice(text, at, end));
  if (progress.reason == "unknown token") {
    return {Code::yaml_syntax, at, at + 1, std::string("a value cannot begin with `") + text[at] + "`",
            "put it in quotes"};
  }
  if (progress.reason == "illegal block entry") {
    return {Code::yaml_syntax, at, at + 1, "a list item (`- `) cannot stand here",
            "begin the list on a line of its own"};
  }
  if (progress.reason == "illegal flow end") {
    return {Code::yaml_syntax, at, at + 1, std::string("`") + text[at] + "` closes nothing", "take it out"};
  }
  const std::uint32_t begin = line_begin(text, at);
  const bool begins_line = slice(text, begin, at).find_first_not_of(' ') == std::string_view::npos;
  if (begins_line && skip_blank(text, 0) != at) {
    return {Code::yaml_syntax, at, end, seen + " does not line up with what stands above it",
            "indent it like the lines that it belongs to"};
  }
  return {Code::yaml_syntax, at, end, "unexpected " + seen, "text with special characters needs quotes"};
}

Complaint bad_escape(const Progress& progress) {
  const std::uint32_t at = back_to(progress.text, progress.at == 0 ? 0 : progress.at - 1, "\\");
  const auto end = std::min<std::uint32_t>(at + 2, static_cast<std::uint32_t>(progress.text.size()));
  return {Code::yaml_syntax, at, end, quoted(slice(progress.text, at, end)) + " is not an escape that YAML knows",
          "write `\\\\` for a backslash, or use single quotes"};
}

}  // namespace

Complaint explain(const Progress& progress) {
  const auto says = [&](std::string_view words) { return progress.reason.find(words) != std::string_view::npos; };
  if (const auto quote = find_unclosed_quote(progress.text, progress.last_end, progress.at)) {
    return unclosed_quote(*quote);
  }
  if (says("alias") || says("anchor")) return anchor_or_alias(progress);
  if (says("tag")) return tag(progress);
  if (auto complaint = tab_as_indentation(progress)) return *complaint;
  if (says("escape") || says("hex number") || says("unicode")) return bad_escape(progress);
  if (progress.reason == "illegal map value") return misplaced_colon(progress);
  if (says("flow not found") && progress.open_bracket) return open_bracket(progress);
  return unexpected(progress);
}

}  // namespace portpolicy::syntax
