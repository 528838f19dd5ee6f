#pragma once

#include <vector>

#include "compiler/packets/box.h"

/// What is left of packets when others are taken out, in shapes that are few as rules of Windows: these can name any list of
/// addresses and of ports, but not all protocols but one.
namespace portpolicy::windows {

/// What is in `a` and not in `b`, as boxes that have nothing in common. Addresses are cut first, so that the whole of the
/// protocols stays together wherever that can be.
std::vector<Box> without(const Box& a, const Box& b);

/// Boxes that differ in one field only, made one.
void merge(std::vector<Box>& boxes);

}  // namespace portpolicy::windows
