#include "compiler/filter/meaning.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "compiler/checks/section_maps.h"
#include "compiler/graph/lower.h"
#include "tests/support/compilation.h"
#include "tests/support/effort.h"
#include "tests/support/random_filter.h"
#include "tests/support/random_policy.h"

// The meaning of random filters, with all that rule sets of others may have, against the naive evaluator under every
// assignment of the opaque conditions.

using namespace portpolicy;
using filter::Filter;
using filter::LimitWorld;
using filter::Tracked;

namespace {

constexpr std::array<std::string_view, 3> opaque_texts{"time 9 to 17", "mark 7", "a set of others"};

struct Dice : test::RandomFilters {
  using RandomFilters::RandomFilters;

  /// Some rules go to chains for good, return, decide nothing, or ask for what the model does not understand.
  Filter foreign_filter() {
    Filter result = filter();
    for (std::size_t i = below(opaque_texts.size() + 1); i != 0; --i) result.opaques.emplace_back(opaque_texts[i - 1]);
    const std::size_t rare = one_in(2) ? 2 : 12;
    for (filter::Chain& chain : result.chains)
      for (filter::Rule& rule : chain.rules) change(rule, result.opaques.size(), rare);
    return result;
  }

  void change(filter::Rule& rule, std::size_t opaques, std::size_t rare) {
    const bool opaque = opaques != 0 && one_in(rare);
    // Wider rules, that more packets meet.
    if (opaque || one_in(3)) rule.all_of.resize(std::min<std::size_t>(rule.all_of.size(), below(2)));
    if (opaque) rule.all_of.push_back(filter::Opaque{filter::OpaqueId(below(opaques)), one_in(2)});
    if (opaque && one_in(4)) rule.all_of.push_back(filter::Opaque{filter::OpaqueId(below(opaques)), one_in(2)});
    if (const auto* jump = std::get_if<filter::Jump>(&rule.action); jump != nullptr && one_in(3))
      rule.action = filter::Goto{jump->chain};
    if (one_in(10)) rule.action = filter::Return{};
    if (one_in(15)) rule.action = filter::Continue{};
  }

