#include "compiler/packets/interface_classes.h"

#include <algorithm>
#include <string>

namespace portpolicy {
namespace {

const InterfacePattern everything{"", true};

}  // namespace

InterfaceClasses::InterfaceClasses(const std::vector<const InterfaceSet*>& sets) {
  for (const InterfaceSet* set : sets)
    for (InterfacePattern& pattern : set->patterns())
      if (pattern != everything) number_of_.emplace(std::move(pattern), 0);
  for (auto& [pattern, number] : number_of_) {
    patterns_.push_back(pattern);
    number = patterns_.size();
  }
}

std::vector<Interval<std::uint64_t>> InterfaceClasses::numbers(const InterfaceSet& set) const {
  std::vector<Interval<std::uint64_t>> result;
  const auto take = [&](std::uint64_t number) {
    if (!result.empty() && result.back().last + 1 == number) result.back().last = number;
    else result.push_back({number, number});
  };
  if (set.contains("")) take(0);
  for (std::size_t i = 0; i < patterns_.size(); ++i)
    if (set.contains(patterns_[i])) take(i + 1);
  // Diagrams know no end of a field.
  if (!result.empty() && result.back().last == last()) result.back().last = ~std::uint64_t{0};
  return result;
}

std::uint64_t InterfaceClasses::number(std::string_view name) const {
  const auto exact = number_of_.find({std::string(name), false});
  if (exact != number_of_.end()) return exact->second;
  for (std::size_t length = name.size(); length > 0; --length) {
    const auto around = number_of_.find({std::string(name.substr(0, length)), true});
    if (around != number_of_.end()) return around->second;
  }
  return 0;
}

InterfaceSet InterfaceClasses::names(Interval<std::uint64_t> classes) const {
  if (classes.first == 0 && classes.last >= last()) return InterfaceSet::all();
  InterfaceSet result;
  for (std::uint64_t number = classes.first; number <= std::min(classes.last, last()); ++number) {
    const InterfacePattern& own = number == 0 ? everything : patterns_[number - 1];
    std::vector<InterfacePattern> inside;
    for (const InterfacePattern& pattern : patterns_)
      if (pattern != own && own.covers(pattern)) inside.push_back(pattern);
    result = unite(result, subtract(InterfaceSet::of(own), InterfaceSet::of(inside)));
  }
  return result;
}

}  // namespace portpolicy
