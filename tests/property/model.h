#pragma once

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/compilation.h"

/// Small policies of several files, with tiers, includes, overrides and limits, and what they mean: written from
/// docs/language.md alone, with every pair of rules in a matrix and every packet of a tiny universe tried.
namespace portpolicy::test {

struct ModelRule {
  std::string name;
  int file = 0;
  int place = 0;
  Verdict verdict = Verdict::allow;
  std::string service, from;
  bool limited = false;
  std::vector<std::string> overrides;
};

/// An entry of `tests`.
struct ModelTest {
  int file = 0;
  Verdict verdict = Verdict::allow;
  std::string service, from;
};

struct ModelFile {
  std::string path;
  int tier = 1;  ///< 0 mandatory, 1 normal, 2 baseline
  std::vector<int> includes;
  std::vector<int> rules;
};

struct Model {
  std::vector<ModelFile> files;
  std::vector<ModelRule> rules;
  std::vector<ModelTest> tests;
  std::vector<std::vector<char>> before;  ///< of rules
  std::vector<std::vector<char>> reach;   ///< of files, by includes

  /// Works out `before` and `reach` from the rest.
  void close();
  bool has_cycle() const;
  Model without(std::size_t rule) const;
};

Model random_model(std::mt19937& random);
void add_random_tests(Model& model, std::mt19937& random);

/// The policy's files, by path; the top one is `policy.yaml`. Includes can be written in the other order.
std::map<std::string, std::string> texts_of(const Model& model, bool reversed_includes = false);

/// A packet of the universe, in which no two packets differ that some rule tells apart.
struct Spot {
  int source;
  int port;
};
const std::vector<Spot>& all_spots();
Packet packet_of(Spot spot);

bool matches(const std::string& service, const std::string& from, Spot spot);
bool matches(const ModelRule& rule, Spot spot);
/// The verdicts of the foremost of those matching rules that count.
template <class Counts>
std::vector<Verdict> foremost(const Model& model, Spot spot, Counts counts) {
  std::vector<std::size_t> matching;
  for (std::size_t r = 0; r < model.rules.size(); ++r)
    if (counts(model.rules[r]) && matches(model.rules[r], spot)) matching.push_back(r);
  std::vector<Verdict> verdicts;
  for (const std::size_t r : matching) {
    const auto is_before = [&](std::size_t other) { return model.before[other][r] != 0; };
    if (std::ranges::none_of(matching, is_before)) verdicts.push_back(model.rules[r].verdict);
  }
  return verdicts;
}
/// With the limited rules or without.
std::vector<Verdict> foremost(const Model& model, Spot spot, bool with_limited);
/// In a policy without conflicts.
Verdict verdict_at(const Model& model, Spot spot, bool with_limited);
/// Whether two unordered rules that disagree meet in a packet and no unlimited rule stands above either of them.
bool conflict_between(const Model& model, std::size_t a, std::size_t b, Spot spot);
bool conflict_at(const Model& model, Spot spot);
bool has_conflict(const Model& model);
/// Whether an unlimited rule before it takes this packet.
bool taken_before(const Model& model, std::size_t rule, Spot spot);

std::size_t count(const Diagnostics& diagnostics, Code code);
/// All files in one text, to be shown when a test fails.
std::string whole(const std::map<std::string, std::string>& texts);

}  // namespace portpolicy::test
