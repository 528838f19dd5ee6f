#include "compiler/review/reach.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cli/decider.h"
#include "cli/reach_answer.h"
#include "tests/support/compilation.h"
#include "tests/support/effort.h"
#include "tests/support/random_packet.h"
#include "tests/support/random_policy.h"
#include "tests/support/said.h"

// Random policies with limits, random questions, packets at the boundaries of what the policies speak of: a packet that
// was asked about stands in the answer once, with what `evaluate` says of it; any other one nowhere.

using namespace portpolicy;
using test::Random;

namespace {

std::string with_limits(test::PolicyText policy, Random& random) {
  for (auto& rules : policy.rules)
    for (std::string& rule : rules)
      if (rule.starts_with("{allow") && random.chance(40)) rule.insert(rule.size() - 1, ", limit: 5/minute");
  return policy.text();
}

std::vector<Transport> random_services(Random& random) {
  const PortSet few = PortSet::of({1000, 1010}),
                web = PortSet::of(std::vector<Interval<std::uint16_t>>{{80, 80}, {443, 443}});
  const IcmpSet types = IcmpSet::of({icmp_value(3, 0), icmp_value(8, 255)});
  static const std::vector<std::vector<Transport>> all{
      {},
      {},
      {{protocols::tcp, PortSet::of({22, 22}), IcmpSet::all()}},
      {{protocols::tcp, PortSet::of({53, 53}), IcmpSet::all()},
       {protocols::udp, PortSet::of({53, 53}), IcmpSet::all()}},
      {{protocols::tcp, few, IcmpSet::all()}},
      {{protocols::tcp, web, IcmpSet::all()}},
      {{protocols::tcp, PortSet::all(), IcmpSet::all()}},
      {{protocols::udp, PortSet::of({1, 65535}), IcmpSet::all()}},
      {{protocols::icmp, PortSet::all(), types}, {protocols::icmpv6, PortSet::all(), IcmpSet::all()}},
      {{protocols::igmp, PortSet::all(), IcmpSet::all()}, {protocols::esp, PortSet::all(), IcmpSet::all()}},
  };
  return random.one_of(all);
}

review::Question random_question(const Graph& graph, Direction direction, Random& random) {
  review::Question question;
  question.direction = direction;
  question.services = random_services(random);
  if (random.chance(25)) question.from = random.one_of(graph.address_sets).addresses;
  if (random.chance(25)) question.to = random.one_of(graph.address_sets).addresses;
  if (random.chance(15)) question.in = random.one_of(graph.interface_sets);
  if (random.chance(15)) question.out = random.one_of(graph.interface_sets);
  if (random.chance(10)) question.source_ports = PortSet::of({1024, 40000});
  return question;
}

bool in_own_family(const Packet& packet) {
  return family_of(packet.protocol).value_or(packet.family()) == packet.family();
}

bool is_of(const std::vector<Transport>& services, const Packet& packet) {
  return in_own_family(packet) && std::ranges::any_of(services, [&](const Transport& transport) {
           return transport.protocol == packet.protocol && transport.ports.contains(packet.destination_port.number()) &&
                  transport.icmp.contains(icmp_value(packet.icmp_type, packet.icmp_code));
         });
}

bool is_asked(const review::Question& question, const Packet& packet) {
  const bool opens = packet.state == State::new_ || packet.state == State::untracked;
  const bool inward = packet.direction == Direction::outbound || (packet.in != "lo" && question.in.contains(packet.in));
  const bool outward =
      packet.direction == Direction::inbound || (packet.out != "lo" && question.out.contains(packet.out));
  return opens && inward && outward && in_own_family(packet) &&
         (question.services.empty() || is_of(question.services, packet)) && question.from.contains(packet.source) &&
         question.to.contains(packet.destination) && question.source_ports.contains(packet.source_port.number());
}

bool alike(const Decision& a, const Decision& b) {
  return a.verdict == b.verdict && a.base == b.base && a.rule == b.rule;
}

/// Those that have the packet.
std::vector<const review::Access*> with(const std::vector<review::Access>& all, const Packet& packet) {
  std::vector<const review::Access*> found;
  for (const review::Access& access : all)
    for (const Box& box : access.packets)
      if (contains(box, packet)) found.push_back(&access);
  return found;
}

/// What the answer says of a packet.
std::vector<const review::Access*> told(const review::Reach& answer, const Packet& packet) {
  std::vector<const review::Access*> found;
  for (const review::Reached& reached : answer.reached) {
    if (!is_of(reached.services, packet)) continue;
    std::ranges::copy(with(reached.access, packet), std::back_inserter(found));
  }
  return found;
}

/// A row of the text: what it says of whom, as it stands there.
struct Row {
  std::string verdict, why;
  std::vector<std::string> who;
};

/// The rows of an answer about one service.
std::vector<Row> rows_of(const std::string& text) {
  std::vector<Row> rows;
  for (std::string line : test::split(text.substr(text.find('\n') + 1), "\n")) {
    if (line.size() < 10) continue;
    if (line[2] != ' ') rows.push_back({line.substr(2, line.find(' ', 2) - 2), "", {}});
    line = line.substr(10);
    const bool goes_on = line.starts_with("  ") && line[2] != ' ';
    const std::size_t gap = line.find("  ", goes_on ? 2 : 0);
    const std::string who = line.substr(goes_on ? 2 : 0, gap - (goes_on ? 2 : 0));
    if (goes_on) rows.back().who.back() += " " + who;
    else if (!who.empty()) rows.back().who.push_back(who);
    if (gap != std::string::npos && rows.back().why.empty())
      rows.back().why = line.substr(line.find_first_not_of(' ', gap));
  }
  return rows;
}

/// Whether a packet is among those of whom a row speaks; nothing when it does not say all.
std::optional<bool> speaks_of(cli::PolicyWords& words, const std::string& who, const Packet& packet) {
  const std::size_t only = who.find(", only ");
  const auto has = [&](const std::string& list, Address address) -> std::optional<bool> {
    const bool exceptions = list.find(" except ") != std::string::npos;
    const auto set = test::addresses_said(words, exceptions ? std::vector{list} : test::split(list, ", "));
    return set.transform([&](const AddressSet& each) { return each.contains(address); });
  };
  const std::vector<std::string> sides = test::split(who.substr(0, only), " -> ");
  const bool outbound = packet.direction == Direction::outbound;
  std::optional<bool> all = has(sides[0], outbound ? packet.destination : packet.source);
  const auto also = [&](std::optional<bool> other) {
    all = all && other ? std::optional(*all && *other) : std::nullopt;
  };
  if (sides.size() == 2) also(has(sides[1], packet.destination));
  if (only == std::string::npos) return all;
  std::string rest = " and " + who.substr(only + 7);
  for (const std::string key : {" and source port ", " and out ", " and in ", " and from ", " and to "}) {
    const std::size_t at = rest.rfind(key);
    if (at == std::string::npos) continue;
    const std::string value = rest.substr(at + key.size());
    rest.resize(at);
    if (key == " and to ") also(has(value, packet.destination));
    if (key == " and from ") also(has(value, packet.source));
    if (key == " and in ") also(test::interfaces_said(words, value).contains(packet.in));
    if (key == " and out ") also(test::interfaces_said(words, value).contains(packet.out));
    if (key != " and source port ") continue;
    if (value.ends_with(" more")) return std::nullopt;
    bool inside = false;
    for (const std::string& range : test::split(value, ", ")) {
      const std::vector<std::string> ends = test::split(range, "-");
      const auto port = static_cast<int>(packet.source_port.number());
      inside = inside || (std::stoi(ends.front()) <= port && port <= std::stoi(ends.back()));
    }
    also(inside);
  }
  REQUIRE(rest.empty());
  return all;
}

/// The row that speaks of a packet; nothing when some row does not say all.
const Row* row_about(cli::PolicyWords& words, const std::vector<Row>& rows, const Packet& packet) {
  std::vector<const Row*> found;
  for (const Row& row : rows) {
    for (const std::string& who : row.who) {
      const bool rest = who == "any other" || who == "all else";
      const std::optional<bool> about = rest ? std::optional(found.empty()) : speaks_of(words, who, packet);
      if (!about) return nullptr;
      if (*about) found.push_back(&row);
    }
  }
  CHECK(found.size() == 1);
  return found.empty() ? nullptr : found.front();
}

}  // namespace

