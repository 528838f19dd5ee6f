#pragma once

#include <string_view>

#include "compiler/base/packet.h"

namespace portpolicy::checks {

/// "allows", for messages.
std::string_view third_person(Verdict verdict);

}  // namespace portpolicy::checks
