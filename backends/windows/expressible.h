#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/packet.h"
#include "compiler/filter/filter.h"

namespace portpolicy::windows {

/// Something that Windows Firewall cannot say: of a rule of the policy, or of a whole direction.
struct Inexpressible {
  Span where;
  std::string what;  ///< ``rule `x` (policy.yaml:4)``
  std::string why;   ///< ``has the limit `10/minute`, and Windows Firewall keeps none``
  std::string help;
  std::optional<std::uint32_t> origin;  ///< of the rule; nothing: the direction
  bool may_be_left_out = true;          ///< what stands beside it says the same without it
};

/// All of it, each rule of the policy once.
std::vector<Inexpressible> inexpressible(const filter::Filter& filter);

}  // namespace portpolicy::windows
