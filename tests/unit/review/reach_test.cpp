#include "compiler/review/reach.h"

#include <doctest/doctest.h>

#include <string>

#include "tests/support/compilation.h"

using namespace portpolicy;

namespace {

Graph graph_of(const std::string& rules) {
  test::Compilation result = test::compile_text("portpolicy: 1\n" + rules, Thoroughness::errors);
  REQUIRE_FALSE(result.diagnostics.has_errors());
  return std::move(result.compiled.graph);
}

review::Question about(Protocol protocol, std::uint16_t first, std::uint16_t last) {
  review::Question question;
  question.services = {{protocol, PortSet::of({first, last}), IcmpSet::all()}};
  return question;
}

}  // namespace

TEST_SUITE("who can reach a service") {
  TEST_CASE("sources of both families that a rule decides stand together") {
    const Graph graph =
        graph_of("inbound:\n  - {allow: ssh, from: [10.0.0.0/8, \"fd00::/8\"], to: [192.0.2.1, \"2001:db8::1\"]}\n");
    const auto answer = review::reach(graph, about(protocols::tcp, 22, 22));
    REQUIRE(answer.has_value());
    REQUIRE(answer->reached.size() == 1);
    const review::Access& first = answer->reached[0].access[0];
    CHECK(first.decision.rule == &graph.section(Direction::inbound).rules[0]);
    REQUIRE(first.packets.size() == 1);
    CHECK(first.packets[0].source == graph.address_sets[1].addresses);
    CHECK(first.packets[0].destination == graph.address_sets[2].addresses);
  }

  TEST_CASE("ports of a range are told of apart where they differ, and only there") {
    const Graph graph = graph_of("inbound:\n  - allow: 80-89/tcp\n  - {allow: 85-95/tcp, from: 10.0.0.0/8}\n");
    const auto answer = review::reach(graph, about(protocols::tcp, 70, 100));
    REQUIRE(answer.has_value());
    REQUIRE(answer->reached.size() == 3);
    CHECK(to_string(answer->reached[0].services[0].ports) == "80-89");
    CHECK(to_string(answer->reached[1].services[0].ports) == "90-95");
    CHECK(to_string(answer->reached[2].services[0].ports) == "70-79, 96-100");
  }

  TEST_CASE("what is over the limit of a rule may be decided by several") {
    const Graph graph = graph_of("inbound:\n  - {allow: ssh, limit: 1/minute}\n  - {reject: ssh, from: 10.0.0.0/8}\n");
    const auto answer = review::reach(graph, about(protocols::tcp, 22, 22));
    REQUIRE(answer.has_value());
    const std::vector<review::Access>& access = answer->reached.at(0).access;
    REQUIRE(access.size() == 1);
    CHECK(access[0].decision.rule == &graph.section(Direction::inbound).rules[0]);
    REQUIRE(access[0].packets.size() == 1);
    CHECK(access[0].packets[0].source.is_all());
    REQUIRE(access[0].over_limit.size() == 2);
    CHECK(access[0].over_limit[0].decision.verdict == Verdict::reject);
    CHECK(access[0].over_limit[1].decision.verdict == Verdict::deny);
  }

  TEST_CASE("a direction that is not managed has no answer, and a question about no packet neither") {
    const Graph graph = graph_of("inbound:\n  - allow: ssh\n");
    review::Question question = about(protocols::tcp, 22, 22);
    question.in = InterfaceSet::of({"lo", false});
    CHECK(review::reach(graph, question)->reached.empty());
    question.direction = Direction::forward;
    CHECK_FALSE(review::reach(graph, question)->managed);
  }

  TEST_CASE("when the budget ends there is no answer, not a part of one") {
    const Graph graph = graph_of("inbound:\n  - {allow: ssh, from: 10.0.0.0/8}\n");
    const review::Question question = about(protocols::tcp, 22, 22);
    CHECK(review::reach(graph, question).has_value());
    CHECK_FALSE(review::reach(graph, question, DiagramBudget{.edges = 8}).has_value());
    CHECK_FALSE(review::reach(graph, question, DiagramBudget{.steps = 8}).has_value());
  }
}
