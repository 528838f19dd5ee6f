#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/host/support/policed.h"
#include "tests/host/support/rounds.h"
#include "tests/support/shapes.h"

namespace portpolicy::host_tests {
namespace {

constexpr std::uint64_t usual_rounds = 60;

/// By nft, in each shape in turn.
Result<Loadable> compile_in_turn(const std::string& policy, std::uint64_t number) {
  const std::vector<nft::Options> shapes = test::every_shape();
  const nft::Options& shape = shapes[number % shapes.size()];
  Result<Artifact> artifact = compile_text(policy, shape);
  if (!artifact) return std::unexpected(artifact.error());
  return Loadable{std::move(artifact->graph), test::said(shape), [script = artifact->script] { nft(script); },
                  remove_tables};
}

}  // namespace

TEST_CASE("the kernel decides random packets as random policies say, in every shape") {
  Tally tally = run_rounds(test::random_policy, usual_rounds, compile_in_turn);
  CHECK(tally.arrived * 2 >= tally.sent);
  CHECK(tally.by_rule * 5 >= tally.arrived);
  // The kernel may be silent to some of what is rejected, not to most of it.
  CHECK(tally.answered * 2 >= tally.of["reject"]);
}

TEST_CASE("the kernel decides packets at the boundaries of many rules as they say, in every shape") {
  Tally tally = run_rounds(many_rules, usual_rounds, compile_in_turn);
  CHECK(tally.arrived * 2 >= tally.sent);
  CHECK(tally.by_rule * 4 >= tally.arrived);
}

}  // namespace portpolicy::host_tests