  Packet packet_of(Direction direction) {
    for (;;)
      if (const Packet packet = this->packet(); packet.direction == direction) return packet;
  }
};

Value verdict_of(const Filter& filter, const Packet& packet, bool exhausted, const filter::OpaqueTruths& truths) {
  const auto verdict = filter::evaluate(filter, packet, exhausted, truths).verdict;
  return verdict ? filter::bit(*verdict) : silent;
}

std::vector<filter::OpaqueTruths> all_truths(const Filter& filter) {
  std::vector<filter::OpaqueTruths> result;
  for (unsigned bits = 0; bits < 1u << filter.opaques.size(); ++bits) {
    filter::OpaqueTruths& truths = result.emplace_back();
    for (std::size_t i = 0; i < filter.opaques.size(); ++i) truths.push_back((bits >> i & 1) != 0);
  }
  return result;
}

PacketSpace::Beyond beyond_of(const Filter& filter, const Tracked& tracked, const filter::OpaqueTruths& truths) {
  PacketSpace::Beyond beyond;
  for (std::size_t i = 0; i < truths.size(); ++i) beyond[*tracked.level(filter.opaques[i])] = truths[i];
  return beyond;
}

/// Whether no opaque condition is asked twice on any way through the filter. Random filters call only later chains.
bool each_once(const Filter& filter, filter::ChainId start) {
  std::vector<std::size_t> ways(filter.chains.size());
  std::vector<std::size_t> asked(filter.opaques.size());
  ways[start.index] = 1;
  for (std::size_t i = 0; i < filter.chains.size(); ++i)
    for (const filter::Rule& rule : filter.chains[i].rules) {
      if (const auto* jump = std::get_if<filter::Jump>(&rule.action)) ways[jump->chain.index] += ways[i];
      if (const auto* go = std::get_if<filter::Goto>(&rule.action)) ways[go->chain.index] += ways[i];
      for (const filter::Match& match : rule.all_of)
        if (const auto* opaque = std::get_if<filter::Opaque>(&match)) asked[opaque->condition.index] += ways[i];
    }
  return std::ranges::all_of(asked, [](std::size_t count) { return count <= 1; });
}

/// Each limited rule asks for a condition of its own instead, which no rule shares.
Filter with_opaque_limits(Filter filter) {
  for (filter::Chain& chain : filter.chains)
    for (filter::Rule& rule : chain.rules) {
      if (!rule.limit) continue;
      rule.all_of.push_back(filter::Opaque{filter::OpaqueId(filter.opaques.size()), false});
      filter.opaques.push_back("limit " + std::to_string(filter.opaques.size()));
      rule.limit.reset();
    }
  return filter;
}

Diagram meaning_of(const Filter& filter, Direction direction, PacketSpace& space, LimitWorld limits,
                   const Tracked& tracked) {
  const auto map = filter::meaning(filter, direction, space, limits, tracked);
  REQUIRE(map.has_value());
  return *map;
}

struct Counts {
  std::size_t packets = 0, sure = 0, open = 0, exact = 0, wider = 0;
};

/// The packets that are tried: random ones, and one for each value of the map.
std::vector<Packet> packets_for(Dice& dice, const PacketSpace& space, const Diagram& map, Direction direction) {
  std::vector<Packet> packets;
  for (int i = 0; i < 25; ++i) packets.push_back(dice.packet_of(direction));
  for (Value value = 0; value < most_values; ++value)
    if (map.takes(value)) packets.push_back(space.example(map, only(value), direction));
  return packets;
}

void compare(Dice& dice, const Filter& filter, Direction direction, PacketSpace& space, bool exhausted,
             Counts& counts) {
  const std::array filters{&filter};
  const Tracked tracked(filters);
  const LimitWorld limits = exhausted ? LimitWorld::exhausted : LimitWorld::hold;
  const Diagram exact = meaning_of(filter, direction, space, limits, tracked);
  const Diagram exact_bounds = filter::bounds(space, exact);
  const Diagram loose = meaning_of(filter, direction, space, limits, Tracked{});
  const Diagram either = meaning_of(filter, direction, space, LimitWorld::either, tracked);
  const auto& hook = filter.hooks[static_cast<std::size_t>(direction)];
  const bool once = !hook || each_once(filter, hook->chain);
  CHECK(filter::bounds(space, loose) == loose);
  for (const Packet& packet : packets_for(dice, space, exact_bounds, direction)) {
    CAPTURE(to_string(packet));
    Value all = 0;
    for (const filter::OpaqueTruths& truths : all_truths(filter)) {
      const Value verdict = verdict_of(filter, packet, exhausted, truths);
      const PacketSpace::Beyond beyond = beyond_of(filter, tracked, truths);
      REQUIRE(space.at(exact, packet, beyond) == verdict);
      REQUIRE((space.at(either, packet, beyond) & verdict) == verdict);
      all |= verdict;
    }
    REQUIRE(space.at(exact_bounds, packet) == all);
    const Value supposed = space.at(loose, packet);
    REQUIRE((supposed & all) == all);
    if (once) REQUIRE(supposed == all);
    for (const Verdict verdict : {Verdict::allow, Verdict::deny, Verdict::reject}) {
      REQUIRE((space.at(filter::surely(space, exact, verdict), packet) == 1) == (all == filter::bit(verdict)));
      REQUIRE((space.at(filter::possibly(space, exact, verdict), packet) == 1) == ((all & filter::bit(verdict)) != 0));
    }
    ++counts.packets;
    ++((all & (all - 1)) == 0 ? counts.sure : counts.open);
    ++(supposed == all ? counts.exact : counts.wider);
  }
}

/// Some of its allows limited.
std::string limited_policy(test::Random& random) {
  test::PolicyText policy = test::random_policy(random);
  for (std::vector<std::string>& rules : policy.rules)
    for (std::string& rule : rules)
      if (rule.starts_with("{allow: ") && random.chance(30)) rule.insert(rule.rfind('}'), ", limit: 5/second");
  return policy.text();
}

constexpr std::array some_limits{LimitWorld::exhausted, LimitWorld::hold, LimitWorld::either};

}  // namespace

TEST_CASE("the meaning of a filter is what its evaluator says under every assignment of the opaque conditions") {
  Counts counts;
  for (unsigned seed = 0; seed < test::trials(3000); ++seed) {
    Dice dice(seed);
    const Filter filter = dice.foreign_filter();
    CAPTURE(seed);
    CAPTURE(filter::print(filter));
    const std::array filters{&filter};
    const InterfaceClasses interfaces = filter::interface_classes(filters);
    PacketSpace space(interfaces, field_orders[seed % field_orders.size()]);
    for (const Direction direction : directions)
      for (const bool exhausted : {false, true}) compare(dice, filter, direction, space, exhausted, counts);
  }
  MESSAGE(counts.packets << " packets, " << counts.sure << " sure, " << counts.open
                         << " open; untracked: " << counts.exact << " exact, " << counts.wider << " wider");
  CHECK(counts.open * 20 > counts.packets);
  CHECK(counts.wider * 100 > counts.packets);
}

TEST_CASE("a limit that may go either way is like a condition that nothing else asks for") {
  for (unsigned seed = 0; seed < test::trials(1000); ++seed) {
    Dice dice(seed);
    const Filter filter = dice.foreign_filter(), opaque = with_opaque_limits(filter);
    CAPTURE(seed);
    CAPTURE(filter::print(filter));
    const std::array filters{&filter};
    const InterfaceClasses interfaces = filter::interface_classes(filters);
    PacketSpace space(interfaces, field_orders[0]);
    for (const Tracked& tracked : {Tracked{}, Tracked(filters)})
      for (const Direction direction : directions)
        CHECK(meaning_of(filter, direction, space, LimitWorld::either, tracked) ==
              meaning_of(opaque, direction, space, LimitWorld::hold, tracked));
  }
}

