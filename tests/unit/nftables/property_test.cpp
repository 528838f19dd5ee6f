#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "tests/support/random_filter.h"
#include "tests/support/tabular_filter.h"

using namespace portpolicy;
using test::RandomFilters;

namespace {

/// Every way in which a filter can be lowered.
std::vector<nft::Options> all_options() {
  std::vector<nft::Options> all;
  for (const nft::Optimize optimize : {nft::Optimize::readable, nft::Optimize::fast, nft::Optimize::automatic})
    for (const bool counters : {false, true}) all.push_back({optimize, counters, {}});
  nft::Options forced{nft::Optimize::fast, false, {}};
  for (const auto lists :
       {nft::ListShape::lines, nft::ListShape::hashes, nft::ListShape::padded, nft::ListShape::intervals})
    for (const auto rules :
         {nft::RuleShape::lines, nft::RuleShape::intervals, nft::RuleShape::hashes, nft::RuleShape::chains}) {
      forced.costs.always_lists = lists;
      forced.costs.always_rules = rules;
      all.push_back(forced);
    }
  return all;
}

std::string said(const nft::Options& options) {
  const auto number = [](auto shape) { return shape ? std::to_string(static_cast<int>(*shape)) : std::string("-"); };
  return "optimize " + std::to_string(static_cast<int>(options.optimize)) + ", counters " +
         std::to_string(options.counters) + ", lists " + number(options.costs.always_lists) + ", rules " +
         number(options.costs.always_rules);
}

bool apart(const Interval<Uint128>& a, const Interval<Uint128>& b) {
  return a.last < b.first || b.last < a.first;
}

/// What is wrong with a set or a map that the kernel would refuse or take for something else; empty when nothing is.
std::string defect(const nft::Lookup& lookup) {
  const auto& all = lookup.elements;
  if (all.empty()) return "it is empty";
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!lookup.ranges && all[i].addresses.first != all[i].addresses.last) return "a range in a hash";
    for (std::size_t j = 0; j < i; ++j) {
      const bool same_service = (!lookup.key.protocol || all[i].protocol == all[j].protocol) &&
                                (!lookup.key.port || all[i].port == all[j].port);
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
void check_all_shapes(std::uint64_t seeds, int packets) {
  const std::vector<nft::Options> all = all_options();
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    Filters random(seed);
    const filter::Filter filter = random.filter();
    std::vector<Packet> asked;
    for (int i = 0; i < packets; ++i) asked.push_back(random.packet());
    for (const nft::Options& options : all) {
      INFO("seed ", seed, ", ", said(options));
      Diagnostics diagnostics;
      const nft::Ruleset ruleset = nft::lower(filter, options, diagnostics);
      REQUIRE_FALSE(diagnostics.has_errors());
      check_lookups(ruleset);
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
}

}  // namespace

TEST_CASE("the nftables model decides every packet as the filter does, in every shape") {
  check_all_shapes<RandomFilters>(400, 120);
}

TEST_CASE("rules that are looked up together decide every packet of a small world as the filter does") {
  check_all_shapes<test::TabularFilters>(300, test::TabularFilters::worlds_packets);
}

TEST_CASE("the same filter is lowered to the same bytes") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const nft::Options& options : all_options()) {
      Diagnostics diagnostics;
      const std::string once = nft::print(nft::lower(RandomFilters(seed).filter(), options, diagnostics), {});
      CHECK(once == nft::print(nft::lower(RandomFilters(seed).filter(), options, diagnostics), {}));
    }
  }
}
