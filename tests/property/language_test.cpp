#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "compiler/graph/boxes.h"
#include "compiler/graph/lower.h"
#include "tests/support/compilation.h"
#include "tests/support/effort.h"
#include "tests/support/random_packet.h"
#include "tests/support/random_policy.h"

// Random policies of the whole language, packets at the boundaries of what they speak of: the graph, its boxes, the
// filter and the nftables model must say the same of each.

using namespace portpolicy;
using test::packet_near;
using test::Random;

namespace {

bool in_some_box(const std::vector<Box>& boxes, const Packet& packet) {
  return std::ranges::any_of(boxes, [&](const Box& box) { return contains(box, packet); });
}

// The first kind of base traffic whose boxes have the packet.
std::optional<Base> base_by_boxes(const Graph& graph, const Packet& packet) {
  for (const Base base : syntax::all_bases)
    if (graph.base.contains(base) && in_some_box(boxes_of(base, packet.direction), packet)) return base;
  return std::nullopt;
}

}  // namespace

TEST_CASE("graph, boxes, filter and nftables model decide every packet alike") {
  std::size_t packets = 0, by_rule = 0, by_base = 0;
  for (unsigned seed = 1; seed <= test::trials(400); ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::string text = test::random_policy(random).text();
    CAPTURE(text);
    const test::Compilation result = test::compile_text(text, Thoroughness::errors);
    const auto shadowed = std::ranges::count(result.diagnostics.all(), Code::shadowed, &Diagnostic::code);
    REQUIRE(result.diagnostics.errors() == static_cast<std::size_t>(shadowed));
    const Graph& graph = result.compiled.graph;
    const filter::Filter filter = lower(graph, result.sources);
    Diagnostics of_target;
    const nft::Ruleset ruleset = nft::lower(filter, of_target);
    REQUIRE_FALSE(of_target.has_errors());
    for (int i = 0; i < 250; ++i) {
      const Packet packet = packet_near(graph, random);
      CAPTURE(to_string(packet));
      const Decision decision = evaluate(graph, packet);
      ++packets;
      if (decision.rule != nullptr) ++by_rule;
      if (decision.base) ++by_base;
      REQUIRE(filter::evaluate(filter, packet, false).verdict == decision.verdict);
      REQUIRE(nft::evaluate(ruleset, packet, false) == decision.verdict);
      REQUIRE(base_by_boxes(graph, packet) == base_traffic(graph, packet));
      for (const Rule& rule : graph.section(packet.direction).rules)
        REQUIRE(in_some_box(boxes_of(graph, rule.packets), packet) == matches(graph, rule.packets, packet));
    }
  }
  MESSAGE(packets << " packets, " << by_rule << " decided by a rule, " << by_base << " by base traffic");
  CHECK(by_rule * 5 >= packets);
  CHECK(by_base * 10 >= packets);
}
