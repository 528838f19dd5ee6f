#pragma once

#include "compiler/packets/diagram.h"

/// Maps whose values are sets of outcomes (`goes_on`).
namespace portpolicy {

/// A set of outcomes with `goes_on` as a bit like the others, and back.
constexpr Value bits_of(Value value) {
  return value == silent ? goes_on : value;
}
constexpr Value value_of(Value bits) {
  return bits == goes_on ? silent : bits;
}

/// Every set of outcomes changed.
template <class Change>
Diagram with_each(Diagrams& diagrams, const Diagram& map, Change change) {
  NewValues values{};
  for (Value value = 0; value < most_values; ++value) values[value] = value_of(change(bits_of(value)));
  return diagrams.renamed(map, values);
}

}  // namespace portpolicy
