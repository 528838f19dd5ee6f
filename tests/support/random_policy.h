#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/packet.h"

namespace portpolicy::test {

/// The same choices for the same seed, on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  /// A number below `end`, which is not 0.
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
  bool chance(unsigned percent) { return below(100) < percent; }
  template <class Container>
  const typename Container::value_type& one_of(const Container& values) {
    return values[below(values.size())];
  }
  Uint128 wide() { return static_cast<Uint128>(engine_()) << 64 | engine_(); }

 private:
  std::mt19937_64 engine_;
};

/// A policy as text: what stands before its rules, and the rules of each direction, one a line.
struct PolicyText {
  std::string head;
  std::array<std::vector<std::string>, 3> rules;
  std::string text() const;
};
PolicyText random_policy(Random& random);

}  // namespace portpolicy::test
