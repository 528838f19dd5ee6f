#pragma once

#include <string_view>

/// What stands in the folder `shell`. A script is a header, what is common to both, and its own part.
namespace portpolicy::iptables {

extern const std::string_view shell_common, shell_load, shell_unload;

}  // namespace portpolicy::iptables
