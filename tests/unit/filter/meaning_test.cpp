#include "compiler/filter/meaning.h"

#include <doctest/doctest.h>

#include <array>

using namespace portpolicy;
using filter::Filter;
using filter::LimitWorld;
using filter::Tracked;

namespace {

/// One chain for each direction, whose packets are denied at its end.
struct Subject {
  Filter filter;
  Subject() {
    filter.origins.push_back({"r", "", {}});
    filter.chains.push_back({"base", {}});
    for (auto& hook : filter.hooks) hook = filter::Hook{filter::ChainId{0}, Verdict::deny};
  }
  Subject& add(std::vector<filter::Match> all_of, filter::Action action, std::size_t chain = 0) {
    filter.chains[chain].rules.push_back({std::move(all_of), {}, {}, action, 0});
    return *this;
  }
  filter::Opaque condition(const std::string& text, bool negated = false) {
    for (std::size_t i = 0; i < filter.opaques.size(); ++i)
      if (filter.opaques[i] == text) return {filter::OpaqueId{i}, negated};
    filter.opaques.push_back(text);
    return {filter::OpaqueId{filter.opaques.size() - 1}, negated};
  }
};

filter::Match tcp() {
  return filter::ProtocolIn{{protocols::tcp}};
}
filter::Match port(std::uint16_t number) {
  return filter::DestinationPortIn{PortSet::of({number, number})};
}

/// What two filters are compared in.
struct Comparison {
  std::array<const Filter*, 2> filters;
  InterfaceClasses interfaces;
  Tracked tracked;
  PacketSpace space;

  Comparison(const Filter& one, const Filter& other)
      : filters{&one, &other},
        interfaces(filter::interface_classes(filters)),
        tracked(filters),
        space(interfaces, field_orders[0]) {}

  Diagram of(const Filter& filter, LimitWorld limits = LimitWorld::hold, Direction direction = Direction::inbound) {
    return filter::meaning(filter, direction, space, limits, tracked).value();
  }
  std::optional<filter::Difference> difference(LimitWorld limits = LimitWorld::hold,
                                               Direction direction = Direction::inbound) {
    return filter::difference(space, tracked, of(*filters[0], limits, direction), of(*filters[1], limits, direction),
                              direction);
  }
};

}  // namespace

TEST_CASE("a condition and its opposite exclude each other") {
  Subject both, plain;
  both.add({both.condition("x")}, Verdict::allow).add({both.condition("x", true)}, Verdict::allow);
  plain.add({}, Verdict::allow);
  Comparison comparison(both.filter, plain.filter);
  CHECK_FALSE(comparison.difference());
  // Taken by itself each time, `x` leaves open whether either rule matches.
  const Diagram loose =
      filter::meaning(both.filter, Direction::inbound, comparison.space, LimitWorld::hold, Tracked{}).value();
  CHECK(loose == comparison.space.diagrams.constant(filter::bit(Verdict::allow) | filter::bit(Verdict::deny)));
  CHECK_FALSE(filter::surely(comparison.space, loose, Verdict::allow).takes(1));
}

TEST_CASE("a rule that asks for a condition and its opposite never matches, tracked or not") {
  Subject contradiction, nothing;
  contradiction.add({contradiction.condition("x"), contradiction.condition("x", true)}, Verdict::allow);
  Comparison comparison(contradiction.filter, nothing.filter);
  CHECK_FALSE(comparison.difference());
  comparison.tracked = {};
  CHECK_FALSE(comparison.difference());
}

TEST_CASE("filters with the same bounds may differ, whatever is true") {
  Subject one, other;
  one.add({one.condition("x")}, Verdict::allow);
  other.add({other.condition("x", true)}, Verdict::allow);
  Comparison comparison(one.filter, other.filter);
  const auto found = comparison.difference();
  REQUIRE(found);
  CHECK(found->certain());
  CHECK(found->when.empty());  // it is so whether `x` is true or not
  CHECK(found->one == filter::bit(Verdict::deny));
  CHECK(found->other == filter::bit(Verdict::allow));

  comparison.tracked = {};
  const auto untold = comparison.difference();
  REQUIRE(untold);
  CHECK_FALSE(untold->certain());
}

