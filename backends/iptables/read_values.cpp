#include "backends/iptables/read_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

namespace portpolicy::iptables::text {
namespace {

template <class Number>
struct Name {
  std::string_view name;
  Number number;
};

constexpr auto protocol_names = std::to_array<Name<std::uint8_t>>({
    {"all", 0},         {"ip", 0},          {"hopopt", 0},
    {"icmp", 1},        {"igmp", 2},        {"ggp", 3},
    {"ipencap", 4},     {"ipip", 94},       {"ipv4", 4},
    {"st", 5},          {"tcp", 6},         {"egp", 8},
    {"igp", 9},         {"udp", 17},        {"dccp", 33},
    {"ipv6", 41},       {"ipv6-route", 43}, {"ipv6-frag", 44},
    {"rsvp", 46},       {"gre", 47},        {"esp", 50},
    {"ipv6-crypt", 50}, {"ah", 51},         {"ipv6-auth", 51},
    {"skip", 57},       {"icmpv6", 58},     {"ipv6-icmp", 58},
    {"ipv6-nonxt", 59}, {"ipv6-opts", 60},  {"eigrp", 88},
    {"ospf", 89},       {"ospfigp", 89},    {"pim", 103},
    {"ipcomp", 108},    {"vrrp", 112},      {"l2tp", 115},
    {"isis", 124},      {"sctp", 132},      {"fc", 133},
    {"mh", 135},        {"ipv6-mh", 135},   {"mobility-header", 135},
    {"udplite", 136},   {"hip", 139},       {"shim6", 140},
});

// Those that mean the same on every machine, whatever protocol they are asked of.
constexpr auto port_names = std::to_array<Name<std::uint16_t>>({
    {"ftp-data", 20},      {"ftp", 21},          {"ssh", 22},          {"telnet", 23},    {"smtp", 25},
    {"domain", 53},        {"bootps", 67},       {"bootpc", 68},       {"tftp", 69},      {"gopher", 70},
    {"finger", 79},        {"http", 80},         {"www", 80},          {"kerberos", 88},  {"pop3", 110},
    {"sunrpc", 111},       {"auth", 113},        {"ident", 113},       {"nntp", 119},     {"ntp", 123},
    {"netbios-ns", 137},   {"netbios-dgm", 138}, {"netbios-ssn", 139}, {"imap2", 143},    {"imap", 143},
    {"snmp", 161},         {"snmp-trap", 162},   {"bgp", 179},         {"ldap", 389},     {"https", 443},
    {"microsoft-ds", 445}, {"isakmp", 500},      {"syslog", 514},      {"printer", 515},  {"ipp", 631},
    {"ldaps", 636},        {"imaps", 993},       {"pop3s", 995},       {"openvpn", 1194}, {"mysql", 3306},
    {"postgresql", 5432},  {"mdns", 5353},
});

struct IcmpName {
  std::string_view name;
  int type, code;  ///< code -1: all
};
constexpr int any_type = 0xff;

constexpr auto icmp_names = std::to_array<IcmpName>({
    {"any", any_type, -1},
    {"echo-reply", 0, -1},
    {"pong", 0, -1},
    {"destination-unreachable", 3, -1},
    {"network-unreachable", 3, 0},
    {"host-unreachable", 3, 1},
    {"protocol-unreachable", 3, 2},
    {"port-unreachable", 3, 3},
    {"fragmentation-needed", 3, 4},
    {"source-route-failed", 3, 5},
    {"network-unknown", 3, 6},
    {"host-unknown", 3, 7},
    {"network-prohibited", 3, 9},
    {"host-prohibited", 3, 10},
    {"TOS-network-unreachable", 3, 11},
    {"TOS-host-unreachable", 3, 12},
    {"communication-prohibited", 3, 13},
    {"host-precedence-violation", 3, 14},
    {"precedence-cutoff", 3, 15},
    {"source-quench", 4, -1},
    {"redirect", 5, -1},
    {"network-redirect", 5, 0},
    {"host-redirect", 5, 1},
    {"TOS-network-redirect", 5, 2},
    {"TOS-host-redirect", 5, 3},
    {"echo-request", 8, -1},
    {"ping", 8, -1},
    {"router-advertisement", 9, -1},
    {"router-solicitation", 10, -1},
    {"time-exceeded", 11, -1},
    {"ttl-exceeded", 11, -1},
    {"ttl-zero-during-transit", 11, 0},
    {"ttl-zero-during-reassembly", 11, 1},
    {"parameter-problem", 12, -1},
    {"ip-header-bad", 12, 0},
    {"required-option-missing", 12, 1},
    {"timestamp-request", 13, -1},
    {"timestamp-reply", 14, -1},
    {"address-mask-request", 17, -1},
    {"address-mask-reply", 18, -1},
});

constexpr auto icmpv6_names = std::to_array<IcmpName>({
    {"destination-unreachable", 1, -1},
    {"no-route", 1, 0},
    {"communication-prohibited", 1, 1},
    {"beyond-scope", 1, 2},
    {"address-unreachable", 1, 3},
    {"port-unreachable", 1, 4},
    {"failed-policy", 1, 5},
    {"reject-route", 1, 6},
    {"packet-too-big", 2, -1},
    {"time-exceeded", 3, -1},
    {"ttl-exceeded", 3, -1},
    {"ttl-zero-during-transit", 3, 0},
    {"ttl-zero-during-reassembly", 3, 1},
    {"parameter-problem", 4, -1},
    {"bad-header", 4, 0},
    {"unknown-header-type", 4, 1},
    {"unknown-option", 4, 2},
    {"echo-request", 128, -1},
    {"ping", 128, -1},
    {"echo-reply", 129, -1},
    {"pong", 129, -1},
    {"mld-listener-query", 130, -1},
    {"mld-listener-report", 131, -1},
    {"mld-listener-done", 132, -1},
    {"mld-listener-reduction", 132, -1},
    {"router-solicitation", 133, -1},
    {"router-advertisement", 134, -1},
    {"neighbour-solicitation", 135, -1},
    {"neighbor-solicitation", 135, -1},
    {"neighbour-advertisement", 136, -1},
    {"neighbor-advertisement", 136, -1},
    {"redirect", 137, -1},
});

constexpr auto state_names = std::to_array<Name<State>>({
    {"NEW", State::new_},
    {"ESTABLISHED", State::established},
    {"RELATED", State::related},
    {"INVALID", State::invalid},
    {"UNTRACKED", State::untracked},
});

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

IcmpSet icmp_set(int type, int code, Family family) {
  // To the kernel, type 255 of IPv4 is every type.
  if (family == Family::ipv4 && type == any_type) return IcmpSet::all();
  const auto value = [&](int last) {
    return icmp_value(static_cast<std::uint8_t>(type), static_cast<std::uint8_t>(code < 0 ? last : code));
  };
  return IcmpSet::of({value(0), value(255)});
}

/// The beginnings of IPv4 addresses are allowed, and stand for networks.
std::optional<Uint128> read_ipv4(std::string_view text) {
  Uint128 bits = 0;
  for (int i = 0; i < 4; ++i) {
    const std::size_t dot = i == 3 ? std::string_view::npos : text.find('.');
    const auto octet = read_number(text.substr(0, dot), 255);
    if (!octet) return std::nullopt;
    bits |= static_cast<Uint128>(*octet) << (24 - 8 * i);
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  return bits;
}

std::optional<Uint128> read_mask(std::string_view text, Family family) {
  const int bits = address_bits(family);
  const Uint128 all = family == Family::ipv4 ? 0xffffffff : ~Uint128{0};
  if (const auto length = read_number(text, static_cast<std::uint64_t>(bits)))
    return *length == 0 ? Uint128{0} : all & (all << (bits - static_cast<int>(*length)));
  if (family == Family::ipv4 && std::ranges::count(text, '.') != 3) return std::nullopt;
  return read_address(text, family);
}

std::optional<std::uint16_t> read_port(std::string_view text, bool& not_here) {
  if (const auto number = read_number(text, 65535)) return static_cast<std::uint16_t>(*number);
  const auto known = std::ranges::find(port_names, text, &Name<std::uint16_t>::name);
  if (known != port_names.end()) return known->number;
  not_here = not_here || (!text.empty() && lower(text[0]) >= 'a' && lower(text[0]) <= 'z');
  return std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> read_number(std::string_view text, std::uint64_t most) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    base = 8;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

std::optional<Uint128> read_address(std::string_view text, Family family) {
  if (family == Family::ipv4) return read_ipv4(text);
  const Result<Address> address = Address::parse(text);
  if (!address || address->family != family) return std::nullopt;
  return address->bits;
}

std::optional<Network> read_network(std::string_view text, Family family) {
  const std::size_t slash = text.find('/');
  const std::optional<Uint128> address = read_address(text.substr(0, slash), family);
  if (!address) return std::nullopt;
  const Uint128 all = family == Family::ipv4 ? 0xffffffff : ~Uint128{0};
  Uint128 mask = all;
  if (slash != std::string_view::npos) {
    const auto given = read_mask(text.substr(slash + 1), family);
    if (!given) return std::nullopt;
    mask = *given;
  }
  const Uint128 open = all & ~mask;
  const Uint128 first = *address & mask;
  return Network{{family, first, first | open}, (open & (open + 1)) == 0};
}

std::optional<std::uint8_t> read_protocol(std::string_view text) {
  if (const auto number = read_number(text, 255)) return static_cast<std::uint8_t>(*number);
  std::string name(text);
  std::ranges::transform(name, name.begin(), lower);
  const auto known = std::ranges::find(protocol_names, name, &Name<std::uint8_t>::name);
  return known == protocol_names.end() ? std::nullopt : std::optional(known->number);
}

Known read_ports(std::string_view text, char separator, Interval<std::uint16_t>& ports) {
  bool not_here = false;
  std::size_t between = text.find(separator);
  // A name of a service may have a dash in it.
  if (separator == '-' && between != std::string_view::npos && !text.empty() && (text[0] < '0' || text[0] > '9'))
    between = std::string_view::npos;
  std::optional<std::uint16_t> first, last;
  if (between == std::string_view::npos) {
    first = last = read_port(text, not_here);
  } else {
    const std::string_view left = text.substr(0, between), right = text.substr(between + 1);
    first = left.empty() ? std::optional<std::uint16_t>(0) : read_port(left, not_here);
    last = right.empty() ? std::optional<std::uint16_t>(65535) : read_port(right, not_here);
  }
  if (!first || !last) return not_here ? Known::not_here : Known::nowhere;
  ports = {*first, *last};
  return Known::yes;
}

bool begins(std::string_view name, std::string_view text) {
  return !text.empty() && text.size() <= name.size() &&
         std::ranges::equal(name.substr(0, text.size()), text, {}, lower, lower);
}

std::optional<IcmpSet> read_icmp(std::string_view text, Family family) {
  const auto names =
      family == Family::ipv4 ? std::span<const IcmpName>(icmp_names) : std::span<const IcmpName>(icmpv6_names);
  const IcmpName* found = nullptr;
  for (const IcmpName& name : names) {
    if (!begins(name.name, text)) continue;
    if (found != nullptr) return std::nullopt;
    found = &name;
  }
  if (found != nullptr) return icmp_set(found->type, found->code, family);
  const std::size_t slash = text.find('/');
  const auto type = read_number(text.substr(0, slash), 255);
  if (!type) return std::nullopt;
  if (slash == std::string_view::npos) return icmp_set(static_cast<int>(*type), -1, family);
  const auto code = read_number(text.substr(slash + 1), 255);
  if (!code) return std::nullopt;
  return icmp_set(static_cast<int>(*type), static_cast<int>(*code), family);
}

std::optional<State> read_state(std::string_view text) {
  for (const Name<State>& known : state_names)
    if (known.name.size() == text.size() && begins(known.name, text)) return known.number;
  return std::nullopt;
}

std::optional<Limit> read_rate(std::string_view text) {
  constexpr auto units = std::to_array<Name<Limit::Unit>>({{"second", Limit::Unit::second},
                                                           {"minute", Limit::Unit::minute},
                                                           {"hour", Limit::Unit::hour},
                                                           {"day", Limit::Unit::day}});
  const std::size_t slash = text.find('/');
  Limit limit;
  std::uint32_t rate = 0;
  const std::string_view digits = text.substr(0, slash);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rate);
  if (error != std::errc() || end != digits.data() + digits.size() || rate == 0) return std::nullopt;
  limit.rate = rate;
  if (slash == std::string_view::npos) return limit;
  const auto unit =
      std::ranges::find_if(units, [&](const auto& each) { return begins(each.name, text.substr(slash + 1)); });
  if (unit == units.end()) return std::nullopt;
  limit.unit = unit->number;
  return limit;
}

}  // namespace portpolicy::iptables::text
