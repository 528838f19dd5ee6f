#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "compiler/compile.h"
#include "compiler/graph/boxes.h"
#include "compiler/graph/lower.h"
#include "tests/support/memory_reader.h"
#include "tests/support/random_policy.h"

// Random policies of the whole language, packets at the boundaries of what they speak of: the graph, its boxes, the
// filter and the nftables model must say the same of each.

using namespace portpolicy;
using test::Random;

namespace {

// A value of the set, one just beside an interval of it, or any.
template <class T>
T value_near(const IntervalSet<T>& set, Random& random, T any) {
  if (set.empty() || random.chance(15)) return any;
  const Interval<T>& interval = random.one_of(set.intervals());
  switch (random.below(4)) {
    case 0:
      return interval.first;
    case 1:
      return interval.last;
    case 2:
      return static_cast<T>(interval.first - 1);
    default:
      return static_cast<T>(interval.last + 1);
  }
}

Address address_near(const AddressSet& set, Family family, Random& random) {
  if (family == Family::ipv4) return {family, value_near(set.v4, random, static_cast<std::uint32_t>(random.wide()))};
  return {family, value_near(set.v6, random, random.wide())};
}

Packet packet_near(const Graph& graph, Random& random) {
  Packet packet;
  packet.direction = random.one_of(directions);
  const std::vector<Rule>& rules = graph.section(packet.direction).rules;
  const Selector& about = rules.empty() ? Selector{} : random.one_of(rules).packets;
  const Transport* transport = about.transports.empty() ? nullptr : &random.one_of(about.transports);
  static const std::vector<Protocol> common{protocols::tcp,  protocols::udp, protocols::icmp, protocols::icmpv6,
                                            protocols::igmp, protocols::esp, protocols::sctp};
  packet.protocol = transport != nullptr && random.chance(85) ? transport->protocol : random.one_of(common);
  const Family family = random.chance(50) ? Family::ipv4 : Family::ipv6;
  packet.source = address_near(graph.address_sets[about.source.index].addresses, family, random);
  packet.destination = address_near(graph.address_sets[about.destination.index].addresses, family, random);
  const auto any = static_cast<std::uint16_t>(random.wide());
  if (has_ports(packet.protocol)) {
    packet.source_port = Port(value_near(about.source_ports, random, any));
    packet.destination_port = Port(transport != nullptr ? value_near(transport->ports, random, any) : any);
  } else if (packet.protocol == protocols::icmp || packet.protocol == protocols::icmpv6) {
    const std::uint16_t value = transport != nullptr ? value_near(transport->icmp, random, any) : any;
    packet.icmp_type = static_cast<std::uint8_t>(value >> 8);
    packet.icmp_code = static_cast<std::uint8_t>(value & 0xff);
  }
  static const std::vector<std::string> names{"", "lo", "eth0", "eth1", "br-test", "br-0", "wg0"};
  if (packet.direction != Direction::outbound) packet.in = random.one_of(names);
  if (packet.direction != Direction::inbound) packet.out = random.one_of(names);
  packet.state = random.chance(75) ? State::new_ : random.one_of(states);
  return packet;
}

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
  for (unsigned seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const std::string text = test::random_policy(random).text();
    CAPTURE(text);
    test::MemoryReader reader({{"policy.yaml", text}});
    SourceMap sources;
    Diagnostics diagnostics;
    const auto compiled =
        compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::errors, sources, diagnostics);
    REQUIRE(compiled.has_value());
    const auto shadowed = std::ranges::count(diagnostics.all(), Code::shadowed, &Diagnostic::code);
    REQUIRE(diagnostics.errors() == static_cast<std::size_t>(shadowed));
    const Graph& graph = compiled->graph;
    const filter::Filter filter = lower(graph, sources);
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
