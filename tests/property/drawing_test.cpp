#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/drawing/drawing.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_policy.h"

// The arrows of a picture, followed as far as they lead, say exactly which rule comes before which; and none of those
// that stand for lists and includes is there for nothing.

using namespace portpolicy;

namespace {

struct Files {
  std::map<std::string, std::string> texts;
  bool overrides = false;
};

Files random_files(test::Random& random) {
  Files files;
  const std::size_t count = 1 + random.below(6);
  const auto name_of = [](std::size_t file) {
    return file == 0 ? "policy.yaml" : "f" + std::to_string(file) + ".yaml";
  };
  std::vector<std::string> names;
  for (std::size_t file = 0; file < count; ++file) {
    std::string& text = files.texts[name_of(file)] = "portpolicy: 1\ninclude: [";
    for (std::size_t other = file + 1; other < count; ++other)
      if (random.chance(file == 0 ? 90 : 35)) text += name_of(other) + ", ";
    text += "]\n";
    if (random.chance(30)) text += random.chance(50) ? "tier: mandatory\n" : "tier: baseline\n";
    if (random.chance(20)) continue;  // a file without rules passes the order on
    text += "inbound:\n";
    for (std::size_t rule = 0; rule < 1 + random.below(4); ++rule) {
      const std::string name = "r" + std::to_string(names.size());
      text += "- {name: " + name + ", allow: " + std::to_string(1 + random.below(3)) + "/tcp";
      if (!names.empty() && random.chance(20)) {
        text += ", overrides: " + random.one_of(names);
        files.overrides = true;
      }
      text += "}\n";
      names.push_back(name);
    }
  }
  return files;
}

using Arrows = std::map<std::string, std::set<std::string>>;

std::set<std::string> led_to(const Arrows& arrows, const std::string& start) {
  std::set<std::string> seen;
  std::vector<std::string> open{start};
  while (!open.empty()) {
    const std::string node = open.back();
    open.pop_back();
    if (const auto found = arrows.find(node); found != arrows.end())
      for (const std::string& next : found->second)
        if (seen.insert(next).second) open.push_back(next);
  }
  return seen;
}

bool is_finding(const drawing::Edge& edge) {
  return edge.kind == drawing::Edge::Kind::finding || edge.kind == drawing::Edge::Kind::decides;
}

std::string node_of(std::size_t rule) {
  return "inbound_rule" + std::to_string(rule);
}

void check_order(const Section& section, const Arrows& arrows) {
  for (std::size_t a = 0; a < section.rules.size(); ++a) {
    const std::set<std::string> after = led_to(arrows, node_of(a));
    for (std::size_t b = 0; b < section.rules.size(); ++b) {
      CAPTURE(section.rules[a].name);
      CAPTURE(section.rules[b].name);
      CHECK(after.contains(node_of(b)) == (a != b && section.precedence.before(section.rules[a], section.rules[b])));
    }
    CHECK(after.contains("inbound_otherwise0"));
  }
  const std::set<std::string> all = led_to(arrows, "inbound_base0");
  for (std::size_t rule = 0; rule < section.rules.size(); ++rule) CHECK(all.contains(node_of(rule)));
}

// Without the edge something is not said any more.
void check_needed(const Arrows& arrows, const drawing::Edge& edge) {
  Arrows fewer = arrows;
  fewer[edge.from].erase(edge.to);
  CAPTURE(edge.from);
  CAPTURE(edge.to);
  CHECK_FALSE(led_to(fewer, edge.from).contains(edge.to));
}

}  // namespace

TEST_CASE("the arrows of a picture are the precedence") {
  std::size_t drawn = 0;
  for (std::uint64_t seed = 0; seed < test::trials(400); ++seed) {
    test::Random random(seed);
    const Files files = random_files(random);
    CAPTURE(seed);
    test::MemoryReader reader(files.texts);
    SourceMap sources;
    Diagnostics diagnostics;
    const auto compiled = compile("policy.yaml", reader, {}, Thoroughness::all, sources, diagnostics);
    REQUIRE(compiled.has_value());
    const std::vector<Diagnostic> findings = diagnostics.sorted();
    const bool unordered = std::ranges::any_of(findings, [](const Diagnostic& finding) {
      return finding.severity == Severity::error && finding.code != Code::conflict && finding.code != Code::shadowed;
    });
    if (unordered) continue;
    ++drawn;
    const Section& section = compiled->graph.section(Direction::inbound);
    const drawing::Drawing picture =
        drawing::draw(compiled->policy, compiled->graph, findings, sources, {Direction::inbound});
    if (section.rules.empty()) continue;
    Arrows arrows;
    for (const drawing::Edge& edge : picture.edges)
      if (!is_finding(edge)) arrows[edge.from].insert(edge.to);
    check_order(section, arrows);
    for (const drawing::Edge& edge : picture.edges)
      if (!files.overrides && (edge.kind == drawing::Edge::Kind::next || edge.kind == drawing::Edge::Kind::includes))
        check_needed(arrows, edge);
  }
  CHECK(drawn > test::trials(100));
}
