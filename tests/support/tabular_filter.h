#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "compiler/filter/filter.h"

namespace portpolicy::test {

/// Filters of many rules of one kind, addresses of one side and ports, with nested networks, every verdict and a few
/// other rules between them; and one after another all packets of the small world that they speak of.
class TabularFilters {
 public:
  explicit TabularFilters(std::uint64_t seed) : engine_(seed) {}

  filter::Filter filter();
  /// The next packet of the world.
  Packet packet();

  static constexpr std::array<std::uint16_t, 6> ports{21, 22, 23, 24, 80, 443};
  /// The last bits of the addresses; the others are the same for all but one.
  static constexpr unsigned hosts = 17;
  static constexpr std::size_t protocols_asked = 4;
  static constexpr int worlds_packets = static_cast<int>(2 * hosts * ports.size() * protocols_asked);

 private:
  std::size_t below(std::size_t bound) { return engine_() % bound; }
  AddressSet addresses();
  filter::Rule rule(std::size_t address_sets);

  std::mt19937_64 engine_;
  std::size_t next_packet_ = 0;
};

}  // namespace portpolicy::test
