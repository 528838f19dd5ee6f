#include "compiler/packets/diagram.h"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <vector>

#include "tests/support/effort.h"

using namespace portpolicy;

// Diagrams against brute force over tiny universes, in which every tuple is tried. A number of n bits reaches to the end
// of its level, as those of the packet space do.

namespace {

using Numbers = Interval<std::uint64_t>;

struct Universe {
  std::vector<unsigned> bits;  // of each level

  std::size_t size() const {
    std::size_t all = 1;
    for (const unsigned each : bits) all <<= each;
    return all;
  }
  std::uint64_t number(std::size_t tuple, std::size_t level) const {
    for (std::size_t i = 0; i < level; ++i) tuple >>= bits[i];
    return tuple & ((1u << bits[level]) - 1);
  }
};

/// One value for each tuple.
using Table = std::vector<Value>;

Numbers to_the_end(Numbers numbers, unsigned bits) {
  return {numbers.first, numbers.last == (1u << bits) - 1 ? ~std::uint64_t{0} : numbers.last};
}

/// A product of intervals, and what it is worth.
struct Rule {
  std::vector<Numbers> box;
  Value value = silent;
};

Table table_of(const Universe& universe, const Rule& rule) {
  Table table(universe.size(), silent);
  for (std::size_t tuple = 0; tuple < table.size(); ++tuple) {
    bool inside = true;
    for (std::size_t level = 0; level < rule.box.size(); ++level) {
      const std::uint64_t number = universe.number(tuple, level);
      inside = inside && rule.box[level].first <= number && number <= rule.box[level].last;
    }
    if (inside) table[tuple] = rule.value;
  }
  return table;
}

Diagram diagram_of(Diagrams& diagrams, const Universe& universe, const Rule& rule) {
  Diagram result = diagrams.constant(rule.value);
  for (std::size_t level = rule.box.size(); level-- > 0;) {
    const std::array numbers{to_the_end(rule.box[level], universe.bits[level])};
    result = diagrams.narrow(static_cast<Diagrams::Level>(level), numbers, result);
  }
  return result;
}

Table read(const Diagrams& diagrams, const Universe& universe, const Diagram& diagram) {
  Table table;
  for (std::size_t tuple = 0; tuple < universe.size(); ++tuple)
    table.push_back(diagrams.at(diagram, [&](unsigned level) { return universe.number(tuple, level); }));
  return table;
}

template <class Function>
Table combined(const Table& a, const Table& b, Function function) {
  Table table;
  for (std::size_t i = 0; i < a.size(); ++i) table.push_back(function(a[i], b[i]));
  return table;
}

Values values_in(const Table& table) {
  Values values = 0;
  for (const Value value : table) values |= only(value);
  return values;
}

/// The union of the values at all tuples that agree before a level.
Table united(const Universe& universe, const Table& table, std::size_t from) {
  std::size_t agreeing = 1;
  for (std::size_t level = 0; level < from; ++level) agreeing <<= universe.bits[level];
  std::vector<Value> all(agreeing, 0);
  for (std::size_t tuple = 0; tuple < table.size(); ++tuple) all[tuple % agreeing] |= table[tuple];
  Table result;
  for (std::size_t tuple = 0; tuple < table.size(); ++tuple) result.push_back(all[tuple % agreeing]);
  return result;
}

Value over(Value upper, Value lower) {
  return upper != silent ? upper : lower;
}

/// As sets of outcomes, of which 16 is that nothing is said.
Value then(Value first, Value second) {
  const auto bits = [](Value value) -> unsigned { return value == silent ? goes_on : value; };
  const unsigned both = (bits(first) & goes_on) == 0 ? bits(first) : (bits(first) & 15u) | bits(second);
  return both == goes_on ? silent : static_cast<Value>(both);
}

/// Every operation on two maps, against the same on their tables.
void compare_operations(Diagrams& diagrams, const Universe& universe, const Diagram& a, const Diagram& b,
                        const Table& x, const Table& y) {
  const auto alike = [&](const Diagram& diagram, const Table& table) {
    CHECK(read(diagrams, universe, diagram) == table);
    CHECK(diagram.values() == values_in(table));
  };
  alike(diagrams.over(a, b), combined(x, y, over));
  alike(diagrams.within(a, b, 7), combined(x, y, [](Value map, Value set) { return set != silent ? map : Value{7}; }));
  alike(diagrams.difference(a, b), combined(x, y, [](Value p, Value q) { return Value(p != q); }));
  alike(diagrams.where(a, only(1) | only(silent)), combined(x, y, [](Value p, Value) { return Value(p <= 1); }));
  CHECK((a == b) == (x == y));
  // The same maps with other values: sets of outcomes.
  NewValues sets{};
  for (Value value = 0; value < most_values; ++value) sets[value] = static_cast<Value>(value * 5 % 31 % 16 * 2 % 31);
  sets[1] = 1 | goes_on;
  const auto new_value = [&](Value value, Value) { return sets[value]; };
  const Diagram p = diagrams.renamed(a, sets), q = diagrams.renamed(b, sets);
  const Table r = combined(x, x, new_value), s = combined(y, y, new_value);
  alike(p, r);
  alike(diagrams.then(p, q), combined(r, s, then));
  alike(diagrams.then(q, p), combined(s, r, then));
  alike(diagrams.then(p, b), combined(r, y, then));
  for (unsigned from = 0; from <= universe.bits.size(); ++from)
    alike(diagrams.united(a, static_cast<Diagrams::Level>(from)), united(universe, x, from));
}

/// Laws that make equal functions of different words, and so one node.
void compare_laws(Diagrams& d, const Diagram& a, const Diagram& b, const Diagram& c) {
  CHECK(d.over(a, d.over(b, c)) == d.over(d.over(a, b), c));
  CHECK(d.over(a, a) == a);
  CHECK(d.then(a, b) == d.over(a, b));
  CHECK(d.over(a, d.constant(silent)) == a);
  CHECK(d.over(d.constant(silent), a) == a);
  CHECK(d.difference(a, b) == d.difference(b, a));
  CHECK(d.difference(a, a) == d.constant(silent));
  CHECK(d.within(d.within(a, b), c) == d.within(d.within(a, c), b));
  CHECK(d.over(d.within(a, b), d.within(a, d.where(b, only(silent)))) == a);
  CHECK(d.where(d.where(a, only(2)), only(1)) == d.where(a, only(2)));
}

/// The branches of a map at its first level: what each leads to where its numbers say so, no function twice, and nothing
/// left out but what is silent.
void compare_branches(Diagrams& d, const Universe& universe, const Diagram& map, const Table& table) {
  std::vector<char> seen(std::size_t{1} << universe.bits[0]);
  const auto branches = d.branches(map, 0);
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const Table rest = read(d, universe, branches[i].rest);
    CHECK(branches[i].rest.values() != only(silent));
    for (std::size_t other = 0; other < i; ++other) {
      CHECK_FALSE(branches[i].rest == branches[other].rest);
      CHECK((branches[i].rest < branches[other].rest) != (branches[other].rest < branches[i].rest));
    }
    for (std::size_t tuple = 0; tuple < table.size(); ++tuple)
      for (const Numbers& numbers : branches[i].numbers)
        if (numbers.first <= universe.number(tuple, 0) && universe.number(tuple, 0) <= numbers.last) {
          CHECK(table[tuple] == rest[tuple]);
          seen[universe.number(tuple, 0)] = 1;
        }
  }
  for (std::size_t tuple = 0; tuple < table.size(); ++tuple)
    if (seen[universe.number(tuple, 0)] == 0) CHECK(table[tuple] == silent);
}

