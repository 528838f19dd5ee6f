#pragma once

#include <string>

#include "cli/set_words.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/review/reach.h"

namespace portpolicy::cli {

/// Who can reach what, as a list for people: what is allowed first, then what is not. Long lists are cut, and say so.
/// `asked` is what the question was narrowed by, in its own words: ` from office in eth0`.
std::string reach_text(const Graph& graph, const SetWords& words, const review::Question& question,
                       const std::string& asked, const review::Reach& reach, const SourceMap& sources);

/// The whole answer on one line, in the form that the help of `explain` describes.
std::string reach_json(const Graph& graph, const review::Question& question, const review::Reach& reach,
                       const SourceMap& sources);

}  // namespace portpolicy::cli
