#pragma once

#include <string>

#include "tests/support/random_policy.h"

namespace portpolicy::test {

/// A policy of ordered rules that Windows Firewall can say: allows and denies of either direction that overlap in many ways,
/// under either default.
std::string random_windows_policy(Random& random);

}  // namespace portpolicy::test
