#include "tests/support/random_filter.h"

#include <array>
#include <string>

namespace portpolicy::test {
namespace {

constexpr std::array<std::string_view, 14> address_ranges{"10.0.0.0/8",
                                                          "10.0.0.1",
                                                          "10.0.0.2",
                                                          "10.0.0.3-10.0.0.9",
                                                          "10.0.0.0/30",
                                                          "0.0.0.0/0",
                                                          "255.255.255.255",
                                                          "fd00::/8",
                                                          "fd00::1",
                                                          "fd00::2-fd00::7",
                                                          "::/0",
                                                          "ffff::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                                          "::1",
                                                          "0.0.0.0/1"};
constexpr std::array<std::string_view, 12> packet_addresses_4{
    "10.0.0.0", "10.0.0.1",        "10.0.0.2", "10.0.0.3",      "10.0.0.9",        "10.0.0.10",
    "0.0.0.0",  "255.255.255.255", "11.0.0.1", "9.255.255.255", "127.255.255.255", "128.0.0.0"};
constexpr std::array<std::string_view, 7> packet_addresses_6{
    "::", "::1", "fd00::1", "fd00::2", "fd00::8", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::"};
constexpr std::array<std::string_view, 11> patterns{"lo",    "eth0", "eth1", "eth*", "br-*",           "br-a",
                                                    "br-a*", "br.*", "b*",   "c",    "abcdefghijklmno"};
constexpr std::array<std::string_view, 13> names{
    "", "lo", "eth0", "eth1", "eth2", "br-a", "br-ab", "br-b", "br.x", "b", "c", "abcdefghijklmno", "cc"};
constexpr std::array some_protocols{protocols::tcp,  protocols::udp,    protocols::sctp,
                                    protocols::icmp, protocols::icmpv6, protocols::igmp,
                                    protocols::esp,  protocols::gre,    Protocol{200}};
constexpr std::array with_ports{protocols::tcp, protocols::udp, protocols::sctp, protocols::dccp, protocols::udplite};
constexpr std::array<std::uint16_t, 8> ports{0, 1, 22, 53, 80, 81, 1024, 65535};
constexpr std::array<std::uint8_t, 6> icmp_numbers{0, 3, 4, 8, 128, 255};
constexpr std::array<std::string_view, 5> limits{"10/minute", "1/second burst 1", "3/hour per source",
                                                 "100/day burst 7 per source", "1/minute burst 200 per source"};
constexpr std::array<std::string_view, 6> rule_names{"ssh", "web.1", "inbound[0]", "inbound[1]", "a\"b\\", "web_1"};

template <class Items>
IntervalSet<std::uint16_t> intervals(RandomFilters& random, const Items& bounds) {
  std::vector<Interval<std::uint16_t>> result;
  for (std::size_t i = random.below(4); i != 0; --i) {
    const std::uint16_t a = random.any_of(bounds), b = random.one_in(2) ? a : random.any_of(bounds);
    result.push_back({std::min(a, b), std::max(a, b)});
  }
  if (result.empty() && !random.one_in(8)) return IntervalSet<std::uint16_t>::all();
  return IntervalSet<std::uint16_t>::of(std::move(result));
}

}  // namespace

AddressSet RandomFilters::addresses() {
  std::vector<AddressRange> ranges;
  for (std::size_t i = below(5); i != 0; --i) ranges.push_back(AddressRange::parse(any_of(address_ranges)).value());
  if (one_in(10)) {
    for (std::uint32_t i = 0; i < 20; ++i) ranges.push_back({Family::ipv4, 0x0a000001 + 2 * i, 0x0a000001 + 2 * i});
  }
  return AddressSet::of(ranges);
}

InterfaceSet RandomFilters::interfaces() {
  InterfaceSet set = one_in(5) ? InterfaceSet::all() : InterfaceSet();
  for (std::size_t i = 1 + below(5); i != 0; --i) {
    const InterfaceSet one = InterfaceSet::of(InterfacePattern::parse(any_of(patterns)).value());
    set = one_in(3) ? subtract(set, one) : unite(set, one);
  }
  return set;
}

void RandomFilters::add_transport(filter::Rule& rule) {
  switch (below(4)) {
    case 0:
      break;
    case 1: {
      filter::ProtocolIn in;
      for (std::size_t i = below(4); i != 0; --i) in.protocols.push_back(any_of(some_protocols));
      rule.all_of.push_back(in);
      break;
    }
    case 2: {
      filter::ProtocolIn in;
      for (std::size_t i = 1 + below(3); i != 0; --i) in.protocols.push_back(any_of(with_ports));
      rule.all_of.push_back(in);
      if (!one_in(3)) rule.all_of.push_back(filter::DestinationPortIn{intervals(*this, ports)});
      if (one_in(3)) rule.all_of.push_back(filter::SourcePortIn{intervals(*this, ports)});
      break;
    }
    case 3: {
      rule.all_of.push_back(filter::ProtocolIn{{one_in(2) ? protocols::icmp : protocols::icmpv6}});
      std::array<std::uint16_t, 12> bounds{};
      for (std::uint16_t& bound : bounds) bound = icmp_value(any_of(icmp_numbers), any_of(icmp_numbers));
      rule.all_of.push_back(filter::IcmpTypeIn{intervals(*this, bounds)});
      break;
    }
  }
}

filter::Rule RandomFilters::rule(const filter::Filter& filter, std::size_t chain) {
  filter::Rule rule;
  const auto address_set = [&] { return filter::AddressSetId(below(filter.address_sets.size())); };
  if (one_in(2)) rule.all_of.push_back(filter::SourceIn{address_set()});
  if (one_in(6)) rule.all_of.push_back(filter::SourceIn{address_set()});
  if (one_in(4)) rule.all_of.push_back(filter::DestinationIn{address_set()});
  if (one_in(4)) rule.all_of.push_back(filter::InterfaceIn{interfaces()});
  if (one_in(4)) rule.all_of.push_back(filter::InterfaceOut{interfaces()});
  add_transport(rule);
  if (one_in(4)) rule.all_of.push_back(filter::StateIn{{static_cast<std::uint8_t>(below(32))}});
  if (one_in(4)) rule.limit = filter::LimitId(below(filter.limits.size()));
  if (one_in(4)) rule.log = filter::Log{one_in(2) ? "" : "se\"en $x"};
  rule.action = static_cast<Verdict>(below(3));
  if (one_in(4) && chain + 1 < filter.chains.size()) {
    rule.action = filter::Jump{filter::ChainId(chain + 1 + below(filter.chains.size() - chain - 1))};
  }
  rule.origin = static_cast<std::uint32_t>(below(filter.origins.size()));
  return rule;
}

filter::Filter RandomFilters::filter() {
  filter::Filter filter;
  for (int i = 0; i < 8; ++i) filter.address_sets.push_back({one_in(2) ? "net." + std::to_string(i) : "", addresses()});
  for (const std::string_view limit : limits) {
    filter.limits.push_back({std::string(any_of(rule_names)), Limit::parse(limit).value()});
  }
  for (const std::string_view name : rule_names) filter.origins.push_back({std::string(name), "p.yaml:1", {}});
  for (std::size_t i = 1 + below(4); i != 0; --i) filter.chains.push_back({"chain." + std::to_string(i), {}});
  for (std::size_t chain = 0; chain < filter.chains.size(); ++chain) {
    for (std::size_t i = below(8); i != 0; --i) filter.chains[chain].rules.push_back(rule(filter, chain));
  }
  for (auto& hook : filter.hooks) {
    if (one_in(4)) continue;
    hook = filter::Hook{filter::ChainId(below(filter.chains.size())), static_cast<Verdict>(below(3))};
  }
  return filter;
}

Packet normal(Packet packet) {
  if (!has_ports(packet.protocol)) packet.source_port = packet.destination_port = Port();
  if (packet.protocol != protocols::icmp && packet.protocol != protocols::icmpv6) {
    packet.icmp_type = packet.icmp_code = 0;
  }
  if (packet.direction == Direction::inbound) packet.out.clear();
  if (packet.direction == Direction::outbound) packet.in.clear();
  return packet;
}

Packet RandomFilters::packet() {
  Packet packet;
  const auto address = [&](bool v4) {
    return Address::parse(v4 ? any_of(packet_addresses_4) : any_of(packet_addresses_6)).value();
  };
  const bool v4 = one_in(2);
  packet.direction = any_of(directions);
  packet.in = any_of(names);
  packet.out = any_of(names);
  packet.source = address(v4);
  packet.destination = address(v4);
  packet.protocol = any_of(some_protocols);
  packet.source_port = Port(any_of(ports));
  packet.destination_port = Port(any_of(ports));
  packet.icmp_type = any_of(icmp_numbers);
  packet.icmp_code = any_of(icmp_numbers);
  packet.state = any_of(states);
  return normal(packet);
}

}  // namespace portpolicy::test
