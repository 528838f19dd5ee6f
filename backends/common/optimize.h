#pragma once

#include <cstdint>

namespace portpolicy::backend {

/// What the rules are made for.
enum class Optimize : std::uint8_t {
  readable,   ///< as a person would write it: a rule for each rule
  fast,       ///< so that a packet costs little, however many rules there are
  automatic,  ///< readable until it costs much more than fast
};

}  // namespace portpolicy::backend
