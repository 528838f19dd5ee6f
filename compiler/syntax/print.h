#pragma once

#include <string>

#include "compiler/syntax/policy.h"

namespace portpolicy::syntax {

/// The policy as it was understood, one file after another, for `--print=policy`: values in their shortest form, names
/// still names.
std::string print(const Policy& policy);

}  // namespace portpolicy::syntax
