#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/packet.h"

namespace portpolicy::checks {

/// "allows", for messages.
std::string_view third_person(Verdict verdict);

/// "`a`, `b` and `c`".
std::string listed(const std::vector<std::string>& names);

}  // namespace portpolicy::checks
