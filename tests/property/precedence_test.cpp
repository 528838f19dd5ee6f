#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "compiler/graph/lower.h"
#include "tests/property/model.h"
#include "tests/support/effort.h"

// Order, conflicts, verdicts and what each rule does, as the model says.

using namespace portpolicy;
using namespace portpolicy::test;

namespace {

// Whether unlimited rules before it take all its packets, and one of them disagrees.
bool is_shadowed(const Model& model, std::size_t rule) {
  bool disagrees = false;
  for (const Spot spot : all_spots()) {
    if (!matches(model.rules[rule], spot)) continue;
    if (!taken_before(model, rule, spot)) return false;
    disagrees = disagrees || verdict_at(model, spot, false) != model.rules[rule].verdict;
  }
  return disagrees;
}

// The verdict when just those of the limited rules hold whose bits are set.
Verdict verdict_with(const Model& model, Spot spot, unsigned holding) {
  const auto counts = [&](const ModelRule& rule) {
    return !rule.limited || (holding >> (rule.file * 2 + rule.place) & 1u) != 0;
  };
  const auto verdicts = foremost(model, spot, counts);
  return verdicts.empty() ? Verdict::deny : verdicts.front();
}

// Whether the policy without the rule is without conflict and gives every packet the same verdict, whichever limits hold.
bool changes_nothing(const Model& model, std::size_t rule) {
  const Model without = model.without(rule);
  if (has_conflict(without)) return false;
  for (const Spot spot : all_spots())
    for (unsigned holding = 0; holding < 256; ++holding)
      if (verdict_with(model, spot, holding) != verdict_with(without, spot, holding)) return false;
  return true;
}

// Whether a limited rule gets a packet of this one when it is taken out.
bool keeps_packets_from_a_limit(const Model& model, std::size_t rule) {
  const Model without = model.without(rule);
  for (std::size_t other = 0; other < model.rules.size(); ++other) {
    if (other == rule || !model.rules[other].limited || model.before[other][rule]) continue;
    for (const Spot spot : all_spots())
      if (matches(model.rules[rule], spot) && matches(model.rules[other], spot) && !taken_before(model, rule, spot) &&
          !taken_before(without, other - (other > rule ? 1 : 0), spot))
        return true;
  }
  return false;
}

bool takes_part_in_overrides(const Model& model, std::size_t rule) {
  const std::string& name = model.rules[rule].name;
  const auto overrides_it = [&](const ModelRule& other) {
    return std::ranges::find(other.overrides, name) != other.overrides.end();
  };
  return !model.rules[rule].overrides.empty() || std::ranges::any_of(model.rules, overrides_it);
}

bool is_redundant(const Model& model, std::size_t rule) {
  return !model.rules[rule].limited && !takes_part_in_overrides(model, rule) && !is_shadowed(model, rule) &&
         changes_nothing(model, rule) && !keeps_packets_from_a_limit(model, rule);
}

// Whether everything over the limit is allowed anyway, or nothing comes to the limit.
bool is_limited_in_vain(const Model& model, std::size_t rule) {
  if (!model.rules[rule].limited) return false;
  bool any = false;
  for (const Spot spot : all_spots()) {
    if (!matches(model.rules[rule], spot)) continue;
    if (taken_before(model, rule, spot)) continue;
    any = true;
    if (verdict_at(model, spot, false) != Verdict::allow) return false;
  }
  return any || !is_shadowed(model, rule);
}

enum class Pair : std::uint8_t { neither, crossing, overtaking };

// What place and includes alone say of two rules, the first of which comes first.
Pair pair_of(const Model& model, const ModelRule& first, const ModelRule& second) {
  const auto file = [&](const ModelRule& rule) { return static_cast<std::size_t>(rule.file); };
  if (model.files[file(first)].tier != model.files[file(second)].tier || first.verdict == second.verdict ||
      std::ranges::find(first.overrides, second.name) != first.overrides.end())
    return Pair::neither;
  if (first.file == second.file) return Pair::crossing;
  if (!model.reach[file(first)][file(second)]) return Pair::neither;
  return first.verdict == Verdict::allow ? Pair::overtaking : Pair::crossing;
}

// Whether every packet of the one is one of the other.
bool within(const ModelRule& inner, const ModelRule& outer) {
  for (const Spot spot : all_spots())
    if (matches(inner, spot) && !matches(outer, spot)) return false;
  return true;
}

// Whether a packet of both is left to the first by all other rules that come before the second.
bool decides_some(const Model& model, std::size_t first, std::size_t second) {
  for (const Spot spot : all_spots()) {
    if (!matches(model.rules[first], spot) || !matches(model.rules[second], spot)) continue;
    bool taken = false;
    for (std::size_t other = 0; other < model.rules.size(); ++other)
      taken = taken || (other != first && !model.rules[other].limited && model.before[other][second] &&
                        matches(model.rules[other], spot));
    if (!taken) return true;
  }
  return false;
}

using Pairs = std::set<std::pair<std::string, std::string>>;

Pairs expected_pairs(const Model& model, Pair kind) {
  Pairs pairs;
  for (std::size_t a = 0; a < model.rules.size(); ++a)
    for (std::size_t b = 0; b < model.rules.size(); ++b) {
      const ModelRule& first = model.rules[a];
      const ModelRule& second = model.rules[b];
      if (a == b || !model.before[a][b] || pair_of(model, first, second) != kind || is_shadowed(model, b)) continue;
      if (kind == Pair::crossing && (within(first, second) || within(second, first))) continue;
      if (decides_some(model, a, b)) pairs.emplace(first.name, second.name);
    }
  return pairs;
}

std::string first_name(const std::string& text) {
  const std::size_t begin = text.find('`') + 1;
  return text.substr(begin, text.find('`', begin) - begin);
}

// The pairs of which the program says so; of each finding the packet must be decided as its first rule says.
Pairs pairs_in(const Compilation& result, Code code) {
  Pairs pairs;
  for (const Diagnostic& finding : result.diagnostics.all()) {
    if (finding.code != code) continue;
    const std::string first = first_name(finding.message);
    for (const Label& label : finding.related) pairs.emplace(first, first_name(label.text));
    const auto& rules = result.compiled.graph.section(Direction::inbound).rules;
    const auto rule = std::ranges::find(rules, first, &Rule::name);
    REQUIRE(rule != rules.end());
    const Decision decision = evaluate(result.compiled.graph, *finding.witness, Limits::hold);
    const bool limited_above = decision.rule != nullptr && decision.rule->limit;
    CHECK((limited_above || decision.verdict == rule->verdict));
    CHECK(matches(result.compiled.graph, rule->packets, *finding.witness));
  }
  return pairs;
}

std::string in_one_line(std::vector<std::string> names) {
  std::ranges::sort(names);
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

// The rules of which the program says so, in one line.
std::string named_in(const Diagnostics& diagnostics, Code code) {
  std::vector<std::string> names;
  for (const Diagnostic& finding : diagnostics.all()) {
    if (finding.code != code) continue;
    const std::size_t begin = finding.message.find("rule `") + 6;
    names.push_back(finding.message.substr(begin, finding.message.find('`', begin) - begin));
  }
  return in_one_line(std::move(names));
}

// Whether each pair that the program names is in conflict, and each packet in conflict is so for a pair that it names.
bool conflicts_are_told(const Model& model, const Diagnostics& diagnostics) {
  const auto number = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(model.rules, name, &ModelRule::name) - model.rules.begin());
  };
  std::vector<std::pair<std::size_t, std::size_t>> named;
  for (const Diagnostic& finding : diagnostics.all()) {
    if (finding.code != Code::conflict) continue;
    std::vector<std::string> parts;
    std::istringstream text(finding.message);
    for (std::string part; std::getline(text, part, '`');) parts.push_back(part);
    named.emplace_back(number(parts.at(1)), number(parts.at(3)));
  }
  std::vector<char> seen(named.size());
  for (const Spot spot : all_spots()) {
    bool told = false;
    for (std::size_t i = 0; i < named.size(); ++i) {
      if (!conflict_between(model, named[i].first, named[i].second, spot)) continue;
      told = true;
      seen[i] = 1;
    }
    if (told != conflict_at(model, spot)) return false;
  }
  return std::ranges::find(seen, 0) == seen.end();
}

