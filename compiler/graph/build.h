#pragma once

#include "compiler/base/date.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

namespace portpolicy {

/// What is not in the policy and yet decides what it means; it enters here and nowhere else.
struct Host {
  Date today;  ///< rules whose `until` is before this day are out
};

/// Resolves every name in `policy` and puts the rules in order. A name that does not resolve is reported and its rule
/// left out, so that later passes still run and one mistake yields one message.
Graph build(const syntax::Policy& policy, const Host& host, Diagnostics& diagnostics);

}  // namespace portpolicy
