#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/support/compilation.h"
#include "tests/support/effort.h"

// Which rules forget a family, in small policies: against every packet of a tiny universe, decided by `evaluate`.

using namespace portpolicy;

namespace {

/// A network as it is written, and the family of which it is everybody, as docs/diagnostics.md says.
struct Network {
  std::string text;
  std::optional<Family> everybody;
};
const std::vector<Network> networks{
    {"", {}},
    {"0.0.0.0/0", Family::ipv4},
    {"{any: 0.0.0.0/0, except: 10.0.0.0/8}", Family::ipv4},
    {"internet", {}},
    {"128.0.0.0/1", {}},  // less than half of the internet, for the last eighth is multicast and reserved
    {"10.0.0.0/8", {}},
    {"\"::/0\"", Family::ipv6},
    {"\"2000::/3\"", Family::ipv6},
    {"\"2001:db8::/32\"", {}},
    {"[0.0.0.0/0, \"::/0\"]", {}},
    {"[0.0.0.0/0, \"2001:db8::/32\"]", {}},
};
const std::vector<std::string> services{"1/tcp", "2/tcp", "[1/tcp, 2/tcp]", "tcp", "any", "icmp/8", "icmpv6/128"};

struct ModelRule {
  Verdict verdict;
  std::string service;
  Network from, to;
  bool limited;
};

template <class T>
const T& one_of(std::mt19937& random, const std::vector<T>& values) {
  return values[random() % values.size()];
}

std::string text_of(const std::vector<ModelRule>& rules, bool allow) {
  std::string text = "portpolicy: 1\nbase: []\ndefaults: {inbound: " + std::string(allow ? "allow" : "deny") + "}\n";
  if (!rules.empty()) text += "inbound:\n";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const ModelRule& rule = rules[i];
    text += "  - {name: r" + std::to_string(i) + ", " + std::string(to_string(rule.verdict)) + ": " + rule.service;
    if (!rule.from.text.empty()) text += ", from: " + rule.from.text;
    if (!rule.to.text.empty()) text += ", to: " + rule.to.text;
    text += rule.limited ? ", limit: 5/second}\n" : "}\n";
  }
  return text;
}

/// One packet for each combination of what the rules can tell apart, but ICMP, which has no counterpart.
std::vector<Packet> universe(Family family) {
  const bool v4 = family == Family::ipv4;
  const std::vector<std::string> sources =
      v4 ? std::vector<std::string>{"10.0.0.1", "9.0.0.1", "150.0.0.1", "192.168.0.1", "240.0.0.1"}
         : std::vector<std::string>{"2001:db8::1", "2600::1", "fd00::1"};
  std::vector<Packet> packets;
  for (const std::string& source : sources)
    for (const std::string& destination : sources)
      for (const int service : {1, 2, 3, 0}) {
        Packet& packet = packets.emplace_back();
        packet.source = *Address::parse(source);
        packet.destination = *Address::parse(destination);
        packet.protocol = service == 0 ? protocols::udp : protocols::tcp;
        packet.source_port = Port(40000);
        packet.destination_port = Port(static_cast<std::uint16_t>(service));
      }
  return packets;
}

/// Whether the rule would match the packet, were it for everybody of either family where it is for everybody of one.
bool would_match(const Graph& graph, const Rule& rule, const ModelRule& written, Family family, const Packet& packet) {
  Selector selector = rule.packets;
  if (written.from.everybody == family) selector.source = {};
  if (written.to.everybody == family) selector.destination = {};
  return matches(graph, selector, packet);
}

bool is_forgotten(const Graph& graph, const Rule& rule, const ModelRule& written) {
  const auto family = written.from.everybody ? written.from.everybody : written.to.everybody;
  if (!family) return false;
  const auto& set = [&](AddressSetId id) -> const AddressSet& { return graph.address_sets[id.index].addresses; };
  bool any = false, any_allowed = false;
  for (const Packet& packet : universe(*family == Family::ipv4 ? Family::ipv6 : Family::ipv4)) {
    if (!would_match(graph, rule, written, *family, packet)) continue;
    for (const Rule& other : graph.section(Direction::inbound).rules)
      if (matches(graph, other.packets, packet) &&
          (set(other.packets.source).empty(*family) || set(other.packets.destination).empty(*family)))
        return false;
    any = true;
    any_allowed = any_allowed || evaluate(graph, packet, Limits::hold).verdict == Verdict::allow;
  }
  return any && any_allowed != (rule.verdict == Verdict::allow);
}

}  // namespace

TEST_CASE("a rule forgets a family when the same packets of the other one fare otherwise") {
  std::size_t forgotten = 0, at_destination = 0, remembered = 0;
  for (unsigned seed = 1; seed <= test::trials(4000); ++seed) {
    std::mt19937 random(seed);
    std::vector<ModelRule> rules;
    for (std::size_t count = 1 + random() % 4; rules.size() < count;) {
      ModelRule rule{static_cast<Verdict>(random() % 3), one_of(random, services), one_of(random, networks),
                     random() % 3 == 0 ? one_of(random, networks) : networks.front(), false};
      rule.limited = rule.verdict == Verdict::allow && random() % 4 == 0;
      rules.push_back(rule);
    }
    const std::string text = text_of(rules, random() % 2 == 0);
    CAPTURE(seed);
    CAPTURE(text);
    const test::Compilation result = test::compile_text(text, Thoroughness::all);
    const Graph& graph = result.compiled.graph;
    for (const Rule& rule : graph.section(Direction::inbound).rules) {
      const auto is_said = [&](const Diagnostic& finding) {
        return finding.code == Code::family_forgotten && finding.message.starts_with("rule `" + rule.name + "`");
      };
      const auto finding = std::ranges::find_if(result.diagnostics.all(), is_said);
      const ModelRule& written = rules[rule.place];
      const bool expected = is_forgotten(graph, rule, written);
      REQUIRE((finding != result.diagnostics.all().end()) == expected);
      (expected ? forgotten : remembered) += 1;
      if (!expected) continue;
      if (!written.from.everybody) ++at_destination;
      const bool allowed = evaluate(graph, *finding->witness, Limits::hold).verdict == Verdict::allow;
      CHECK(allowed != (rule.verdict == Verdict::allow));
    }
  }
  MESSAGE("forgotten " << forgotten << ", of these at the destination " << at_destination << ", others " << remembered);
  CHECK(forgotten > test::trials(400));
  CHECK(at_destination > test::trials(40));
}
