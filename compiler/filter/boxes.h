#pragma once

#include <vector>

#include "compiler/filter/filter.h"
#include "compiler/packets/box.h"

namespace portpolicy::filter {

/// The packets of this direction that meet what a rule asks of packets; opaque conditions and limits are left aside. An
/// interface that they do not have has no name. Each box is of one family, or of both and of protocols that both have.
std::vector<Box> boxes_of(const Filter& filter, const Rule& rule, Direction direction);

}  // namespace portpolicy::filter
