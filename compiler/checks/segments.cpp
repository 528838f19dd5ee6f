#include "compiler/checks/segments.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace portpolicy::checks {
namespace {

/// Places in each file at which, for the rules of another one, something begins.
std::vector<std::set<std::uint32_t>> beginnings(const std::vector<std::vector<Precedence::Step>>& of_files) {
  std::vector<std::set<std::uint32_t>> places(of_files.size());
  for (std::size_t file = 0; file < of_files.size(); ++file)
    for (const Precedence::Step& step : of_files[file]) {
      if (step.place != Precedence::none) places[file].insert(step.place + 1);
      for (std::size_t other = 0; other < step.reach.size(); ++other) places[other].insert(step.reach[other]);
    }
  return places;
}

}  // namespace

bool Segment::has_limits() const {
  return std::ranges::any_of(rules, [](const Rule* rule) { return rule->limit.has_value(); });
}

std::vector<Segment> segments_of(const Section& section) {
  std::map<std::pair<Tier, std::uint32_t>, std::vector<const Rule*>> files;
  for (const Rule& rule : section.rules) files[{rule.tier, rule.file}].push_back(&rule);
  std::vector<std::vector<std::set<std::uint32_t>>> begins;
  begins.reserve(section.precedence.steps.size());
  for (const auto& of_tier : section.precedence.steps) begins.push_back(beginnings(of_tier));

  std::vector<Segment> segments;
  for (auto& [key, rules] : files) {
    std::ranges::sort(rules, {}, &Rule::place);
    const std::set<std::uint32_t>& places = begins[static_cast<std::size_t>(key.first)][key.second];
    auto next = places.begin();
    for (const Rule* rule : rules) {
      const bool begins_here = next != places.end() && *next <= rule->place;
      if (begins_here || rule == rules.front()) segments.emplace_back();
      segments.back().rules.push_back(rule);
      segments.back().verdicts |= static_cast<std::uint8_t>(1u << static_cast<unsigned>(rule->verdict));
      while (next != places.end() && *next <= rule->place) ++next;
    }
  }
  return segments;
}

}  // namespace portpolicy::checks
