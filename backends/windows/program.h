#pragma once

#include <string_view>

/// What stands in the folder `script`: the two parts of every script that are the same, before and behind its policy.
namespace portpolicy::windows {

extern const std::string_view script_head, script_engine;

}  // namespace portpolicy::windows
