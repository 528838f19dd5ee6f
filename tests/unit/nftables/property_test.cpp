#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "tests/support/random_filter.h"
#include "tests/support/shapes.h"
#include "tests/support/tabular_filter.h"

using namespace portpolicy;
using test::RandomFilters;

namespace {

/// How often each form was made that only fast shapes have.
struct Tally {
  int tables = 0, inet = 0, ranges = 0, hashes = 0, lists = 0, maps = 0, jumps = 0, padded = 0;
};

void count(const nft::Ruleset& ruleset, Tally& tally) {
  if (ruleset.tables.size() > 1) ++tally.tables;
  for (const nft::Table& table : ruleset.tables) {
    if (table.family == nft::TableFamily::inet) ++tally.inet;
    for (const nft::NamedSet& set : table.sets) tally.padded += set.padded ? 1 : 0;
    for (const nft::Lookup& lookup : table.lookups) {
      if (lookup.ranges) ++tally.ranges;
      else if (lookup.key.address) ++(lookup.key.port ? tally.hashes : tally.lists);
      if (lookup.is_map) ++tally.maps;
      for (const nft::Element& element : lookup.elements)
        if (std::holds_alternative<nft::Jump>(element.verdict)) ++tally.jumps;
    }
  }
}

template <class T>
bool apart(const Interval<T>& a, const Interval<T>& b) {
  return a.last < b.first || b.last < a.first;
}

/// What is wrong with a set or a map that the kernel would refuse or take for something else; empty when nothing is.
std::string defect(const nft::Lookup& lookup) {
  const auto& all = lookup.elements;
  if (all.empty()) return "it is empty";
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool single = all[i].addresses.first == all[i].addresses.last && all[i].ports.first == all[i].ports.last;
    if (!lookup.ranges && !single) return "a range in a hash";
    for (std::size_t j = 0; j < i; ++j) {
      const bool same_service = (!lookup.key.protocol || all[i].protocol == all[j].protocol) &&
                                (!lookup.key.port || !apart(all[i].ports, all[j].ports));
      if (same_service && (!lookup.key.address || !apart(all[i].addresses, all[j].addresses))) return "it overlaps";
    }
  }
  return {};
}

void check_lookups(const nft::Ruleset& ruleset) {
  for (const nft::Table& table : ruleset.tables)
    for (const nft::Lookup& lookup : table.lookups)
      if (const std::string wrong = defect(lookup); !wrong.empty()) FAIL("`" << lookup.name << "`: " << wrong);
}

/// `Filters` makes filters, and packets to ask about.
template <class Filters>
Tally check_all_shapes(std::uint64_t seeds, int packets) {
  Tally tally;
  const std::vector<nft::Options> all = test::every_shape();
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Filters random(seed);
    const filter::Filter filter = random.filter();
    std::vector<Packet> asked;
    for (int i = 0; i < packets; ++i) asked.push_back(random.packet());
    for (const nft::Options& options : all) {
      INFO("seed ", seed, ", ", test::said(options));
      Diagnostics diagnostics;
      const nft::Ruleset ruleset = nft::lower(filter, options, diagnostics);
      REQUIRE_FALSE(diagnostics.has_errors());
      check_lookups(ruleset);
      count(ruleset, tally);
      for (const Packet& packet : asked) {
        for (const bool exhausted : {false, true}) {
          if (nft::evaluate(ruleset, packet, exhausted) == filter::evaluate(filter, packet, exhausted).verdict)
            continue;
          FAIL("limits exhausted: " << exhausted << "\n"
                                    << to_string(packet) << "\n"
                                    << filter::print(filter) << nft::print(ruleset, {}));
        }
      }
    }
  }
  return tally;
}

}  // namespace

TEST_CASE("the nftables model decides every packet as the filter does, in every shape") {
  const Tally seen = check_all_shapes<RandomFilters>(400, 120);
  for (const int form : {seen.tables, seen.inet, seen.lists, seen.padded}) CHECK(form > 1000);
}

TEST_CASE("rules that are looked up together decide every packet of a small world as the filter does") {
  const Tally seen = check_all_shapes<test::TabularFilters>(300, test::TabularFilters::worlds_packets);
  for (const int form : {seen.tables, seen.inet, seen.ranges, seen.hashes, seen.lists, seen.maps, seen.jumps})
    CHECK(form > 1000);
}

TEST_CASE("the same filter is lowered to the same bytes") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const nft::Options& options : test::every_shape()) {
      Diagnostics diagnostics;
      const std::string once = nft::print(nft::lower(RandomFilters(seed).filter(), options, diagnostics), {});
      CHECK(once == nft::print(nft::lower(RandomFilters(seed).filter(), options, diagnostics), {}));
    }
  }
}
