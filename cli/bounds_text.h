#pragma once

#include <string>

#include "cli/set_words.h"
#include "compiler/filter/filter.h"

namespace portpolicy::cli {

/// What a rule set that is not understood in all its parts surely allows, and what it may allow, for people; of each
/// direction that it has rules for.
std::string bounds_text(const filter::Filter& filter, const SetWords& words);

}  // namespace portpolicy::cli
