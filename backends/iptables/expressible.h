#pragma once

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::iptables {

/// Reports every rule that iptables cannot say exactly.
void report_inexpressible(const filter::Filter& filter, Diagnostics& diagnostics);

}  // namespace portpolicy::iptables
