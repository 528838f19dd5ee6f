#include "cli/set_words.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "cli/policy_words.h"
#include "compiler/compile.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_policy.h"

// What is said of a set of addresses, read as the policy language reads it, is that set.

using namespace portpolicy;
using test::Random;

namespace {

AddressSet named(cli::PolicyWords& words, std::string word) {
  for (const Family family : families) {
    const std::string behind = " (" + std::string(to_string(family)) + ")";
    const bool any = word == "any " + std::string(to_string(family));
    if (!any && !word.ends_with(behind)) continue;
    AddressSet set = any ? AddressSet::all() : named(words, word.substr(0, word.size() - behind.size()));
    if (family == Family::ipv4) set.v6 = {};
    else set.v4 = {};
    return set;
  }
  const auto set = words.networks(word);
  REQUIRE_MESSAGE(set.has_value(), word);
  return *set;
}

/// The set that the words mean; nothing when some of them say that they do not say all.
std::optional<AddressSet> meaning(cli::PolicyWords& words, const std::vector<std::string>& said) {
  AddressSet all;
  for (std::string word : said) {
    const std::size_t except = word.find(" except ");
    AddressSet set = named(words, word.substr(0, except));
    if (except != std::string::npos) {
      if (word.ends_with(" more")) return std::nullopt;
      word = word.substr(except + 8);
      for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 2) {
        end = word.find(", ", begin);
        set = subtract(set, named(words, word.substr(begin, end - begin)));
      }
    }
    all = unite(all, set);
  }
  return all;
}

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
    test::MemoryReader reader({{"policy.yaml", test::random_policy(random).text()}});
    SourceMap sources;
    Diagnostics diagnostics;
    const auto compiled =
        compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::errors, sources, diagnostics);
    REQUIRE(compiled.has_value());
    const cli::SetWords set_words(compiled->graph, compiled->policy);
    cli::PolicyWords policy_words(compiled->policy);
    for (int i = 0; i < 20; ++i) {
      const AddressSet set = random_set(compiled->graph, random);
      const std::vector<std::string> said = set_words.addresses(set);
      CAPTURE(cli::listed(said, said.size()));
      const auto meant = meaning(policy_words, said);
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
