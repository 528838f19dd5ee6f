#include "compiler/syntax/yaml_text.h"

#include <algorithm>
#include <array>

#include "compiler/base/decimal.h"

namespace portpolicy::syntax {
namespace {

// A list item or flow collection that begins a line is held back by yaml-cpp until the line ends (it might be a key),
// at about 130 bytes a token.
constexpr std::uint32_t max_line_bytes = 2u << 20;
constexpr int max_open_on_line = 1000;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_bracket(char c) {
  return c == '[' || c == ']' || c == '{' || c == '}';
}

std::uint8_t byte(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}
std::uint32_t size_of(std::string_view text) {
  return static_cast<std::uint32_t>(text.size());
}

std::string hexadecimal(std::uint8_t value) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {'0', 'x', digits[value >> 4], digits[value & 15]};
}

/// How many bytes the sequence at `at` has, as RFC 3629 allows them (no overlong form, no surrogate); 0: none.
std::uint32_t utf8_length(std::string_view text, std::size_t at) {
  const std::uint8_t lead = byte(text, at);
  const auto follows = [&](std::size_t offset, std::uint8_t least, std::uint8_t most) {
    return at + offset < text.size() && byte(text, at + offset) >= least && byte(text, at + offset) <= most;
  };
  const auto continues = [&](std::size_t offset) { return follows(offset, 0x80, 0xBF); };
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const std::uint8_t least = lead == 0xE0 ? 0xA0 : 0x80;
    const std::uint8_t most = lead == 0xED ? 0x9F : 0xBF;
    return follows(1, least, most) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const std::uint8_t least = lead == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t most = lead == 0xF4 ? 0x8F : 0xBF;
    return follows(1, least, most) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\r') return at + 1 == text.size() || text[at + 1] != '\n';
  if (c == '\t' || c == '\n') return false;
  if (byte(text, at) < 0x20 || byte(text, at) == 0x7F) return true;
  return byte(text, at) == 0xC2 && byte(text, at + 1) < 0xA0;  // U+0080 to U+009F
}

Complaint control_character(std::string_view text, std::uint32_t at) {
  const bool two_bytes = byte(text, at) == 0xC2;
  const std::uint8_t value = two_bytes ? byte(text, at + 1) : byte(text, at);
  Complaint complaint{Code::yaml_syntax, at, at + (two_bytes ? 2 : 1),
                      "the text has the control character " + hexadecimal(value)};
  if (value == '\r') complaint.help = "end lines with a line feed";
  return complaint;
}

std::optional<Complaint> utf16_mark(std::string_view text) {
  if (!text.starts_with("\xFF\xFE") && !text.starts_with("\xFE\xFF")) return std::nullopt;
  return Complaint{Code::invalid_utf8, 0, 2, "the file is UTF-16, not UTF-8", "save it as UTF-8"};
}

/// A `%` line before the document. `%YAML 1.1` and `%YAML 1.2` say nothing new.
std::optional<Complaint> directive(std::string_view text) {
  for (std::uint32_t at = 0; at < text.size(); at = line_end(text, at) + 1) {
    const std::string_view line = text.substr(at, line_end(text, at) - at);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    if (line[0] != '%') return std::nullopt;
    if (line.starts_with("%YAML 1.1") || line.starts_with("%YAML 1.2")) continue;
    return Complaint{Code::yaml_syntax, at, end_of_word(text, at), "directives are not part of the policy language",
                     "take the line out"};
  }
  return std::nullopt;
}

// Counts the signs that separate values, outside of lines that are comments; near enough to refuse what is far too much.
struct ValueCount {
  std::size_t count = 0;
  bool line_begins = true;
  bool comment = false;

  void take(char c, char next) {
    const bool blank_follows = next == ' ' || next == '\n' || next == '\r';
    if (c == '\n') {
      line_begins = true;
      comment = false;
      return;
    }
    if (line_begins && c == '#') comment = true;
    if (!comment) {
      if (c == ',' || (c == '-' && line_begins && blank_follows)) ++count;
      if (c == ':' && blank_follows) count += 2;
    }
    line_begins = line_begins && (c == ' ' || c == '-');
  }
};

}  // namespace

std::uint32_t line_begin(std::string_view text, std::uint32_t at) {
  if (at == 0) return 0;
  const std::size_t before = text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : static_cast<std::uint32_t>(before + 1);
}

std::uint32_t line_end(std::string_view text, std::uint32_t at) {
  const std::size_t end = text.find('\n', at);
  return end == std::string_view::npos ? size_of(text) : static_cast<std::uint32_t>(end);
}

Complaint too_many_values(std::uint32_t begin, std::uint32_t end) {
  return {Code::too_large, begin, end, "the files of the policy have more than 2500000 keys and values together",
          "put long lists of addresses into list files"};
}

