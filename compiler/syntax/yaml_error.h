#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compiler/syntax/yaml_text.h"

namespace portpolicy::syntax {

/// How far a document had been read when yaml-cpp gave up.
struct Progress {
  std::string_view text;
  std::string_view reason;       ///< yaml-cpp's words
  std::uint32_t at = 0;          ///< where it gave up
  std::uint32_t last_begin = 0;  ///< of the last scalar
  std::uint32_t last_end = 0;    ///< of the last token
  bool last_is_plain = false;
  std::optional<std::uint32_t> open_bracket{};  ///< the innermost one
};

/// What is wrong, in words and at a place that help the author.
Complaint explain(const Progress& progress);

}  // namespace portpolicy::syntax
