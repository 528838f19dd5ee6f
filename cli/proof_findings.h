#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"
#include "compiler/graph/graph.h"
#include "compiler/proof/scope.h"

namespace portpolicy::cli {

/// What a comparison came to.
enum class Equality : std::uint8_t {
  equal,
  different,
  cannot_tell,  ///< what is not understood may make a difference
  too_complex,
};
std::string_view to_string(Equality equality);

/// Compares what was read back with the policy, for every packet, and says what differs. `artifact` is the file that the
/// origins of the filter stand in; without one, findings stand at the rules of the policy. Only packets of the scope are
/// compared.
Equality compare_with_policy(const Graph& policy, const filter::Filter& filter, std::optional<FileId> artifact,
                             Diagnostics& diagnostics, const proof::Scope& scope = proof::whole());

}  // namespace portpolicy::cli
