#include "cli/set_words.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/compilation.h"
#include "tests/support/effort.h"
#include "tests/support/random_policy.h"
#include "tests/support/said.h"

// What is said of a set of addresses, read as the policy language reads it, is that set.

using namespace portpolicy;
using test::Random;

namespace {

AddressSet random_set(const Graph& graph, Random& random) {
  AddressSet set = random.one_of(graph.address_sets).addresses;
  for (std::size_t more = random.below(3); more > 0; --more) {
    const AddressSet& other = random.one_of(graph.address_sets).addresses;
    switch (random.below(3)) {
      case 0:
        set = unite(set, other);
        break;
      case 1:
        set = intersect(set, other);
        break;
      default:
        set = subtract(set, other);
    }
  }
  if (random.chance(20)) set.v4 = {};
  if (random.chance(20)) set.v6 = {};
  return set;
}

}  // namespace

TEST_CASE("what is said of addresses is what they are") {
  std::size_t read = 0, with_names = 0, with_exceptions = 0;
  for (unsigned seed = 1; seed <= test::trials(500); ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const test::Compilation result = test::compile_text(test::random_policy(random).text(), Thoroughness::errors);
    const Compiled& compiled = result.compiled;
    const cli::SetWords set_words(compiled.graph, compiled.policy);
    cli::PolicyWords policy_words(compiled.policy);
    for (int i = 0; i < 20; ++i) {
      const AddressSet set = random_set(compiled.graph, random);
      const std::vector<std::string> said = set_words.addresses(set);
      CAPTURE(cli::listed(said, said.size()));
      const auto meant = test::addresses_said(policy_words, said);
      if (!meant) continue;
      ++read;
      REQUIRE(*meant == set);
      if (said.empty()) continue;
      if (said[0].find(" except ") != std::string::npos) ++with_exceptions;
      else if (!AddressRange::parse(said[0]) && !said[0].starts_with("any")) ++with_names;
    }
  }
  MESSAGE(read << " sets, " << with_names << " with names of networks, " << with_exceptions << " with exceptions");
  CHECK(read > test::trials(5'000));
  CHECK(with_names > test::trials(1'000));
  CHECK(with_exceptions > test::trials(100));
}
