#pragma once

#include <expected>
#include <vector>

#include "compiler/filter/filter.h"
#include "compiler/packets/box.h"
#include "compiler/proof/proof.h"

namespace portpolicy::proof {

/// What is known of a rule set that is not understood in all its parts: of packets that open a connection (state new or
/// untracked) and do not use the loopback interface, those that it surely allows, and those that it allows or not as what
/// is not understood has it.
struct Bounds {
  std::vector<Box> surely, perhaps;
};
/// No more than `most` boxes each, else it is too complex. Limits are taken either way.
std::expected<Bounds, Failure> bounds(const filter::Filter& filter, Direction direction, std::size_t most);

}  // namespace portpolicy::proof
