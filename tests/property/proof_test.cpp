#include "compiler/proof/proof.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "compiler/compile.h"
#include "compiler/graph/lower.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_packet.h"
#include "tests/support/random_policy.h"

// Rule sets that are those of a policy, or come near, against the naive evaluators, with each limit by itself.

using namespace portpolicy;
using filter::Filter;

namespace {

/// Some of the rules that allow get a limit, often the same one.
std::string limited_policy(test::Random& random) {
  test::PolicyText policy = test::random_policy(random);
  for (std::vector<std::string>& rules : policy.rules)
    for (std::string& rule : rules)
      if (rule.starts_with("{allow") && !rule.contains("limit") && random.chance(30))
        rule.insert(rule.size() - 1, random.chance(50) ? ", limit: 5/minute" : ", limit: 5/minute per source");
  return policy.text();
}

/// Changes one thing of the filter, which may or may not change a verdict. False when there is nothing to change.
bool spoil(Filter& filter, test::Random& random) {
  std::vector<filter::Chain*> chains;
  for (filter::Chain& chain : filter.chains)
    if (!chain.rules.empty()) chains.push_back(&chain);
  if (chains.empty()) return false;
  std::vector<filter::Rule>& rules = random.one_of(chains)->rules;
  const std::size_t at = random.below(rules.size());
  switch (random.below(6)) {
    case 0:
      rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(at));
      return true;
    case 1:
      std::swap(rules[at], rules[random.below(rules.size())]);
      return true;
    case 2:
      rules[at].action = rules[at].action.index() == 0 && std::get<Verdict>(rules[at].action) == Verdict::allow
                             ? Verdict::reject
                             : Verdict::allow;
      return true;
    case 3:
      if (rules[at].all_of.empty()) return false;
      rules[at].all_of.pop_back();
      // Ports and ICMP types do not stand without their protocols.
      if (std::ranges::none_of(rules[at].all_of, [](const filter::Match& match) {
            return std::holds_alternative<filter::ProtocolIn>(match);
          }))
        std::erase_if(rules[at].all_of, [](const filter::Match& match) {
          return std::holds_alternative<filter::SourcePortIn>(match) ||
                 std::holds_alternative<filter::DestinationPortIn>(match) ||
                 std::holds_alternative<filter::IcmpTypeIn>(match);
        });
      return true;
    case 4:
      rules[at].limit.reset();
      return true;
    default:
      rules.insert(rules.begin() + static_cast<std::ptrdiff_t>(random.below(rules.size())), rules[at]);
      return true;
  }
}

/// Whether limits hold, by the names of the rules that they belong to.
using Holding = std::map<std::string, bool>;

struct Case {
  const Graph& graph;
  const Filter& filter;
  Packet packet;
  Holding holding;

  std::optional<Verdict> policy() const {
    return evaluate(graph, packet, [&](const Rule& rule) { return holding.at(rule.name); }).verdict;
  }
  std::optional<Verdict> artifact() const {
    return evaluate(filter, packet, [&](filter::LimitId id) { return holding.at(filter.limits[id.index].name); }, {})
        .verdict;
  }
};

Case some_case(const Graph& graph, const Filter& filter, test::Random& random) {
  Case some{graph, filter, test::packet_near(graph, random), {}};
  for (const filter::NamedLimit& limit : filter.limits) some.holding[limit.name] = random.chance(50);
  return some;
}

struct Counts {
  std::size_t equal = 0, different = 0, seen = 0;
};

void judge(const Graph& graph, const Filter& filter, test::Random& random, Counts& counts) {
  const auto differences = proof::compare(graph, filter);
  REQUIRE(differences.has_value());
  for (const proof::Difference& difference : *differences) {
    CAPTURE(to_string(difference.packet));
    CHECK(difference.certain);
  }
  ++(differences->empty() ? counts.equal : counts.different);
  bool seen = false;
  for (int i = 0; i < 60 && !seen; ++i) {
    const Case some = some_case(graph, filter, random);
    seen = some.policy() != some.artifact();
    if (!seen || !differences->empty()) continue;
    FAIL("called equal, but not for " << to_string(some.packet));
  }
  if (seen) ++counts.seen;
}

}  // namespace

TEST_CASE("a rule set is told from its policy by just those packets that it treats otherwise") {
  Counts own, spoilt;
  for (unsigned seed = 1; seed <= test::trials(1500); ++seed) {
    CAPTURE(seed);
    test::Random random(seed);
    const std::string text = limited_policy(random);
    CAPTURE(text);
    test::MemoryReader reader({{"policy.yaml", text}});
    SourceMap sources;
    Diagnostics diagnostics;
    const auto compiled =
        compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::errors, sources, diagnostics);
    REQUIRE(compiled.has_value());
    const Filter filter = lower(compiled->graph, sources);
    judge(compiled->graph, filter, random, own);
    for (int i = 0; i < 4; ++i) {
      Filter other = filter;
      if (spoil(other, random)) judge(compiled->graph, other, random, spoilt);
    }
  }
  MESSAGE("spoilt: " << spoilt.equal << " equal all the same, " << spoilt.different << " different, " << spoilt.seen
                     << " of them by random packets too");
  CHECK(own.different == 0);
  CHECK(own.seen == 0);
  CHECK(spoilt.equal * 10 > spoilt.different);
  CHECK(spoilt.seen * 3 > spoilt.different);
}
