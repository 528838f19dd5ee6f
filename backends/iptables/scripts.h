#pragma once

#include <string>

#include "backends/common/header.h"

/// POSIX shell that puts the chains of `rules.v4` and `rules.v6`, which stand beside it, among the rules of other tools, and
/// takes them out again. All that it reads from files and from the kernel stays data.
namespace portpolicy::iptables {

/// One transaction for each family, so that each has its old rules or its new ones at every moment. Where its jumps stand:
/// docs/decisions/0016-where-iptables-hooks.md.
std::string load_script(const backend::Header& header);

/// Removes what `load` of any policy has left, and nothing else.
std::string unload_script(const backend::Header& header);

}  // namespace portpolicy::iptables
