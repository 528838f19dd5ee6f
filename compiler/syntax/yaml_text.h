#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/diagnostics/code.h"

/// Where things stand in the text of a YAML document: what yaml-cpp does not tell, worked out from the bytes.
namespace portpolicy::syntax {

/// A finding in one text, by byte.
struct Complaint {
  Code code;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::string message;
  std::string help{};
};

/// What can be refused before YAML is read: bytes that are not UTF-8, control characters, directives, lines so long or
/// so deeply nested that the parser would need more memory than a policy is worth, and plainly more values than
/// may come.
std::optional<Complaint> complaint_about_bytes(std::string_view text, std::size_t values_left);

/// What to say of a value that is one too many.
Complaint too_many_values(std::uint32_t begin, std::uint32_t end);

/// The byte after the closing quote; nothing when the quote at `begin` is not closed on its line.
std::optional<std::uint32_t> end_of_quoted(std::string_view text, std::uint32_t begin);

/// The byte after a plain scalar whose value is `value`: line breaks in the text are spaces or breaks in the value.
std::uint32_t end_of_plain(std::string_view text, std::uint32_t begin, std::string_view value);

/// The byte after the last line of the block scalar (`|` or `>`) at `begin`.
std::uint32_t end_of_block(std::string_view text, std::uint32_t begin);

/// The first byte from `begin` on that is not white space and not in a comment.
std::uint32_t skip_blank(std::string_view text, std::uint32_t begin);

/// The byte after the word at `begin`: up to white space, a comma or a bracket, at least one code point.
std::uint32_t end_of_word(std::string_view text, std::uint32_t begin);

/// The opening quote, between two bytes neither of which is inside a token, that is not closed on its line.
std::optional<std::uint32_t> find_unclosed_quote(std::string_view text, std::uint32_t begin, std::uint32_t end);

/// The first byte of the line of `at`, and the byte after its last.
std::uint32_t line_begin(std::string_view text, std::uint32_t at);
std::uint32_t line_end(std::string_view text, std::uint32_t at);

}  // namespace portpolicy::syntax
