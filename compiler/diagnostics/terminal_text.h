#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace portpolicy {

/// One code point of a text, or one byte that is not UTF-8, as it may be shown on a terminal.
struct Glyph {
  std::string text;       ///< itself, or an escape such as `\x1b`
  std::size_t bytes = 1;  ///< how many bytes of the text it stands for
  std::size_t width = 1;  ///< how many columns it takes
};

/// The glyph that begins at `offset`, which must be inside the text.
Glyph glyph_at(std::string_view text, std::size_t offset);

}  // namespace portpolicy
