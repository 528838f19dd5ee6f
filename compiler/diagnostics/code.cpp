#include "compiler/diagnostics/code.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace portpolicy {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  std::unreachable();
}

std::string to_string(Code code) {
  return "PP" + std::to_string(std::to_underlying(code));
}

std::optional<Code> code_named(std::string_view text) {
  if (text.size() == 5 && (text[0] == 'P' || text[0] == 'p') && (text[1] == 'P' || text[1] == 'p')) {
    text.remove_prefix(2);
  }
  for (const CodeInfo& known : all_codes()) {
    if (std::to_string(std::to_underlying(known.code)) == text) return known.code;
  }
  return std::nullopt;
}

const CodeInfo& info(Code code) {
  const auto found = std::ranges::lower_bound(all_codes(), code, {}, &CodeInfo::code);
  assert(found != all_codes().end() && found->code == code && "every code of codes.def has a row");
  return *found;
}

}  // namespace portpolicy
