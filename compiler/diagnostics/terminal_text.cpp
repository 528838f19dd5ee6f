#include "compiler/diagnostics/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "compiler/diagnostics/render.h"

namespace portpolicy {

namespace {

struct Range {
  char32_t first, last;
};

/// Code points that steer a terminal or its reader's eye instead of being seen: controls, bidirectional formatting,
/// what is invisible, and line separators (Unicode general categories Cc, Cf, Zl, Zp; fillers; variation selectors).
constexpr auto unseen = std::to_array<Range>({
    {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
    {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x206f},   {0x2800, 0x2800},   {0x3164, 0x3164},   {0xd800, 0xf8ff},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},
    {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
});

/// Combining marks, which take no column of their own.
constexpr auto combining = std::to_array<Range>({
    {0x300, 0x36f},
    {0x483, 0x489},
    {0x591, 0x5bd},
    {0x64b, 0x65f},
    {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},
    {0x20d0, 0x20ff},
    {0xfe20, 0xfe2f},
});

/// Two columns wide on a terminal (Unicode East Asian Width W and F, the large blocks of it).
constexpr auto wide = std::to_array<Range>({
    {0x1100, 0x115e},
    {0x2e80, 0x303e},
    {0x3041, 0x4dbf},
    {0x4e00, 0xa4cf},
    {0xa960, 0xa97f},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe30, 0xfe6f},
    {0xff01, 0xff60},
    {0xffe0, 0xffe6},
    {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff},
    {0x1f900, 0x1f9ff},
    {0x20000, 0x3fffd},
});

bool contains(std::span<const Range> ranges, char32_t point) {
  const auto after = std::ranges::upper_bound(ranges, point, {}, &Range::first);
  return after != ranges.begin() && point <= std::prev(after)->last;
}

struct Decoded {
  char32_t point;
  std::size_t bytes;
};

/// The code point that begins a text, if the text begins as RFC 3629 has it: shortest form, no surrogates.
std::optional<Decoded> decode(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return Decoded{first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return std::nullopt;
  char32_t point = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return std::nullopt;
    point = point << 6 | (byte(i) & 0x3fu);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < least[length] || surrogate || point > 0x10ffff) return std::nullopt;
  return Decoded{point, length};
}

std::string hexadecimal(std::string_view lead, char32_t value, std::size_t digits) {
  std::string text(lead);
  for (std::size_t i = digits; i-- > 0;) text += "0123456789abcdef"[value >> (4 * i) & 0xf];
  return text;
}

std::string escape(char32_t point) {
  switch (point) {
    case U'\t':
      return "\\t";
    case U'\n':
      return "\\n";
    case U'\r':
      return "\\r";
    default:
      break;
  }
  if (point < 0x80) return hexadecimal("\\x", point, 2);
  return point < 0x10000 ? hexadecimal("\\u", point, 4) : hexadecimal("\\U", point, 8);
}

}  // namespace

Glyph glyph_at(std::string_view text, std::size_t offset) {
  const std::optional<Decoded> decoded = decode(text.substr(offset));
  if (!decoded) return {hexadecimal("\\x", static_cast<unsigned char>(text[offset]), 2), 1, 4};
  if (contains(unseen, decoded->point)) {
    std::string escape_text = escape(decoded->point);
    const std::size_t width = escape_text.size();
    return {std::move(escape_text), decoded->bytes, width};
  }
  const std::size_t width = contains(combining, decoded->point) ? 0 : contains(wide, decoded->point) ? 2 : 1;
  return {std::string(text.substr(offset, decoded->bytes)), decoded->bytes, width};
}

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Glyph glyph = glyph_at(text, i);
    result += glyph.text;
    i += glyph.bytes;
  }
  return result;
}

}  // namespace portpolicy
