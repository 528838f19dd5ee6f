#include "tests/support/tabular_filter.h"

#include <algorithm>
#include <string>

namespace portpolicy::test {
namespace {

constexpr std::array protocols_of_packets{protocols::tcp, protocols::udp, protocols::sctp, protocols::icmp};

/// 16 addresses that begin alike, and one that does not.
Address host(Family family, unsigned number) {
  const bool v4 = family == Family::ipv4;
  if (number == 16) return Address::parse(v4 ? "192.0.2.1" : "2001:db8::1").value();
  Address address = Address::parse(v4 ? "10.0.0.0" : "fd00::").value();
  // The low half decides the last bits, the high half bits far above them.
  address.bits |= number & 3;
  address.bits |= Uint128{number >> 2} << (v4 ? 14 : 70);
  return address;
}

}  // namespace

AddressSet TabularFilters::addresses() {
  std::vector<AddressRange> ranges;
  for (std::size_t count = 1 + below(3); count > 0; --count) {
    const Family family = below(2) == 0 ? Family::ipv4 : Family::ipv6;
    const Address a = host(family, static_cast<unsigned>(below(hosts - 1)));
    const Address b = host(family, static_cast<unsigned>(below(hosts - 1)));
    // A prefix with hosts of the world in it, or a range.
    const int bits = address_bits(family);
    static constexpr std::array lengths_4{32, 31, 30, 18, 17, 16, 8, 1};
    static constexpr std::array lengths_6{128, 127, 126, 58, 57, 56, 8, 1};
    const int hosts_in = bits - (family == Family::ipv4 ? lengths_4 : lengths_6)[below(8)];
    const Uint128 mask = (Uint128{1} << hosts_in) - 1;
    if (below(3) != 0) ranges.push_back({family, a.bits & ~mask, a.bits | mask});
    else ranges.push_back({family, std::min(a.bits, b.bits), std::max(a.bits, b.bits)});
  }
  return AddressSet::of(ranges);
}

filter::Rule TabularFilters::rule(std::size_t address_sets) {
  filter::Rule rule;
  const filter::AddressSetId set(below(address_sets));
  const std::size_t side = below(12);
  if (side < 8) rule.all_of.emplace_back(filter::SourceIn{set});
  else if (side == 8) rule.all_of.emplace_back(filter::DestinationIn{set});
  std::vector<Protocol> protocols{protocols_of_packets[below(3)]};
  if (below(4) == 0) protocols.push_back(protocols_of_packets[below(3)]);
  rule.all_of.emplace_back(filter::ProtocolIn{protocols});
  std::vector<Interval<std::uint16_t>> asked;
  for (std::size_t count = 1 + below(2); count > 0; --count) {
    const std::uint16_t a = ports[below(ports.size())], b = below(3) == 0 ? ports[below(ports.size())] : a;
    asked.push_back({std::min(a, b), std::max(a, b)});
  }
  rule.all_of.emplace_back(filter::DestinationPortIn{PortSet::of(std::move(asked))});
  rule.action = static_cast<Verdict>(below(3));
  if (below(2) == 0) rule.action = Verdict::allow;
  if (below(12) == 0) rule.log = filter::Log{};
  if (below(12) == 0) rule.limit = filter::LimitId(below(2));
  if (below(16) == 0) rule.all_of.erase(rule.all_of.begin(), rule.all_of.end() - 2);
  return rule;
}

filter::Filter TabularFilters::filter() {
  filter::Filter filter;
  for (int i = 0; i < 12; ++i) filter.address_sets.push_back({below(3) == 0 ? "net" : "", addresses()});
  filter.limits.push_back({"one", Limit::parse("1/minute per source").value()});
  filter.limits.push_back({"all", Limit::parse("1/minute").value()});
  filter::Chain chain{"inbound", {}};
  for (std::size_t count = 1 + below(30); count > 0; --count) {
    filter::Rule made = rule(filter.address_sets.size());
    // Buckets for both families would always ask for one table.
    if (made.limit && made.limit->index == 1 && below(3) != 0) made.limit.reset();
    made.origin = static_cast<std::uint32_t>(filter.origins.size());
    filter.origins.push_back({"r" + std::to_string(made.origin), "p.yaml:" + std::to_string(made.origin), {}});
    chain.rules.push_back(std::move(made));
  }
  filter.chains.push_back(std::move(chain));
  filter.hooks[0] = filter::Hook{filter::ChainId(0), static_cast<Verdict>(below(3))};
  return filter;
}

Packet TabularFilters::packet() {
  std::size_t number = next_packet_++ % static_cast<std::size_t>(worlds_packets);
  const auto take = [&](std::size_t bound) {
    const std::size_t taken = number % bound;
    number /= bound;
    return taken;
  };
  const Family family = families[take(2)];
  Packet packet;
  packet.source = host(family, static_cast<unsigned>(take(hosts)));
  packet.destination = host(family, static_cast<unsigned>(below(hosts)));
  packet.protocol = protocols_of_packets[take(protocols_asked)];
  if (has_ports(packet.protocol)) {
    packet.destination_port = Port(ports[take(ports.size())]);
    packet.source_port = Port(40000);
  }
  return packet;
}

}  // namespace portpolicy::test