std::vector<Numbers> all_intervals(unsigned bits) {
  std::vector<Numbers> result;
  for (std::uint64_t first = 0; first < 1u << bits; ++first)
    for (std::uint64_t last = first; last < 1u << bits; ++last) result.push_back({first, last});
  return result;
}

struct Dice {
  std::mt19937_64 engine;
  std::uint64_t below(std::uint64_t bound) { return engine() % bound; }
};

Rule random_rule(Dice& dice, const Universe& universe) {
  Rule rule{{}, static_cast<Value>(1 + dice.below(3))};
  for (const unsigned bits : universe.bits) {
    const std::uint64_t a = dice.below(1u << bits), b = dice.below(1u << bits);
    rule.box.push_back(dice.below(3) == 0 ? Numbers{0, (1u << bits) - 1} : Numbers{std::min(a, b), std::max(a, b)});
  }
  return rule;
}

}  // namespace

TEST_CASE("all lists of up to three rules over a field of two bits and one of one") {
  const Universe universe{{2, 1}};
  std::vector<Rule> rules;
  for (const Numbers& first : all_intervals(2))
    for (const Numbers& second : all_intervals(1))
      for (const Value value : {Value{1}, Value{2}}) rules.push_back({{first, second}, value});
  Diagrams diagrams;
  std::vector<Table> tables;
  std::vector<Diagram> singles;
  for (const Rule& rule : rules) {
    tables.push_back(table_of(universe, rule));
    singles.push_back(diagram_of(diagrams, universe, rule));
    REQUIRE(read(diagrams, universe, singles.back()) == tables.back());
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    for (std::size_t j = 0; j < rules.size(); ++j) {
      const Diagram two = diagrams.over(singles[i], singles[j]);
      const Table table = combined(tables[i], tables[j], over);
      REQUIRE(read(diagrams, universe, two) == table);
      compare_operations(diagrams, universe, singles[i], singles[j], tables[i], tables[j]);
      for (std::size_t k = 0; k < rules.size(); ++k) {
        const Table three = combined(table, tables[k], over);
        REQUIRE(read(diagrams, universe, diagrams.over(two, singles[k])) == three);
      }
    }
  }
}

