#pragma once

#include "compiler/syntax/policy.h"
#include "compiler/syntax/reading.h"

namespace portpolicy::syntax {

/// Each of these fills `entry` from its mapping and says whether it is whole. Of one that is not, only the name, if
/// that is good, and the place can be used.
bool read_rule(Node node, Direction direction, const Context& context, Rule& entry);
bool read_management(Node node, const Context& context, Claim& entry);
bool read_test(Node node, Direction direction, const Context& context, Claim& entry);

}  // namespace portpolicy::syntax
