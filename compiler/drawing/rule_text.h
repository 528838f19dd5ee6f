#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/print.h"

namespace portpolicy::drawing {

/// In capitals, as verdicts stand in a picture.
std::string upper(std::string_view word);

/// `ALLOW ssh from office`, in a few lines that are not long. What does not find room is in the policy; what a rule
/// overrides is drawn.
std::vector<std::string> in_words(const std::vector<syntax::Said>& all);

}  // namespace portpolicy::drawing