std::optional<Complaint> complaint_about_bytes(std::string_view text, std::size_t values_left) {
  if (auto complaint = utf16_mark(text)) return complaint;
  ValueCount values;
  std::uint32_t line = 0;
  int open = 0;
  for (std::uint32_t at = 0; at < text.size();) {
    const std::uint32_t length = utf8_length(text, at);
    if (length == 0) {
      return Complaint{Code::invalid_utf8, at, at + 1, "the byte " + hexadecimal(byte(text, at)) + " is not UTF-8",
                       "save the file as UTF-8"};
    }
    const char c = text[at];
    if (is_control(text, at)) return control_character(text, at);
    values.take(c, at + 1 < text.size() ? text[at + 1] : '\n');
    if (values.count > values_left) return too_many_values(at, at + 1);
    if (c == '\n') {
      line = at + 1;
      open = 0;
    }
    if (c == '[' || c == '{') ++open;
    if (c == ']' || c == '}') --open;
    if (open > max_open_on_line) {
      return Complaint{Code::too_deep, at, at + 1, "brackets are nested more than 32 deep"};
    }
    at += length;
    if (at - line > max_line_bytes) {
      return Complaint{Code::too_large, line, line + 1, "the line is longer than 2 MiB", "break it into several lines"};
    }
  }
  return directive(text);
}

std::optional<std::uint32_t> end_of_quoted(std::string_view text, std::uint32_t begin) {
  const char quote = text[begin];
  for (std::size_t at = begin + 1; at < text.size() && text[at] != '\n'; ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
      if (at < text.size() && (text[at] == '\n' || text[at] == '\r')) return std::nullopt;
    } else if (text[at] == quote) {
      const bool doubled = quote == '\'' && at + 1 < text.size() && text[at + 1] == quote;
      if (!doubled) return static_cast<std::uint32_t>(at + 1);
      ++at;
    }
  }
  return std::nullopt;
}

std::uint32_t end_of_plain(std::string_view text, std::uint32_t begin, std::string_view value) {
  if (text.substr(begin, value.size()) == value) return begin + size_of(value);
  std::size_t at = begin;
  for (std::size_t i = 0; i < value.size() && at < text.size();) {
    if (is_space(value[i])) {
      while (i < value.size() && is_space(value[i])) ++i;
      while (at < text.size() && is_space(text[at])) ++at;
    } else {
      ++i;
      ++at;
    }
  }
  return static_cast<std::uint32_t>(at);
}

std::uint32_t end_of_block(std::string_view text, std::uint32_t begin) {
  const std::uint32_t header_end = line_end(text, begin);
  const std::string_view header = text.substr(begin, header_end - begin);
  const std::string_view parent = text.substr(line_begin(text, begin));
  const bool indent_given = header.find_first_of("123456789") < header.find_first_of(" \t#");
  // With a given indentation the first line may be indented more than the others.
  std::size_t indent = indent_given ? parent.find_first_not_of(' ') + 1 : 0;
  std::uint32_t end = begin + size_of(header.substr(0, header.find_last_not_of(" \t\r") + 1));
  for (std::uint32_t at = header_end + 1; at < text.size(); at = line_end(text, at) + 1) {
    const std::string_view line = text.substr(at, line_end(text, at) - at);
    const std::size_t first = line.find_first_not_of(' ');
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (indent == 0) indent = std::max<std::size_t>(first, 1);
    if (first < indent) break;
    end = at + size_of(line.substr(0, line.find_last_not_of('\r') + 1));
  }
  return end;
}

std::uint32_t skip_blank(std::string_view text, std::uint32_t begin) {
  std::uint32_t at = begin;
  while (at < text.size()) {
    if (text[at] == '#') at = line_end(text, at);
    else if (is_space(text[at])) ++at;
    else break;
  }
  return at;
}

std::uint32_t end_of_word(std::string_view text, std::uint32_t begin) {
  if (begin >= text.size()) return size_of(text);
  std::uint32_t at = begin + std::max<std::uint32_t>(utf8_length(text, begin), 1);
  if (is_bracket(text[begin]) || text[begin] == ',') return at;
  while (at < text.size() && !is_space(text[at]) && !is_bracket(text[at]) && text[at] != ',') ++at;
  return at;
}

std::optional<std::uint32_t> find_unclosed_quote(std::string_view text, std::uint32_t begin, std::uint32_t end) {
  bool token_may_begin = true;
  for (std::uint32_t at = begin; at < end && at < text.size();) {
    const char c = text[at];
    if (is_space(c) || is_bracket(c) || c == ',') {
      token_may_begin = true;
      ++at;
    } else if (token_may_begin && c == '#') {
      at = line_end(text, at);
    } else if (token_may_begin && (c == '"' || c == '\'')) {
      const std::optional<std::uint32_t> after = end_of_quoted(text, at);
      if (!after) return at;
      token_may_begin = *after < text.size() && text[*after] == ':';
      at = *after + (token_may_begin ? 1 : 0);
    } else {
      token_may_begin = false;
      ++at;
    }
  }
  return std::nullopt;
}

}  // namespace portpolicy::syntax
