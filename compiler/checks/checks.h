#pragma once

#include <cstdint>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/build.h"
#include "compiler/graph/graph.h"

/// One question a function; each reports what it finds, with a packet as the witness.
namespace portpolicy::checks {

/// Packets whose foremost matching rules disagree (PP301). A pair of rules that is too hard to decide within the budget
/// is reported as such (PP305), never passed.
void conflicting(const Graph& graph, Diagnostics& diagnostics);

/// Rules without a packet: addresses empty after exceptions, or of two families (PP303).
void matching_nothing(const Graph& graph, Diagnostics& diagnostics);

/// Parts of a rule or a definition that can match nothing, of a family that the rest does not have or taken out by
/// `except`, and exceptions that take nothing out (PP303).
void empty_parts(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics);

/// ICMP of a rule that connection tracking never calls new, so that base traffic has decided it (PP321).
void icmp_answers(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics);

/// What each rule does in its place: nothing (PP313), nothing that others would not do as well (PP314), more than is wise
/// (PP312), or no more with its limit than without (PP315). With `only_errors` just the first is asked.
void effects(const Graph& graph, bool only_errors, Diagnostics& diagnostics);

/// What became of a claim. One that is about an unmanaged direction, or too complex, is not decided.
enum class Outcome : std::uint8_t { holds, fails, undecided };

/// Tests, `management` and `only-from`, proven for every packet that they describe (PP306 to PP309): what became of each,
/// in the order of `Graph::claims`.
std::vector<Outcome> claims(const Graph& graph, Diagnostics& diagnostics);

/// Rules for everybody of one family that leave out the other (PP319).
void family_forgotten(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics);

/// Rules that disagree and overlap in part, so that their order matters (PP316, with this severity), and denials that an
/// allow of an including file overtakes in part (PP317). To come after `effects`, which says what is overtaken wholly.
void crossing(const syntax::Policy& policy, const Graph& graph, Severity severity, Diagnostics& diagnostics);

/// Networks, services and interfaces that nothing uses (PP318).
void unused(const syntax::Policy& policy, Diagnostics& diagnostics);

/// Rules whose last day is near (PP320).
void ending_soon(const syntax::Policy& policy, const Host& host, Diagnostics& diagnostics);

/// Takes out the warnings that `waive` silences, at the rule, or by the name of a rule or a definition. Reports waivers of
/// what is not a warning (PP227), of names that do not exist (PP201), and, when `all` warnings were looked for, those
/// that silence nothing (PP310).
void waive(const syntax::Policy& policy, bool all, Diagnostics& diagnostics);

}  // namespace portpolicy::checks
