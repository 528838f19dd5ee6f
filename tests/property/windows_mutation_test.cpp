#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cli/artifact.h"
#include "tests/support/compilation.h"
#include "tests/support/effort.h"
#include "tests/support/mutant.h"
#include "tests/support/random_windows.h"

// One character of a script for Windows is changed: in its rules, and in its program.

using namespace portpolicy;

namespace {

struct Subject {
  Graph graph;
  std::string script;
};

std::vector<Subject> subjects() {
  std::vector<Subject> all;
  for (std::uint64_t seed = 0; all.size() < 8; ++seed) {
    test::Random random(seed + 400'000);
    test::Compilation policy = test::compile_text(test::random_windows_policy(random), Thoroughness::errors);
    if (policy.diagnostics.has_errors()) continue;
    cli::Loaded loaded{std::move(policy.compiled), std::move(policy.sources), std::move(policy.diagnostics)};
    const auto artifact = cli::make_artifact(loaded, cli::Target::windows);
    // Long lists of ICMP types would take most of the changes.
    if (artifact && artifact->front().text.size() < 90'000)
      all.push_back({std::move(loaded.compiled.graph), artifact->front().text});
  }
  return all;
}

/// Where the rules stand, without the texts for people.
std::vector<std::size_t> places_in_rules(std::string_view script) {
  std::vector<std::size_t> places;
  const std::size_t end = script.find("# portpolicy: end of the policy");
  for (std::size_t at = script.find("$PolicyDefaults"); at < end; ++at) {
    const std::string_view rest = script.substr(at);
    if (rest.starts_with("        DisplayName = ") || rest.starts_with("        Description = "))
      at = script.find('\n', at);
    places.push_back(at);
  }
  return places;
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::vector<std::size_t> places_in_program(std::string_view script) {
  std::vector<std::size_t> places;
  for (std::size_t at = script.find("#Requires"); at < script.find("# portpolicy: begin"); ++at) places.push_back(at);
  for (std::size_t at = script.find("# portpolicy: end"); at < script.size(); ++at) places.push_back(at);
  return places;
}

}  // namespace

TEST_CASE("a script for Windows with one character of its rules changed is refused, or different, or the same") {
  test::Fates fates;
  for (const Subject& subject : subjects()) {
    REQUIRE(test::judge(subject.graph, cli::Target::windows, subject.script).fate == test::Fate::equal);
    const std::vector<std::size_t> places = places_in_rules(subject.script);
    test::Random random(23);
    for (unsigned i = 0; i < test::trials(1500); ++i) {
      const test::Mutant mutant = test::mutant_of(subject.script, places, random);
      CAPTURE(test::line_at(subject.script, mutant.where));
      CAPTURE(test::line_at(mutant.text, mutant.where));
      const test::Judgement judgement = test::judge(subject.graph, cli::Target::windows, mutant.text);
      fates.add(judgement.fate);
      CHECK(judgement.fate != test::Fate::cannot_tell);
      // Names are digests of what rules do, so no change of a value goes by.
      if (judgement.fate == test::Fate::equal) CHECK(without_blanks(mutant.text) == without_blanks(subject.script));
    }
  }
  MESSAGE(fates.all() << " mutants: " << fates.text());
  CHECK(fates.caught() * 100 >= fates.all() * 80);
}

TEST_CASE("a script for Windows with one character of its program changed is never called equal") {
  const Subject subject = subjects().front();
  const std::vector<std::size_t> places = places_in_program(subject.script);
  test::Random random(29);
  for (unsigned i = 0; i < test::trials(1500); ++i) {
    const test::Mutant mutant = test::mutant_of(subject.script, places, random);
    CAPTURE(test::line_at(subject.script, mutant.where));
    CAPTURE(test::line_at(mutant.text, mutant.where));
    CHECK(test::judge(subject.graph, cli::Target::windows, mutant.text).fate != test::Fate::equal);
  }
}