TEST_CASE("conditions of the same text are one in two filters, whatever their numbers") {
  Subject one, other;
  one.add({one.condition("x"), tcp()}, Verdict::allow).add({one.condition("y")}, Verdict::reject);
  other.condition("y");
  other.add({other.condition("x"), tcp()}, Verdict::allow).add({other.condition("y")}, Verdict::reject);
  CHECK_FALSE(Comparison(one.filter, other.filter).difference());
}

TEST_CASE("a limit leaves both outcomes open, and each world is exact") {
  Subject limited, plain, none;
  limited.filter.limits.push_back({"l", Limit::parse("1/second").value()});
  limited.add({tcp(), port(22)}, Verdict::allow).filter.chains[0].rules[0].limit = filter::LimitId{0};
  plain.add({tcp(), port(22)}, Verdict::allow);
  CHECK_FALSE(Comparison(limited.filter, plain.filter).difference(LimitWorld::hold));
  CHECK_FALSE(Comparison(limited.filter, none.filter).difference(LimitWorld::exhausted));
  Comparison comparison(limited.filter, plain.filter);
  const auto found = comparison.difference(LimitWorld::either);
  REQUIRE(found);
  CHECK_FALSE(found->certain());
  CHECK(found->one == (filter::bit(Verdict::allow) | filter::bit(Verdict::deny)));
  CHECK(found->packet.destination_port == Port(22));
  // A limit is no condition that is true or false of a packet: even of itself it may differ.
  CHECK(Comparison(limited.filter, limited.filter).difference(LimitWorld::either));
  const Diagram meaning = comparison.of(limited.filter, LimitWorld::either);
  CHECK_FALSE(filter::surely(comparison.space, meaning, Verdict::allow).takes(1));
  CHECK(filter::possibly(comparison.space, meaning, Verdict::allow).takes(1));
}

TEST_CASE("a direction that is not managed is like no other") {
  Subject managed, unmanaged;
  unmanaged.filter.hooks[0].reset();
  const auto found = Comparison(managed.filter, unmanaged.filter).difference();
  REQUIRE(found);
  CHECK(found->certain());
  CHECK(found->other == silent);
  CHECK_FALSE(Comparison(unmanaged.filter, unmanaged.filter).difference());
}

TEST_CASE("inbound packets leave by no interface, and outbound ones came in by none") {
  const InterfaceSet eth0 = InterfaceSet::of({"eth0", false});
  Subject rules, nothing;
  rules.add({filter::InterfaceOut{eth0}}, Verdict::allow);
  CHECK_FALSE(Comparison(rules.filter, nothing.filter).difference(LimitWorld::hold, Direction::inbound));
  CHECK(Comparison(rules.filter, nothing.filter).difference(LimitWorld::hold, Direction::outbound));
  CHECK(Comparison(rules.filter, nothing.filter).difference(LimitWorld::hold, Direction::forward));
  Subject others, all;
  others.add({filter::InterfaceIn{subtract(InterfaceSet::all(), eth0)}}, Verdict::allow);
  all.add({}, Verdict::allow);
  CHECK_FALSE(Comparison(others.filter, all.filter).difference(LimitWorld::hold, Direction::outbound));
  CHECK(Comparison(others.filter, all.filter).difference(LimitWorld::hold, Direction::inbound));
}

TEST_CASE("more conditions than diagrams have levels for: the others are taken either way") {
  Subject many;
  for (unsigned i = 0; i < Diagrams::most_levels; ++i)
    many.add({tcp(), port(static_cast<std::uint16_t>(i + 1)), many.condition("c" + std::to_string(i))}, Verdict::allow);
  Comparison comparison(many.filter, many.filter);
  CHECK(comparison.tracked.level("c0"));
  CHECK_FALSE(comparison.tracked.level("c" + std::to_string(Diagrams::most_levels - 1)));
  const Diagram meaning = comparison.of(many.filter);
  const Diagram possible = filter::bounds(comparison.space, meaning);
  CHECK(possible.values() ==
        (only(filter::bit(Verdict::deny)) | only(filter::bit(Verdict::allow) | filter::bit(Verdict::deny))));
  const auto found = comparison.difference();
  REQUIRE(found);
  CHECK_FALSE(found->certain());
}

