#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/property/model.h"
#include "tests/support/effort.h"

// Tests in a policy, as the model says.

using namespace portpolicy;
using namespace portpolicy::test;

namespace {

enum class Expected { holds, fails, open };

bool is_right(Verdict claimed, Verdict got) {
  return claimed == Verdict::deny ? got != Verdict::allow : got == claimed;
}

// What the test says of one packet. Open: rules that disagree are left over when the denies of a higher tier do not
// count, and nothing says what becomes of the packet.
Expected expected_at(const Model& model, const ModelTest& test, Spot spot, bool limits_hold) {
  const int tier = model.files[static_cast<std::size_t>(test.file)].tier;
  const auto counts = [&](const ModelRule& rule) {
    const bool denies_from_above =
        rule.verdict != Verdict::allow && model.files[static_cast<std::size_t>(rule.file)].tier < tier;
    return (limits_hold || !rule.limited) && !(test.verdict == Verdict::allow && denies_from_above);
  };
  std::vector<Verdict> verdicts = foremost(model, spot, counts);
  if (verdicts.empty()) verdicts.push_back(Verdict::deny);
  const auto right = [&](Verdict verdict) { return is_right(test.verdict, verdict); };
  if (std::ranges::all_of(verdicts, right)) return Expected::holds;
  return std::ranges::none_of(verdicts, right) ? Expected::fails : Expected::open;
}

Expected expected_of(const Model& model, const ModelTest& test) {
  Expected all = Expected::holds;
  for (const Spot spot : all_spots()) {
    if (!matches(test.service, test.from, spot)) continue;
    for (const bool limits_hold : {true, false}) {
      if (!limits_hold && test.verdict == Verdict::allow) continue;
      const Expected here = expected_at(model, test, spot, limits_hold);
      if (here == Expected::fails) return here;
      if (here == Expected::open) all = here;
    }
  }
  return all;
}

// The packet that is shown must be one of the test's that gets the wrong verdict.
bool is_counterexample(const Compilation& result, const ModelTest& test, const Packet& packet) {
  const Limits all[] = {Limits::hold, Limits::exhausted};
  return std::ranges::any_of(all, [&](Limits limits) {
    return !is_right(test.verdict, *evaluate(result.compiled.graph, packet, limits).verdict);
  });
}

}  // namespace

TEST_CASE("tests hold and fail as the model says") {
  std::size_t holding = 0, failing = 0;
  for (unsigned seed = 1; seed <= trials(6000); ++seed) {
    std::mt19937 random(seed);
    Model model = random_model(random);
    if (model.has_cycle() || has_conflict(model)) continue;
    add_random_tests(model, random);
    const auto texts = texts_of(model);
    const Compilation result = compile_texts(texts, Thoroughness::all);
    if (count(result.diagnostics, Code::too_complex) != 0) FAIL("too complex");
    const std::string all = whole(texts);
    CAPTURE(seed);
    CAPTURE(all);
    REQUIRE(result.compiled.outcomes.has_value());
    REQUIRE(result.compiled.outcomes->size() == model.tests.size());
    for (std::size_t i = 0; i < model.tests.size(); ++i) {
      const Claim& claim = result.compiled.graph.claims[i];
      // Files are numbered as they are reached.
      const auto test = std::ranges::find_if(model.tests, [&](const ModelTest& each) {
        const std::string& path = model.files[static_cast<std::size_t>(each.file)].path;
        const auto index = &each - model.tests.data() -
                           (std::ranges::find(model.tests, each.file, &ModelTest::file) - model.tests.begin());
        const std::string place = "tests.inbound[" + std::to_string(index) + "]";
        return claim.name == (path == "policy.yaml" ? place : path + ":" + place);
      });
      REQUIRE(test != model.tests.end());
      const Expected expected = expected_of(model, *test);
      if (expected == Expected::open) continue;
      CAPTURE(claim.name);
      REQUIRE(((*result.compiled.outcomes)[i] == checks::Outcome::holds) == (expected == Expected::holds));
      ++(expected == Expected::holds ? holding : failing);
      for (const Diagnostic& finding : result.diagnostics.all())
        if (finding.code == Code::test_failed && finding.primary.where == claim.where &&
            test->verdict != Verdict::allow)
          REQUIRE(is_counterexample(result, *test, *finding.witness));
    }
  }
  MESSAGE(holding << " tests hold, " << failing << " fail");
  CHECK(holding > trials(800));
  CHECK(failing > trials(1500));
}
