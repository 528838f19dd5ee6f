#pragma once

#include <vector>

#include "backends/windows/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

namespace portpolicy::cli {

/// Takes out of the policy what its artifact leaves out, and tells each (PP403): of a deny, what it may open, with a packet where
/// one is at hand. Tests and claims are then judged again, for what is left of the policy has to keep its promises, too; those
/// about a direction that is left out go with it, and are told.
void leave_out(Graph& policy, const std::vector<windows::LeftOut>& left_out, Diagnostics& diagnostics);

}  // namespace portpolicy::cli
