#pragma once

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

/// One question a function; each reports what it finds, with a packet as the witness.
namespace portpolicy::checks {

/// Packets whose foremost matching rules disagree (PP301). A pair of rules that is too hard to decide within the budget
/// is reported as such (PP305), never passed.
void conflicting(const Graph& graph, Diagnostics& diagnostics);

/// Rules without a packet: addresses empty after exceptions, or of two families (PP303).
void matching_nothing(const Graph& graph, Diagnostics& diagnostics);

/// Tests, `management` and `only-from`, proven for every packet that they describe (PP306 to PP309).
void claims(const Graph& graph, Diagnostics& diagnostics);

/// Takes out the warnings that `waive` silences, at the rule or by its name. Reports waivers of what is not a warning
/// (PP227), of rules that do not exist (PP201), and those that silence nothing (PP310).
void waive(const syntax::Policy& policy, Diagnostics& diagnostics);

}  // namespace portpolicy::checks
