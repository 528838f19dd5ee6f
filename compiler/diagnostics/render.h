#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

namespace portpolicy {

/// Text that is safe on a terminal: control characters, bidirectional overrides, invisible format characters and bytes
/// that are not UTF-8 become `\x1b`, `\u202e` and the like.
std::string escaped(std::string_view text);

enum class Colour : bool { off, on };

/// The findings for people: each with its code, place, the line it points at, carets, second places, the witness packet
/// and help.
std::string render_text(const std::vector<Diagnostic>& findings, const SourceMap& sources, Colour colour);

/// The last line of a report: `2 errors, 1 warning`; empty when there is nothing.
std::string summary(const std::vector<Diagnostic>& findings);

/// The fixed JSON form, `{"format_version":1,"findings":[...]}`, one line.
std::string render_json(const std::vector<Diagnostic>& findings, const SourceMap& sources);

}  // namespace portpolicy
