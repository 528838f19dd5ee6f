#include "tests/host/support/asked.h"

#include <doctest/doctest.h>

#include <array>

#include "compiler/filter/meaning.h"

namespace portpolicy::host_tests {

host::Asked asked(const std::string& script) {
  std::expected<host::Asked, host::NotAsked> answer = host::ask_kernel(script);
  if (!answer) FAIL(answer.error().message << "\n" << script);
  return std::move(*answer);
}

std::string difference(const filter::Filter& one, const filter::Filter& other) {
  const std::array<const filter::Filter*, 2> filters{&one, &other};
  const InterfaceClasses interfaces = filter::interface_classes(filters);
  const filter::Tracked tracked(filters);
  PacketSpace space(interfaces, field_orders[0]);
  for (const Direction direction : directions)
    for (const filter::LimitWorld limits : {filter::LimitWorld::hold, filter::LimitWorld::exhausted}) {
      const auto a = filter::meaning(one, direction, space, limits, tracked);
      const auto b = filter::meaning(other, direction, space, limits, tracked);
      REQUIRE(a.has_value());
      REQUIRE(b.has_value());
      if (const auto found = filter::difference(space, tracked, *a, *b, direction))
        return std::string(to_string(direction)) + " " + to_string(found->packet) +
               (limits == filter::LimitWorld::hold ? "" : ", limits exhausted") + ": verdicts " +
               std::to_string(found->one) + " and " + std::to_string(found->other);
    }
  return "";
}

}  // namespace portpolicy::host_tests
