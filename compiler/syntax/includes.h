#pragma once

#include <cstddef>
#include <vector>

#include "compiler/syntax/policy.h"

namespace portpolicy::syntax {

/// Which file includes which, directly or through others. A policy has few files.
class Includes {
 public:
  explicit Includes(const Policy& policy);
  /// Indices into `Policy::files`.
  bool lead(std::size_t from, std::size_t to) const { return lead_[from][to]; }

 private:
  std::vector<std::vector<bool>> lead_;
};

}  // namespace portpolicy::syntax
