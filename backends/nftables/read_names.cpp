#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "backends/nftables/read_values.h"

namespace portpolicy::nft::text {
namespace {

using Name = std::pair<std::string_view, std::uint32_t>;

// What `nft describe` says.
constexpr std::array icmp_types{
    Name{"echo-reply", 0},           Name{"destination-unreachable", 3},
    Name{"source-quench", 4},        Name{"redirect", 5},
    Name{"echo-request", 8},         Name{"router-advertisement", 9},
    Name{"router-solicitation", 10}, Name{"time-exceeded", 11},
    Name{"parameter-problem", 12},   Name{"timestamp-request", 13},
    Name{"timestamp-reply", 14},     Name{"info-request", 15},
    Name{"info-reply", 16},          Name{"address-mask-request", 17},
    Name{"address-mask-reply", 18},
};
constexpr std::array icmp_codes{
    Name{"net-unreachable", 0}, Name{"host-unreachable", 1}, Name{"prot-unreachable", 2}, Name{"port-unreachable", 3},
    Name{"frag-needed", 4},     Name{"net-prohibited", 9},   Name{"host-prohibited", 10}, Name{"admin-prohibited", 13},
};
constexpr std::array icmpv6_types{
    Name{"destination-unreachable", 1},  Name{"packet-too-big", 2},         Name{"time-exceeded", 3},
    Name{"parameter-problem", 4},        Name{"echo-request", 128},         Name{"echo-reply", 129},
    Name{"mld-listener-query", 130},     Name{"mld-listener-report", 131},  Name{"mld-listener-done", 132},
    Name{"mld-listener-reduction", 132}, Name{"nd-router-solicit", 133},    Name{"nd-router-advert", 134},
    Name{"nd-neighbor-solicit", 135},    Name{"nd-neighbor-advert", 136},   Name{"nd-redirect", 137},
    Name{"router-renumbering", 138},     Name{"ind-neighbor-solicit", 141}, Name{"ind-neighbor-advert", 142},
    Name{"mld2-listener-report", 143},
};
constexpr std::array icmpv6_codes{
    Name{"no-route", 0},         Name{"admin-prohibited", 1}, Name{"addr-unreachable", 3},
    Name{"port-unreachable", 4}, Name{"policy-fail", 5},      Name{"reject-route", 6},
};
constexpr std::array states{
    Name{"invalid", 1}, Name{"established", 2}, Name{"related", 4}, Name{"new", 8}, Name{"untracked", 64},
};
constexpr std::array nfprotos{Name{"ipv4", 2}, Name{"ipv6", 10}};
constexpr std::array ethertypes{
    Name{"ip", 0x0800},    Name{"arp", 0x0806},    Name{"ip6", 0x86dd},
    Name{"8021q", 0x8100}, Name{"8021ad", 0x88a8}, Name{"vlan", 0x8100},
};
// nft asks the host's /etc/protocols, and knows `icmpv6` and `comp` by itself.
constexpr std::array protocols_known{
    Name{"ip", 0},         Name{"icmp", 1},         Name{"igmp", 2},        Name{"ipencap", 4},
    Name{"tcp", 6},        Name{"egp", 8},          Name{"igp", 9},         Name{"udp", 17},
    Name{"dccp", 33},      Name{"ipv6", 41},        Name{"ipv6-route", 43}, Name{"ipv6-frag", 44},
    Name{"rsvp", 46},      Name{"gre", 47},         Name{"esp", 50},        Name{"ah", 51},
    Name{"ipv6-icmp", 58}, Name{"icmpv6", 58},      Name{"ipv6-nonxt", 59}, Name{"ipv6-opts", 60},
    Name{"eigrp", 88},     Name{"ospf", 89},        Name{"ipip", 94},       Name{"etherip", 97},
    Name{"encap", 98},     Name{"pim", 103},        Name{"ipcomp", 108},    Name{"comp", 108},
    Name{"vrrp", 112},     Name{"l2tp", 115},       Name{"sctp", 132},      Name{"mobility-header", 135},
    Name{"udplite", 136},  Name{"mpls-in-ip", 137}, Name{"manet", 138},     Name{"hip", 139},
    Name{"shim6", 140},
};
// nft asks the host's /etc/services. These are the same on every host.
constexpr std::array services{
    Name{"ftp-data", 20},
    Name{"ftp", 21},
    Name{"ssh", 22},
    Name{"telnet", 23},
    Name{"smtp", 25},
    Name{"domain", 53},
    Name{"bootps", 67},
    Name{"bootpc", 68},
    Name{"tftp", 69},
    Name{"http", 80},
    Name{"kerberos", 88},
    Name{"pop3", 110},
    Name{"sunrpc", 111},
    Name{"nntp", 119},
    Name{"ntp", 123},
    Name{"netbios-ns", 137},
    Name{"netbios-dgm", 138},
    Name{"netbios-ssn", 139},
    Name{"imap2", 143},
    Name{"snmp", 161},
    Name{"snmp-trap", 162},
    Name{"bgp", 179},
    Name{"ldap", 389},
    Name{"https", 443},
    Name{"microsoft-ds", 445},
    Name{"submissions", 465},
    Name{"isakmp", 500},
    Name{"syslog", 514},
    Name{"dhcpv6-client", 546},
    Name{"dhcpv6-server", 547},
    Name{"submission", 587},
    Name{"ldaps", 636},
    Name{"imaps", 993},
    Name{"pop3s", 995},
    Name{"nfs", 2049},
    Name{"mysql", 3306},
    Name{"postgresql", 5432},
    Name{"mdns", 5353},
};

std::span<const Name> names_of(Type type) {
  switch (type) {
    case Type::protocol:
      return protocols_known;
    case Type::nfproto:
      return nfprotos;
    case Type::ethertype:
      return ethertypes;
    case Type::port:
      return services;
    case Type::icmp_type:
      return icmp_types;
    case Type::icmp_code:
      return icmp_codes;
    case Type::icmpv6_type:
      return icmpv6_types;
    case Type::icmpv6_code:
      return icmpv6_codes;
    case Type::state:
      return states;
    case Type::ipv4:
    case Type::ipv6:
    case Type::interface_name:
    case Type::interface_index:
      return {};
  }
  std::unreachable();
}

}  // namespace

std::optional<std::uint32_t> number_named(Type type, std::string_view name) {
  const std::span<const Name> names = names_of(type);
  const auto known = std::ranges::find(names, name, &Name::first);
  return known == names.end() ? std::nullopt : std::optional(known->second);
}

std::optional<Type> type_named(std::string_view name) {
  constexpr std::array types{
      std::pair{std::string_view("ipv4_addr"), Type::ipv4},
      std::pair{std::string_view("ipv6_addr"), Type::ipv6},
      std::pair{std::string_view("inet_proto"), Type::protocol},
      std::pair{std::string_view("inet_service"), Type::port},
      std::pair{std::string_view("nf_proto"), Type::nfproto},
      std::pair{std::string_view("ether_type"), Type::ethertype},
      std::pair{std::string_view("icmp_type"), Type::icmp_type},
      std::pair{std::string_view("icmp_code"), Type::icmp_code},
      std::pair{std::string_view("icmpv6_type"), Type::icmpv6_type},
      std::pair{std::string_view("icmpv6_code"), Type::icmpv6_code},
      std::pair{std::string_view("ifname"), Type::interface_name},
      std::pair{std::string_view("iface_index"), Type::interface_index},
      std::pair{std::string_view("ct_state"), Type::state},
  };
  for (const auto& [known, type] : types)
    if (known == name) return type;
  return std::nullopt;
}

}  // namespace portpolicy::nft::text
