#include "compiler/syntax/includes.h"

namespace portpolicy::syntax {

Includes::Includes(const Policy& policy) : lead_(policy.files.size(), std::vector<bool>(policy.files.size())) {
  for (std::size_t from = 0; from < lead_.size(); ++from) {
    std::vector<std::size_t> open{from};
    while (!open.empty()) {
      const std::size_t file = open.back();
      open.pop_back();
      for (const auto& include : policy.files[file].includes) {
        if (lead_[from][include.value]) continue;
        lead_[from][include.value] = true;
        open.push_back(include.value);
      }
    }
  }
}

}  // namespace portpolicy::syntax
