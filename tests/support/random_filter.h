#pragma once

#include <cstdint>
#include <random>

#include "compiler/filter/filter.h"

/// Filters and packets over a universe so small that they meet often.
namespace portpolicy::test {

class RandomFilters {
 public:
  explicit RandomFilters(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t bound) { return engine_() % bound; }
  bool one_in(std::size_t n) { return below(n) == 0; }
  template <class Items>
  const auto& any_of(const Items& items) {
    return items[below(items.size())];
  }

  filter::Filter filter();
  Packet packet();

 private:
  AddressSet addresses();
  InterfaceSet interfaces();
  filter::Rule rule(const filter::Filter& filter, std::size_t chain);
  void add_transport(filter::Rule& rule);

  std::mt19937_64 engine_;
};

/// The packet's fields that only some protocols have are 0 where they do not.
Packet normal(Packet packet);

}  // namespace portpolicy::test
