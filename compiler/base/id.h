#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace portpolicy {

/// The index of an element in the one vector that holds all elements of its kind.
template <class Tag>
struct Id {
  std::uint32_t index = 0;

  constexpr Id() = default;
  constexpr explicit Id(std::size_t value) : index(static_cast<std::uint32_t>(value)) {}
  friend constexpr auto operator<=>(Id, Id) = default;
};

}  // namespace portpolicy
