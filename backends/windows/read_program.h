#pragma once

#include <string>
#include <string_view>

namespace portpolicy::windows::text {

/// SHA-256 in hexadecimal.
std::string digest(std::string_view bytes);

/// Whether a script with this text before and behind its policy is one that this version writes: what it does with the
/// rules is then known. Lines end as in the files of the sources, with LF.
bool is_known_program(std::string_view head, std::string_view engine);

}  // namespace portpolicy::windows::text