TEST_CASE("chains that call the next one twice, sixty deep, end at once") {
  constexpr std::size_t deep = 60;
  Subject subject;
  for (std::size_t i = 0; i < deep; ++i) {
    subject.filter.chains.push_back({"chain" + std::to_string(i + 1), {}});
    const filter::Jump next{filter::ChainId{i + 1}};
    const auto number = static_cast<std::uint16_t>(i + 1);
    subject.add({tcp(), port(number)}, next, i).add({tcp()}, next, i).add({tcp(), port(number)}, Verdict::reject, i);
  }
  subject.add({tcp(), port(443)}, Verdict::allow, deep);
  const std::array filters{static_cast<const Filter*>(&subject.filter)};
  const InterfaceClasses interfaces = filter::interface_classes(filters);
  PacketSpace space(interfaces, field_orders[0], {.edges = 100'000, .steps = 20'000});
  const Diagram meaning =
      filter::meaning(subject.filter, Direction::inbound, space, LimitWorld::hold, Tracked{}).value();
  Packet packet;
  packet.protocol = protocols::tcp;
  const auto at = [&](std::uint16_t number) {
    packet.destination_port = Port(number);
    return space.at(meaning, packet);
  };
  CHECK(at(443) == filter::bit(Verdict::allow));
  CHECK(at(60) == filter::bit(Verdict::reject));
  CHECK(at(61) == filter::bit(Verdict::deny));
}

TEST_CASE("chains that are very deep do not exhaust the program") {
  constexpr std::size_t deep = 200'000;
  Subject subject;
  for (std::size_t i = 0; i < deep; ++i) {
    subject.filter.chains.push_back({"", {}});
    subject.add({}, filter::Jump{filter::ChainId{i + 1}}, i);
  }
  subject.add({}, Verdict::reject, deep);
  const std::array filters{static_cast<const Filter*>(&subject.filter)};
  const InterfaceClasses interfaces = filter::interface_classes(filters);
  PacketSpace space(interfaces, field_orders[0]);
  CHECK(filter::meaning(subject.filter, Direction::inbound, space, LimitWorld::hold, Tracked{}).value() ==
        space.diagrams.constant(filter::bit(Verdict::reject)));
}

TEST_CASE("a circle of chains is refused, with the chains") {
  Subject subject;
  subject.add({}, filter::Jump{filter::ChainId{0}});
  const std::array filters{static_cast<const Filter*>(&subject.filter)};
  const InterfaceClasses interfaces = filter::interface_classes(filters);
  PacketSpace space(interfaces, field_orders[0]);
  const auto meaning = filter::meaning(subject.filter, Direction::inbound, space, LimitWorld::hold, Tracked{});
  REQUIRE_FALSE(meaning.has_value());
  CHECK(meaning.error().circle == std::vector{filter::ChainId{0}});
}

TEST_CASE("a budget ends in an answer that says so") {
  Subject subject;
  for (std::uint16_t i = 0; i < 200; ++i) subject.add({tcp(), port(i)}, i % 2 == 0 ? Verdict::allow : Verdict::deny);
  const std::array filters{static_cast<const Filter*>(&subject.filter)};
  const InterfaceClasses interfaces = filter::interface_classes(filters);
  const auto answer = decide(interfaces, {.edges = 1000, .steps = 50}, [&](PacketSpace& space) {
    return filter::meaning(subject.filter, Direction::inbound, space, LimitWorld::hold, Tracked{}).value().values();
  });
  CHECK_FALSE(answer.has_value());
}
