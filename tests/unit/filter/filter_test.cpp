#include "compiler/filter/filter.h"

#include <doctest/doctest.h>

#include "compiler/filter/calls.h"

using namespace portpolicy;
using filter::ChainId;
using filter::Filter;

namespace {

filter::Rule rule(filter::Action action, std::vector<filter::Match> all_of = {}) {
  return {std::move(all_of), {}, {}, action, 0};
}

/// The first chain is that of inbound packets, which are allowed at its end.
Filter with_chains(std::vector<std::vector<filter::Rule>> chains) {
  Filter result;
  result.origins.push_back({"r", "", {}});
  for (std::vector<filter::Rule>& rules : chains)
    result.chains.push_back({"chain" + std::to_string(result.chains.size()), std::move(rules)});
  result.hooks[0] = filter::Hook{ChainId{0}, Verdict::allow};
  return result;
}

Verdict verdict(const Filter& filter, const filter::OpaqueTruths& truths = {}) {
  return evaluate(filter, Packet{}, false, truths).verdict.value();
}

filter::Jump jump(std::size_t chain) {
  return {ChainId{chain}};
}
filter::Goto go(std::size_t chain) {
  return {ChainId{chain}};
}
constexpr filter::Return back{};

}  // namespace

TEST_CASE("a jump comes back behind itself, whether its chain ends or returns") {
  CHECK(verdict(with_chains({{rule(jump(1)), rule(Verdict::deny)}, {}})) == Verdict::deny);
  CHECK(verdict(with_chains({{rule(jump(1)), rule(Verdict::deny)}, {rule(back), rule(Verdict::reject)}})) ==
        Verdict::deny);
}

TEST_CASE("a goto comes back behind the call of its own chain") {
  const Filter filter = with_chains({{rule(jump(1)), rule(Verdict::deny)}, {rule(go(2)), rule(Verdict::reject)}, {}});
  CHECK(verdict(filter) == Verdict::deny);
  CHECK(verdict(with_chains({{rule(go(1)), rule(Verdict::deny)}, {rule(back)}})) == Verdict::allow);
  CHECK(verdict(with_chains({{rule(go(1)), rule(Verdict::deny)}, {rule(Verdict::reject)}})) == Verdict::reject);
}

TEST_CASE("a return in the first chain is the default, and a rule without verdict is passed") {
  CHECK(verdict(with_chains({{rule(back), rule(Verdict::deny)}})) == Verdict::allow);
  CHECK(verdict(with_chains({{rule(filter::Continue{}), rule(Verdict::deny)}})) == Verdict::deny);
}

TEST_CASE("an opaque condition is what the caller says it is") {
  Filter filter = with_chains({{rule(Verdict::deny, {filter::Opaque{filter::OpaqueId{0}, false}}),
                                rule(Verdict::reject, {filter::Opaque{filter::OpaqueId{0}, true}})}});
  filter.opaques.emplace_back("time 9:00 to 17:00\x1b");
  CHECK(verdict(filter, {true}) == Verdict::deny);
  CHECK(verdict(filter, {false}) == Verdict::reject);
  CHECK(print(filter) ==
        "chain chain0:\n"
        "  `time 9:00 to 17:00\\x1b`; deny  # r\n"
        "  not `time 9:00 to 17:00\\x1b`; reject  # r\n"
        "  otherwise allow\n");
}

TEST_CASE("every action is printed") {
  CHECK(print(with_chains({{rule(jump(1)), rule(go(1)), rule(back), rule(filter::Continue{})}, {}})) ==
        "chain chain0:\n"
        "  jump chain1  # r\n"
        "  goto chain1  # r\n"
        "  return  # r\n"
        "  continue  # r\n"
        "  otherwise allow\n"
        "chain chain1:\n");
}

TEST_CASE("a chain stands behind those that it calls") {
  const Filter filter = with_chains({{rule(jump(2)), rule(go(1))}, {rule(jump(2))}, {}, {rule(jump(3))}});
  CHECK(called_first(filter, ChainId{0}).value() == std::vector{ChainId{2}, ChainId{1}, ChainId{0}});
  CHECK(called_first(filter, ChainId{2}).value() == std::vector{ChainId{2}});
}

TEST_CASE("chains that call each other in a circle are found, whatever leads to them") {
  const Filter filter = with_chains({{rule(jump(1))}, {rule(Verdict::allow), rule(go(2))}, {rule(jump(1))}});
  const auto called = called_first(filter, ChainId{0});
  REQUIRE_FALSE(called.has_value());
  CHECK(called.error().circle == std::vector{ChainId{1}, ChainId{2}});
  const auto itself = called_first(with_chains({{rule(go(0))}}), ChainId{0});
  REQUIRE_FALSE(itself.has_value());
  CHECK(itself.error().circle == std::vector{ChainId{0}});
}
