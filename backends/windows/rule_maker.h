#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "backends/windows/model.h"
#include "compiler/packets/box.h"

namespace portpolicy::windows {

/// Rules for the packets of a box: one for each protocol that it names, and more where a list is longer than Windows takes.
/// A condition of one family is spelled so that it never matches the other. What no rule can name (`nameable`) is left out.
std::vector<Conditions> conditions_of(const Box& box, Direction direction);

/// The protocols of a box that only have rules when each is named by itself.
ProtocolSet named_one_by_one(const Box& box);

}  // namespace portpolicy::windows
