#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/packet.h"

namespace portpolicy::checks {

/// "allows", for messages.
std::string_view third_person(Verdict verdict);

/// "`a`, `b` and `c`"; with something else at the end "`a`, `b`, `c` and others".
std::string listed(const std::vector<std::string>& names, std::string_view others = {});

}  // namespace portpolicy::checks
