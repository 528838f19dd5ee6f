#pragma once

#include <string>

#include "compiler/filter/filter.h"
#include "host/nftables/ask.h"

namespace portpolicy::host_tests {

/// What the kernel makes of a script; the running test fails when it cannot be asked.
host::Asked asked(const std::string& script);

/// The first packet to which two filters give different verdicts, in either world of limits; empty when there is none.
std::string difference(const filter::Filter& one, const filter::Filter& other);

}  // namespace portpolicy::host_tests
