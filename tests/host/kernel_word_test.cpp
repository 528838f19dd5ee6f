#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "tests/host/support/asked.h"
#include "tests/host/support/policed.h"
#include "tests/support/random_filter.h"
#include "tests/support/random_packet.h"
#include "tests/support/shapes.h"

// What portpolicy makes of policies, in the kernel's own words.

namespace portpolicy::host_tests {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string script_of(const filter::Filter& filter, const nft::Options& options) {
  Diagnostics diagnostics;
  const nft::Ruleset ruleset = nft::lower(filter, options, diagnostics);
  REQUIRE_FALSE(diagnostics.has_errors());
  return nft::print(ruleset, {"0", "policy.yaml", "0", "2026-11-22"});
}

/// A random policy that the compiler takes: without the rules because of which it does not.
Result<Artifact> taken(test::Random& random, const nft::Options& options) {
  test::PolicyText policy = test::random_policy(random);
  for (std::vector<std::string>& rules : policy.rules)
    for (std::string& rule : rules)
      if (rule.starts_with("{allow: ") && random.chance(20))
        rule.insert(rule.rfind('}'), random.chance(50) ? ", limit: 5/minute burst 9" : ", limit: 7/hour per source");
  while (true) {
    Result<Artifact> artifact = compile_text(policy.text(), options);
    if (artifact) return artifact;
    std::vector<std::vector<std::string>*> left;
    for (std::vector<std::string>& rules : policy.rules)
      if (!rules.empty()) left.push_back(&rules);
    if (left.empty()) return artifact;
    std::vector<std::string>& rules = *random.one_of(left);
    rules.erase(rules.begin() + static_cast<std::ptrdiff_t>(random.below(rules.size())));
  }
}

}  // namespace

TEST_CASE("the kernel holds of every example what its policy says") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR "/examples")) {
    const std::filesystem::path script = entry.path() / "expected" / "nftables.nft";
    if (!std::filesystem::exists(script)) continue;
    INFO(script.string());
    ++count;
    const host::Asked answer = asked(text_of(script));
    CHECK(answer.not_understood == std::vector<std::string>{});
    CHECK_FALSE(answer.tables.empty());
    CHECK(std::ranges::all_of(answer.tables, [](const std::string& table) { return table.ends_with(" portpolicy"); }));
    for (const nft::Options& options : test::every_shape()) {
      INFO(test::said(options));
      const Result<Artifact> artifact = compile_file(entry.path() / "policy.yaml", options);
      if (!artifact) FAIL(artifact.error().message);
      CHECK(difference(artifact->filter, asked(artifact->script).filter) == "");
    }
  }
  CHECK(count >= 10);
}

TEST_CASE("the kernel holds of random policies what their graphs say") {
  std::size_t packets = 0, limited = 0;
  const std::vector<nft::Options> shapes = test::every_shape();
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    test::Random random(seed);
    const nft::Options& options = shapes[seed % shapes.size()];
    const Result<Artifact> artifact = taken(random, options);
    REQUIRE(artifact.has_value());
    const host::Asked answer = asked(artifact->script);
    INFO("seed ", seed, ", ", test::said(options), "\n", artifact->script);
    REQUIRE(answer.not_understood == std::vector<std::string>{});
    for (int i = 0; i < 500; ++i) {
      const Packet packet = test::packet_near(artifact->graph, random);
      const Decision decision = evaluate(artifact->graph, packet);
      const auto hold = filter::evaluate(answer.filter, packet, false).verdict;
      const auto exhausted = filter::evaluate(answer.filter, packet, true).verdict;
      INFO(to_string(packet.direction), " ", to_string(packet));
      REQUIRE(hold == decision.verdict);
      REQUIRE(exhausted == evaluate(artifact->graph, packet, Limits::exhausted).verdict);
      ++packets;
      if (hold != exhausted) ++limited;
    }
  }
  MESSAGE(packets, " packets, ", limited, " of them by a limit");
  CHECK(limited * 200 > packets);
}

TEST_CASE("the kernel holds of random filters what they mean for every packet") {
  const std::vector<nft::Options> shapes = test::every_shape();
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    test::RandomFilters random(seed);
    const filter::Filter filter = random.filter();
    const nft::Options& options = shapes[seed % shapes.size()];
    const std::string script = script_of(filter, options);
    const host::Asked answer = asked(script);
    INFO("seed ", seed, ", ", test::said(options), "\n", filter::print(filter), script);
    for (const std::string& text : answer.not_understood) FAIL_CHECK("not understood: ", text);
    REQUIRE(answer.not_understood.empty());
    REQUIRE(difference(filter, answer.filter) == "");
  }
}

TEST_CASE("limits and origins come back as the policy has them") {
  const Result<Artifact> artifact = compile_text(
      "portpolicy: 1\nbase: []\ninbound:\n"
      "  - {name: shared, allow: [22/tcp, 22/udp], limit: 10/hour burst 7}\n"
      "  - {name: each, allow: 23/tcp, limit: 3/minute per source, log: true}\n");
  REQUIRE(artifact.has_value());
  const host::Asked answer = asked(artifact->script);
  std::vector<std::string> limits;
  for (const filter::NamedLimit& limit : answer.filter.limits) limits.push_back(to_string(limit.limit));
  std::ranges::sort(limits);
  // Log lines have one of their own.
  CHECK(limits == std::vector<std::string>{"10/hour burst 7", "10/second burst 20", "3/minute per source",
                                           "3/minute per source"});
  for (const filter::Chain& chain : answer.filter.chains)
    for (const filter::Rule& rule : chain.rules)
      if (rule.log) CHECK(answer.filter.limits[rule.limit->index].limit.rate == 10);
  const auto named = [&](const std::string& name) {
    return std::ranges::any_of(answer.filter.origins, [&](const filter::Origin& origin) {
      return origin.name.starts_with(name) && origin.place.starts_with("inet portpolicy ");
    });
  };
  CHECK(named("shared policy.yaml:4"));
  CHECK(named("each policy.yaml:5"));
}

}  // namespace portpolicy::host_tests
