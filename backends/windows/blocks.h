#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "compiler/packets/box.h"

namespace portpolicy::windows {

/// What the rules of one direction of a policy do, in their order.
struct Entry {
  std::vector<Box> boxes;  ///< of packets that Windows judges
  bool allows = false;
  std::uint32_t origin = 0;  ///< into `Filter::origins`
};

/// A deny, and of the allows before it the one that makes most of its boxes; both are origins.
struct Explosion {
  std::uint32_t deny = 0, allow = 0;
};

/// What becomes of one deny.
struct Block {
  std::vector<Box> boxes;             ///< what it denies and no earlier allow lets pass
  std::vector<std::uint32_t> cut_by;  ///< origins of allows that took something out
  Explosion culprit;
  bool leaves_protocols_to_default = false;
};

/// The deny at `place` as a block. Where the default denies, protocols that could only be named one by one are left to it
/// unless a later allow would let them pass. It may not become more than `most` boxes; `work` is taken from.
std::expected<Block, Explosion> block_of(const std::vector<Entry>& entries, std::size_t place, bool default_denies,
                                         std::size_t most, Budget& work);

}  // namespace portpolicy::windows
