#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/windows/model.h"

namespace portpolicy::windows {

/// The conditions of a rule as parameters of New-NetFirewallRule, in the order in which they are written: the name and the
/// values, in ASCII. Protocol comes first and has one value; what a rule does not ask for is not there.
std::vector<std::pair<std::string_view, std::vector<std::string>>> parameters_of(const Conditions& conditions);

std::string_view to_string(Action action);
std::string_view parameter(Direction direction);

}  // namespace portpolicy::windows