TEST_CASE("an answer to who can reach a service has every packet asked about once, with what decides it") {
  std::size_t asked = 0, by_rule = 0, limited = 0, in_part = 0, split = 0;
  for (unsigned seed = 1; seed <= test::trials(1500); ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::string text = with_limits(test::random_policy(random), random);
    CAPTURE(text);
    const test::Compilation result = test::compile_text(text, Thoroughness::errors);
    const Graph& graph = result.compiled.graph;
    for (const Direction direction : directions) {
      const review::Question question = random_question(graph, direction, random);
      const auto answer = review::reach(graph, question);
      REQUIRE(answer.has_value());
      REQUIRE(answer->managed == graph.section(direction).managed);
      if (answer->reached.size() > 1) ++split;
      for (int i = 0; i < 100; ++i) {
        const Packet packet = test::packet_near(graph, direction, random);
        CAPTURE(to_string(packet));
        const std::vector<const review::Access*> found = told(*answer, packet);
        if (!answer->managed || !is_asked(question, packet)) {
          if (in_own_family(packet)) REQUIRE(found.empty());
          continue;
        }
        REQUIRE(found.size() == 1);
        ++asked;
        const Decision decision = evaluate(graph, packet, Limits::hold);
        REQUIRE(alike(found[0]->decision, decision));
        if (decision.rule != nullptr) ++by_rule;
        const std::vector<const review::Access*> over_limit = with(found[0]->over_limit, packet);
        const bool is_limited = decision.rule != nullptr && decision.rule->limit;
        REQUIRE(over_limit.size() == (is_limited ? 1 : 0));
        if (is_limited) {
          ++limited;
          REQUIRE(alike(over_limit[0]->decision, evaluate(graph, packet, Limits::exhausted)));
        }
        if (found[0]->packets.size() > 1 || !found[0]->packets[0].destination.is_all()) ++in_part;
      }
    }
  }
  MESSAGE(asked << " packets asked about, " << by_rule << " decided by a rule, " << limited << " within a limit, "
                << in_part << " in a set that is narrowed, " << split << " answers with several parts");
  CHECK(asked > test::trials(30'000));
  CHECK(by_rule > test::trials(8'000));
  CHECK(limited > test::trials(2'000));
  CHECK(in_part > test::trials(10'000));
  CHECK(split > test::trials(1'500));
}

TEST_CASE("what people are told of who can reach a service is so") {
  std::size_t read = 0, in_part = 0, rest = 0;
  for (unsigned seed = 1; seed <= test::trials(1000); ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::string policy = with_limits(test::random_policy(random), random);
    CAPTURE(policy);
    const test::Compilation result = test::compile_text(policy, Thoroughness::errors);
    const Graph& graph = result.compiled.graph;
    const cli::SetWords set_words(graph, result.compiled.policy);
    cli::PolicyWords policy_words(result.compiled.policy);
    for (const Direction direction : directions) {
      Packet packet = test::packet_near(graph, direction, random);
      review::Question question = random_question(graph, direction, random);
      const std::uint16_t port = packet.destination_port.number(),
                          type = icmp_value(packet.icmp_type, packet.icmp_code);
      question.services = {{packet.protocol, has_ports(packet.protocol) ? PortSet::of({port, port}) : PortSet::all(),
                            has_icmp(packet) ? IcmpSet::of({type, type}) : IcmpSet::all()}};
      if (!has_ports(packet.protocol)) question.source_ports = PortSet::all();
      const auto answer = review::reach(graph, question);
      REQUIRE(answer.has_value());
      if (answer->reached.size() != 1) continue;
      const std::string text = cli::reach_text(graph, set_words, question, "", *answer, result.sources);
      CAPTURE(text);
      const std::vector<Row> rows = rows_of(text);
      for (int i = 0; i < 20; ++i) {
        const Packet near = test::packet_near(graph, direction, random);
        packet.source = near.source;
        packet.destination = near.destination;
        packet.in = near.in;
        packet.out = near.out;
        packet.state = State::new_;
        if (has_ports(packet.protocol) && has_ports(near.protocol)) packet.source_port = near.source_port;
        CAPTURE(to_string(packet));
        if (!is_asked(question, packet)) continue;
        const Row* row = row_about(policy_words, rows, packet);
        if (row == nullptr) continue;
        ++read;
        const Decision decision = evaluate(graph, packet);
        REQUIRE(row->verdict == cli::verdict_word(decision));
        REQUIRE(row->why == cli::decider(graph, decision, direction, result.sources));
        if (row->who[0].find("only ") != std::string::npos) ++in_part;
        if (row->who[0] == "any other" || row->who[0] == "all else") ++rest;
      }
    }
  }
  MESSAGE(read << " packets, " << in_part << " in a row that holds in part, " << rest << " in what is left");
  CHECK(read > test::trials(10'000));
  CHECK(in_part > test::trials(500));
  CHECK(rest > test::trials(2'000));
}