TEST_CASE("random lists of rules, every operation, with the memory swept now and then") {
  constexpr unsigned trials = test::trials(20'000);  // of five lists each
  Dice dice{std::mt19937_64{20261122}};
  unsigned trial = 0;
  while (trial < trials) {
    Diagrams diagrams;
    for (int round = 0; round < 100 && trial < trials; ++round, ++trial) {
      CAPTURE(trial);
      Universe universe;
      const std::size_t levels = 1 + dice.below(3);
      for (std::size_t i = 0; i < levels; ++i) universe.bits.push_back(static_cast<unsigned>(1 + dice.below(3)));
      std::vector<Diagram> maps;
      std::vector<Table> tables;
      for (int map = 0; map < 5; ++map) {
        Diagram diagram = diagrams.constant(silent);
        Table table(universe.size(), silent);
        for (std::uint64_t rules = 1 + dice.below(4); rules > 0; --rules) {
          const Rule rule = random_rule(dice, universe);
          diagram = diagrams.over(diagram, diagram_of(diagrams, universe, rule));
          table = combined(table, table_of(universe, rule), over);
        }
        maps.push_back(std::move(diagram));
        tables.push_back(std::move(table));
      }
      if (dice.below(10) == 0) diagrams.sweep();
      compare_operations(diagrams, universe, maps[0], maps[1], tables[0], tables[1]);
      compare_operations(diagrams, universe, maps[3], maps[4], tables[3], tables[4]);
      compare_laws(diagrams, maps[0], maps[1], maps[2]);
      compare_branches(diagrams, universe, maps[2], tables[2]);
    }
  }
}

TEST_CASE("a number of 128 bits is in a set exactly where the diagram says so") {
  Dice dice{std::mt19937_64{7}};
  // Few different halves, so that intervals begin and end at every kind of border.
  const std::array<std::uint64_t, 6> halves{0, 1, 2, 1000, ~std::uint64_t{0} - 1, ~std::uint64_t{0}};
  const auto number = [&] { return Uint128{halves[dice.below(6)]} << 64 | halves[dice.below(6)]; };
  for (int trial = 0; trial < 5'000; ++trial) {
    CAPTURE(trial);
    std::vector<Interval<Uint128>> intervals;
    for (std::uint64_t count = dice.below(5); count > 0; --count) {
      const Uint128 a = number(), b = number();
      intervals.push_back({std::min(a, b), std::max(a, b)});
    }
    const IntervalSet<Uint128> set = IntervalSet<Uint128>::of(intervals);
    Diagrams diagrams;
    const Diagram inner = diagrams.constant(1);
    const Diagram diagram = diagrams.narrow_wide(0, set.intervals(), inner);
    for (const std::uint64_t high : halves) {
      for (const std::uint64_t low : halves) {
        const Value value = diagrams.at(diagram, [&](unsigned level) { return level == 0 ? high : low; });
        REQUIRE((value == 1) == set.contains(Uint128{high} << 64 | low));
      }
    }
    // Taken apart again it is the set, and the numbers beside it lead nowhere.
    const auto branches = diagrams.branches_wide(diagram, 0);
    CHECK(branches.size() == (set.empty() ? 0 : 1));
    for (const auto& branch : branches) {
      CHECK(branch.numbers == set.intervals());
      CHECK(branch.rest == inner);
    }
    // The same set in two parts is the same node.
    const IntervalSet<Uint128> part = IntervalSet<Uint128>::of({Uint128{5} << 64, ~Uint128{0} - 3});
    const Diagram one = diagrams.narrow_wide(0, intersect(set, part).intervals(), inner);
    const Diagram other = diagrams.narrow_wide(0, subtract(set, part).intervals(), inner);
    CHECK(diagrams.over(one, other) == diagram);
    // Two functions behind it are two branches.
    const Diagram two = diagrams.narrow_wide(0, intersect(set, part).intervals(), diagrams.constant(2));
    for (const auto& branch : diagrams.branches_wide(diagrams.over(two, other), 0)) {
      const bool inside = branch.rest == diagrams.constant(2);
      CHECK(branch.numbers == (inside ? intersect(set, part) : subtract(set, part)).intervals());
    }
  }
}

TEST_CASE("a budget ends in an exception, and what was there before is whole") {
  Dice dice{std::mt19937_64{3}};
  const Universe universe{{4, 4, 4}};
  Diagrams diagrams({.edges = 3'000, .steps = 100'000});
  std::vector<Diagram> maps;
  std::vector<Table> tables;
  bool ended = false;
  try {
    for (int i = 0; i < 10'000; ++i) {
      const Rule rule = random_rule(dice, universe);
      maps.push_back(diagram_of(diagrams, universe, rule));
      tables.push_back(table_of(universe, rule));
      if (i > 0) {
        Diagram both = diagrams.over(maps[maps.size() - 2], maps.back());
        maps.push_back(std::move(both));
        tables.push_back(combined(tables[tables.size() - 2], tables.back(), over));
      }
    }
  } catch (const TooComplex&) {
    ended = true;
  }
  CHECK(ended);
  for (std::size_t i = 0; i < tables.size(); ++i) CHECK(read(diagrams, universe, maps[i]) == tables[i]);
}

TEST_CASE("where most of what there is room for is in use, not every operation sweeps") {
  Diagrams diagrams({.edges = 10'000, .steps = 10'000'000});
  std::vector<Diagram> kept;
  const auto make = [&](std::uint64_t number) {
    const std::array intervals{Numbers{10 * number + 1, 10 * number + 5}};
    return diagrams.narrow(0, intervals, diagrams.constant(1));
  };
  std::uint64_t number = 0;
  while (diagrams.edge_count() < 7'000) kept.push_back(make(number++));
  constexpr int operations = 2'000;
  int sweeps = 0;
  for (int i = 0; i < operations; ++i) {
    const std::size_t before = diagrams.edge_count();
    make(number++);
    if (diagrams.edge_count() < before) ++sweeps;
  }
  CHECK(sweeps > 0);
  CHECK(sweeps < operations / 100);
}
