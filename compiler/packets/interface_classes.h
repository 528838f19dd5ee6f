#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "compiler/base/interface_set.h"
#include "compiler/base/interval_set.h"

namespace portpolicy {

/// Interfaces as numbers: all names that the same of the known patterns match, and none that is more specific, are
/// one class. Class 0 are the names that no pattern matches, and the interface whose name is not known.
class InterfaceClasses {
 public:
  /// The patterns of these sets, and no others, are known.
  explicit InterfaceClasses(const std::vector<const InterfaceSet*>& sets);

  /// The classes in a set that is made of known patterns; ascending, apart.
  std::vector<Interval<std::uint64_t>> numbers(const InterfaceSet& set) const;
  std::uint64_t number(std::string_view name) const;
  /// The names of some classes.
  InterfaceSet names(Interval<std::uint64_t> classes) const;
  std::uint64_t last() const { return patterns_.size(); }

 private:
  std::vector<InterfacePattern> patterns_;  // class n is that of patterns_[n - 1]
  std::map<InterfacePattern, std::uint64_t> number_of_;
};

}  // namespace portpolicy
