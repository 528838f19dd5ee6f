#include "cli/judgement.h"

#include <doctest/doctest.h>

#include "cli/junit.h"

using namespace portpolicy;
using checks::Outcome;

namespace {

Claim claim_of(Claim::Kind kind) {
  Claim claim;
  claim.kind = kind;
  claim.name = "tests.inbound[0]";
  return claim;
}

const Claim test = claim_of(Claim::Kind::test);
const Claim management = claim_of(Claim::Kind::management);

std::string summary_of(std::vector<cli::Judged> entries) {
  return summary(cli::Judgement{.judged = true, .entries = std::move(entries)});
}

}  // namespace

TEST_CASE("the summary counts tests and claims apart, in English") {
  const cli::Judged holds{&test, Outcome::holds, ""}, fails{&test, Outcome::fails, ""},
      undecided{&test, Outcome::undecided, ""}, claim{&management, Outcome::holds, ""},
      broken{&management, Outcome::fails, ""};
  CHECK(summary(cli::Judgement{}) == "no test was judged: the policy has errors");
  CHECK(summary_of({}) == "there are no tests");
  CHECK(summary_of({holds}) == "1 test holds");
  CHECK(summary_of({holds, holds}) == "2 tests hold");
  CHECK(summary_of({fails}) == "0 of 1 tests hold");
  CHECK(summary_of({holds, fails}) == "1 of 2 tests hold");
  CHECK(summary_of({holds, claim}) == "1 test and 1 claim hold");
  CHECK(summary_of({holds, claim, broken}) == "1 test and 1 of 2 claims hold");
  CHECK(summary_of({claim}) == "1 claim holds; there are no tests");
  CHECK(summary_of({holds, undecided}) == "1 of 2 tests hold; 1 is not decided");
  CHECK(summary_of({undecided, fails, undecided}) == "0 of 3 tests hold; 2 are not decided");
}

TEST_CASE("in a report what was not decided is an error and what fails is a failure, also without a finding") {
  SourceMap sources;
  sources.add("policy.yaml", "portpolicy: 1\n");
  const cli::Judgement judgement{.judged = true,
                                 .entries = {{&test, Outcome::undecided, "deny ssh"},
                                             {&test, Outcome::fails, "deny http"},
                                             {&test, Outcome::holds, "allow dns"}}};
  const std::string report = junit(judgement, {}, sources);
  CHECK(report.find("tests=\"3\" failures=\"1\" errors=\"1\"") != std::string::npos);
  CHECK(report.find("line=\"1\">\n      <error message=\"it was not decided") != std::string::npos);
  CHECK(report.find("line=\"1\">\n      <failure message=\"it fails, as do more than are shown\"") !=
        std::string::npos);
}
