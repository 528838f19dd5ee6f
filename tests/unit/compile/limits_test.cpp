#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "compiler/compile.h"
#include "compiler/syntax/load.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"

namespace portpolicy::test {
namespace {

/// A policy that is read, checked and brought into the normal form.
struct Outcome {
  explicit Outcome(std::map<std::string, std::string> files) {
    MemoryReader reader(std::move(files));
    auto result = compile("policy.yaml", reader, {}, Thoroughness::all, sources, diagnostics);
    REQUIRE(result.has_value());
    compiled = *std::move(result);
  }
  std::size_t rules() const { return compiled.graph.section(Direction::inbound).rules.size(); }

  SourceMap sources;
  Diagnostics diagnostics;
  Compiled compiled;
};

std::string address(std::size_t number) {
  return std::to_string(1 + (number >> 16)) + "." + std::to_string(number >> 8 & 255) + "." +
         std::to_string(number & 255) + ".1";
}

}  // namespace

// With sanitizers a tenth of the greatest sizes: the whole takes minutes, and runs without them.

TEST_CASE("as many rules as there may be, in as many files as there may be") {
  constexpr std::size_t included = syntax::max_files - 1;
  std::map<std::string, std::string> files{{"policy.yaml", "portpolicy: 1\nbase: []\ninclude:\n"}};
  std::size_t made = 0;
  const std::size_t rules = trials(syntax::max_rules);
  for (std::size_t file = 0; file < included; ++file) {
    const std::string name = "part-" + std::to_string(file) + ".yaml";
    files["policy.yaml"] += "  - " + name + "\n";
    std::string& text = files[name] = "portpolicy: 1\ninbound:\n";
    for (; made < rules * (file + 1) / included; ++made) {
      text += "- {allow: " + std::to_string(1 + made % 60000) + "/sctp, from: " + address(made) + "}\n";
    }
  }
  const Outcome outcome(std::move(files));
  CHECK(outcome.diagnostics.sorted().empty());
  CHECK(outcome.rules() == rules);
}

TEST_CASE("files that include each other as deep as they may") {
  std::map<std::string, std::string> files;
  for (std::size_t depth = 0; depth <= syntax::max_depth; ++depth) {
    std::string& text = files[depth == 0 ? "policy.yaml" : std::to_string(depth) + ".yaml"] = "portpolicy: 1\n";
    if (depth < syntax::max_depth) text += "include: " + std::to_string(depth + 1) + ".yaml\n";
    text += "inbound:\n- {allow: " + std::to_string(1000 + depth) + "/sctp}\n";
  }
  const Outcome outcome(std::move(files));
  CHECK(outcome.diagnostics.sorted().empty());
  CHECK(outcome.rules() == syntax::max_depth + 1);
}

TEST_CASE("as many prefixes as a list file may have") {
  std::string list;
  const std::size_t prefixes = trials(syntax::max_list_prefixes);
  for (std::size_t i = 0; i < prefixes; ++i) {
    list += std::to_string(1 + (i >> 15)) + "." + std::to_string(i >> 7 & 255) + "." + std::to_string((i & 127) * 2) +
            ".0/24\n";
  }
  const Outcome outcome(
      {{"policy.yaml", "portpolicy: 1\nnetworks: {l: {file: l}}\ninbound: [{reject: any, from: l}]\n"}, {"l", list}});
  CHECK(outcome.diagnostics.sorted().empty());
  REQUIRE(outcome.rules() == 1);
  CHECK(outcome.compiled.graph.address_sets.back().addresses.v4.intervals().size() == prefixes);
}

}  // namespace portpolicy::test
