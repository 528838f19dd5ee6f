#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace portpolicy {

enum class Severity : std::uint8_t { note, warning, error };
std::string_view to_string(Severity severity);

/// What a finding is called for ever: PP1xx the text, PP2xx names and values, PP3xx what the rules mean, PP4xx what a
/// target cannot express, PP5xx the host, PP6xx rule sets of others. A number is never used again for something else.
enum class Code : std::uint16_t {
#define PORTPOLICY_CODE(number, name) name = number,
#include "compiler/diagnostics/codes.def"
#undef PORTPOLICY_CODE
};
/// `PP301`.
std::string to_string(Code code);
/// From `PP301` or `301`, in either case.
std::optional<Code> code_named(std::string_view text);

/// What `explain-code` and docs/diagnostics.md say of a code.
struct CodeInfo {
  Code code;
  Severity severity;         ///< what it is unless the finding says otherwise
  std::string_view title;    ///< one line, lower case, no full stop
  std::string_view cause;    ///< why it is a finding
  std::string_view example;  ///< a few lines of YAML that bring it about
  std::string_view remedy;   ///< what to do
};
/// All codes in order of their numbers.
std::span<const CodeInfo> all_codes();
const CodeInfo& info(Code code);

}  // namespace portpolicy