template <class Question>
std::string expected_names(const Model& model, Question question) {
  std::vector<std::string> names;
  for (std::size_t rule = 0; rule < model.rules.size(); ++rule)
    if (question(model, rule)) names.push_back(model.rules[rule].name);
  return in_one_line(std::move(names));
}

bool leaves_doubt(const Diagnostics& diagnostics) {
  return diagnostics.errors() != count(diagnostics, Code::shadowed);
}

}  // namespace

TEST_CASE("conflicts, cycles and verdicts are those of a model that compares every pair of rules") {
  unsigned cycles = 0, conflicts = 0, sound = 0;
  std::size_t shadowed = 0, redundant = 0, in_vain = 0, crossings = 0, overtakings = 0;
  for (unsigned seed = 1; seed <= trials(6000); ++seed) {
    std::mt19937 random(seed);
    const Model model = random_model(random);
    const auto texts = texts_of(model, false);
    const Compilation result = compile_texts(texts, Thoroughness::all);
    CAPTURE(seed);
    const std::string all = whole(texts);
    CAPTURE(all);

    if (model.has_cycle()) {
      ++cycles;
      REQUIRE(count(result.diagnostics, Code::precedence_cycle) >= 1);
      continue;
    }
    REQUIRE(count(result.diagnostics, Code::precedence_cycle) == 0);
    const bool expected = has_conflict(model);
    REQUIRE((count(result.diagnostics, Code::conflict) != 0) == expected);
    REQUIRE(conflicts_are_told(model, result.diagnostics));
    if (expected) {
      ++conflicts;
      continue;
    }
    ++sound;
    REQUIRE_FALSE(leaves_doubt(result.diagnostics));
    const Compilation reversed = compile_texts(texts_of(model, true), Thoroughness::all);
    REQUIRE_FALSE(leaves_doubt(reversed.diagnostics));
    for (const Diagnostics* diagnostics : {&result.diagnostics, &reversed.diagnostics}) {
      REQUIRE(named_in(*diagnostics, Code::shadowed) == expected_names(model, is_shadowed));
      REQUIRE(named_in(*diagnostics, Code::redundant) == expected_names(model, is_redundant));
      REQUIRE(named_in(*diagnostics, Code::limit_without_effect) == expected_names(model, is_limited_in_vain));
    }
    const Pairs crossing = expected_pairs(model, Pair::crossing), overtaking = expected_pairs(model, Pair::overtaking);
    for (const Compilation* compilation : {&result, &reversed}) {
      REQUIRE(pairs_in(*compilation, Code::crossing) == crossing);
      REQUIRE(pairs_in(*compilation, Code::overtaken) == overtaking);
    }
    crossings += crossing.size();
    overtakings += overtaking.size();
    for (std::size_t rule = 0; rule < model.rules.size(); ++rule)
      if (is_shadowed(model, rule) && !takes_part_in_overrides(model, rule)) REQUIRE(changes_nothing(model, rule));
    shadowed += count(result.diagnostics, Code::shadowed);
    redundant += count(result.diagnostics, Code::redundant);
    in_vain += count(result.diagnostics, Code::limit_without_effect);
    Diagnostics unused;
    const filter::Filter filter = lower(result.compiled.graph, result.sources);
    const nft::Ruleset ruleset = nft::lower(filter, unused);
    for (const Spot spot : all_spots())
      for (const Limits limits : {Limits::hold, Limits::exhausted}) {
        const auto verdicts = foremost(model, spot, limits == Limits::hold);
        const Verdict wanted = verdicts.empty() ? Verdict::deny : verdicts.front();
        REQUIRE(std::ranges::all_of(verdicts, [&](Verdict verdict) { return verdict == wanted; }));
        const Packet packet = packet_of(spot);
        const bool exhausted = limits == Limits::exhausted;
        REQUIRE(evaluate(result.compiled.graph, packet, limits).verdict == wanted);
        REQUIRE(evaluate(reversed.compiled.graph, packet, limits).verdict == wanted);
        REQUIRE(filter::evaluate(filter, packet, exhausted).verdict == wanted);
        REQUIRE(nft::evaluate(ruleset, packet, exhausted) == wanted);
      }
  }
  MESSAGE("cycles " << cycles << ", conflicts " << conflicts << ", sound " << sound << ", shadowed " << shadowed
                    << ", redundant " << redundant << ", limits in vain " << in_vain << ", crossing " << crossings
                    << ", overtaken " << overtakings);
  CHECK(crossings > trials(50));
  CHECK(overtakings > trials(50));
  CHECK(shadowed > trials(1000));
  CHECK(redundant > trials(1000));
  CHECK(in_vain > trials(20));
  CHECK(cycles > trials(1000));
  CHECK(conflicts > trials(300));
  CHECK(sound > trials(3000));
}
