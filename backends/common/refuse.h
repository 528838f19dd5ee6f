#pragma once

#include <functional>
#include <string>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::backend {

/// What a rule does that only rule sets of others do, and that is not written for any target; empty when it does nothing
/// of the kind.
std::string not_of_policies(const filter::Filter& filter, const filter::Rule& rule);

/// Reports each rule that packets can come to and that the target cannot say exactly: `why_not` tells why, and nothing where
/// it can.
void report_inexpressible(const filter::Filter& filter, const std::function<std::string(const filter::Rule&)>& why_not,
                          Diagnostics& diagnostics);

}  // namespace portpolicy::backend
