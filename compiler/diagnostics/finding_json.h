#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

namespace portpolicy {

/// `{"file","line","column"}`: where it begins.
nlohmann::ordered_json place_json(const SourceMap& sources, Span where);

/// The findings as they stand in the fixed JSON forms: a list.
nlohmann::ordered_json to_json(const std::vector<Diagnostic>& findings, const SourceMap& sources);

/// One line of ASCII, with its line break; bytes that are not UTF-8 are replaced.
std::string dump(const nlohmann::ordered_json& json);

}  // namespace portpolicy
