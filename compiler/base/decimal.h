#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/base/result.h"

namespace portpolicy {

/// A decimal number from `least` to `most`: digits only, no sign, no space and no leading zero.
Result<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t least, std::uint32_t most);

/// `text` in backticks for a message, cut short when it is long.
std::string quoted(std::string_view text);

}  // namespace portpolicy