TEST_CASE("two filters differ where the difference says, and nowhere when there is none") {
  std::size_t equal = 0, certain = 0, open = 0, by_condition = 0;
  for (unsigned seed = 0; seed < test::trials(3000); ++seed) {
    Dice dice(seed);
    const Filter one = dice.foreign_filter();
    Filter other = one;
    filter::Chain& chain = other.chains[dice.below(other.chains.size())];
    if (chain.rules.empty()) continue;
    filter::Rule& changed = chain.rules[dice.below(chain.rules.size())];
    dice.change(changed, other.opaques.size(), 2);
    if (dice.one_in(2)) changed.action = static_cast<Verdict>(dice.below(3));
    CAPTURE(seed);
    CAPTURE(filter::print(one));
    CAPTURE(filter::print(other));
    const std::array<const Filter*, 2> filters{&one, &other};
    const InterfaceClasses interfaces = filter::interface_classes(filters);
    const Tracked tracked = dice.one_in(4) ? Tracked{} : Tracked(filters);
    PacketSpace space(interfaces, field_orders[seed % field_orders.size()]);
    const Direction direction = dice.any_of(directions);
    const LimitWorld limits = dice.any_of(some_limits);
    const Diagram a = meaning_of(one, direction, space, limits, tracked);
    const Diagram b = meaning_of(other, direction, space, limits, tracked);
    const auto found = difference(space, tracked, a, b, direction);
    if (!found) {
      ++equal;
      for (int i = 0; i < 20; ++i) {
        const Packet packet = dice.packet_of(direction);
        for (const filter::OpaqueTruths& truths : all_truths(one))
          for (const bool exhausted : {false, true})
            if (limits == LimitWorld::either || (limits == LimitWorld::exhausted) == exhausted)
              REQUIRE(verdict_of(one, packet, exhausted, truths) == verdict_of(other, packet, exhausted, truths));
      }
      continue;
    }
    ++(found->certain() ? certain : open);
    if (!found->when.empty()) ++by_condition;
    CAPTURE(to_string(found->packet));
    filter::OpaqueTruths truths(one.opaques.size());
    for (const auto& [text, holds] : found->when)
      truths[static_cast<std::size_t>(std::ranges::find(one.opaques, text) - one.opaques.begin())] = holds;
    const bool exhausted = limits == LimitWorld::exhausted;
    const Value x = verdict_of(one, found->packet, exhausted, truths);
    const Value y = verdict_of(other, found->packet, exhausted, truths);
    REQUIRE((found->one & x) == x);
    REQUIRE((found->other & y) == y);
    if (found->certain()) REQUIRE(x != y);
  }
  MESSAGE(equal << " equal, " << certain << " certain differences, " << by_condition << " by a condition, " << open
                << " open");
  CHECK(equal > test::trials(500));
  CHECK(certain > test::trials(200));
  CHECK(by_condition > test::trials(50));
  CHECK(open > test::trials(50));
}

TEST_CASE("what a graph is lowered to means what its own maps say, in both worlds") {
  std::size_t sections = 0, limited = 0;
  for (unsigned seed = 1; seed <= test::trials(800); ++seed) {
    CAPTURE(seed);
    test::Random random(seed);
    const std::string text = limited_policy(random);
    CAPTURE(text);
    const test::Compilation result = test::compile_text(text, Thoroughness::errors);
    const Graph& graph = result.compiled.graph;
    const Filter filter = lower(graph, result.sources);
    const InterfaceClasses interfaces = interface_classes(graph);
    for (const Direction direction : directions) {
      const Section& section = graph.section(direction);
      PacketSpace space(interfaces, field_orders[seed % field_orders.size()]);
      if (!section.managed) {
        CHECK(meaning_of(filter, direction, space, LimitWorld::either, {}) == space.diagrams.constant(silent));
        continue;
      }
      NewValues bits{};
      for (const Verdict verdict : {Verdict::allow, Verdict::deny, Verdict::reject})
        bits[checks::value_of(verdict)] = filter::bit(verdict);
      checks::SectionMaps maps(space, graph, direction);
      const auto worlds = maps.decided();
      const auto of_graph = [&](const Diagram& decided) {
        const Diagram otherwise = space.diagrams.constant(checks::value_of(section.otherwise));
        return space.diagrams.renamed(space.diagrams.over(decided, otherwise), bits);
      };
      CHECK(meaning_of(filter, direction, space, LimitWorld::exhausted, {}) == of_graph(worlds.front()));
      CHECK(meaning_of(filter, direction, space, LimitWorld::hold, {}) == of_graph(worlds.back()));
      ++sections;
      if (worlds.size() == 2) ++limited;
    }
  }
  MESSAGE(sections << " sections, " << limited << " with limits");
  CHECK(limited * 5 > sections);
}
