#pragma once

#include <vector>

#include "backends/windows/model.h"

namespace portpolicy::windows {

/// Gives each rule the name `portpolicy-` and 16 hexadecimal digits of the SHA-256 digest of what it does: the same rule has
/// the same name in every version of a policy, and another rule another one. Of rules that do the same the first stays.
void give_names(std::vector<Rule>& rules);

}  // namespace portpolicy::windows
