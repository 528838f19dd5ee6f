#include "backends/iptables/read_options.h"

#include <algorithm>
#include <array>
#include <utility>

namespace portpolicy::iptables::text {
namespace {

using O = Option;

constexpr auto of_every_rule = std::to_array<Spec>({
    {"", "--protocol", O::protocol, 1, true},
    {"", "--source", O::source, 1, true},
    {"", "--src", O::source, 1, true},
    {"", "--destination", O::destination, 1, true},
    {"", "--dst", O::destination, 1, true},
    {"", "--in-interface", O::in_interface, 1, true},
    {"", "--out-interface", O::out_interface, 1, true},
    {"", "--fragments", O::fragments, 0, true},
    {"", "--set-counters", O::no_effect, 2},
    {"", "--verbose", O::no_effect, 0},
    {"", "--numeric", O::no_effect, 0},
});
constexpr auto short_names = std::to_array<std::pair<char, std::string_view>>({
    {'p', "--protocol"},
    {'s', "--source"},
    {'d', "--destination"},
    {'i', "--in-interface"},
    {'o', "--out-interface"},
    {'f', "--fragments"},
    {'c', "--set-counters"},
    {'v', "--verbose"},
    {'n', "--numeric"},
});

constexpr auto of_matches = std::to_array<Spec>({
    {"tcp", "--source-port", O::source_port, 1, true},
    {"tcp", "--sport", O::source_port, 1, true},
    {"tcp", "--destination-port", O::destination_port, 1, true},
    {"tcp", "--dport", O::destination_port, 1, true},
    {"tcp", "--tcp-flags", O::tcp_flags, 2, true},
    {"tcp", "--syn", O::syn, 0, true},
    {"tcp", "--tcp-option", O::unknown, 1, true},
    {"udp", "--source-port", O::source_port, 1, true},
    {"udp", "--sport", O::source_port, 1, true},
    {"udp", "--destination-port", O::destination_port, 1, true},
    {"udp", "--dport", O::destination_port, 1, true},
    {"udplite", "--source-port", O::source_port, 1, true},
    {"udplite", "--sport", O::source_port, 1, true},
    {"udplite", "--destination-port", O::destination_port, 1, true},
    {"udplite", "--dport", O::destination_port, 1, true},
    {"dccp", "--source-port", O::source_port, 1, true},
    {"dccp", "--sport", O::source_port, 1, true},
    {"dccp", "--destination-port", O::destination_port, 1, true},
    {"dccp", "--dport", O::destination_port, 1, true},
    {"dccp", "--dccp-types", O::unknown, 1, true},
    {"dccp", "--dccp-option", O::unknown, 1, true},
    {"sctp", "--source-port", O::source_port, 1, true},
    {"sctp", "--sport", O::source_port, 1, true},
    {"sctp", "--destination-port", O::destination_port, 1, true},
    {"sctp", "--dport", O::destination_port, 1, true},
    {"sctp", "--chunk-types", O::unknown, 2, true},
    {"multiport", "--source-ports", O::source_ports, 1, true},
    {"multiport", "--sports", O::source_ports, 1, true},
    {"multiport", "--destination-ports", O::destination_ports, 1, true},
    {"multiport", "--dports", O::destination_ports, 1, true},
    {"multiport", "--ports", O::either_ports, 1, true},
    {"icmp", "--icmp-type", O::icmp_type, 1, true},
    {"icmp6", "--icmpv6-type", O::icmp_type, 1, true},
    {"state", "--state", O::state, 1, true},
    {"conntrack", "--ctstate", O::state, 1, true},
    {"conntrack", "--ctproto", O::unknown, 1, true},
    {"conntrack", "--ctorigsrc", O::unknown, 1, true},
    {"conntrack", "--ctorigdst", O::unknown, 1, true},
    {"conntrack", "--ctreplsrc", O::unknown, 1, true},
    {"conntrack", "--ctrepldst", O::unknown, 1, true},
    {"conntrack", "--ctorigsrcport", O::unknown, 1, true},
    {"conntrack", "--ctorigdstport", O::unknown, 1, true},
    {"conntrack", "--ctreplsrcport", O::unknown, 1, true},
    {"conntrack", "--ctrepldstport", O::unknown, 1, true},
    {"conntrack", "--ctstatus", O::unknown, 1, true},
    {"conntrack", "--ctexpire", O::unknown, 1, true},
    {"conntrack", "--ctdir", O::unknown, 1, false},
    {"iprange", "--src-range", O::source_range, 1, true},
    {"iprange", "--dst-range", O::destination_range, 1, true},
    {"set", "--match-set", O::match_set, 2, true},
    {"set", "--set", O::match_set, 2, true},
    {"set", "--return-nomatch", O::unknown, 0},
    {"set", "--update-counters", O::unknown, 0, true},
    {"set", "--update-subcounters", O::unknown, 0, true},
    {"set", "--packets-eq", O::unknown, 1, true},
    {"set", "--packets-lt", O::unknown, 1},
    {"set", "--packets-gt", O::unknown, 1},
    {"set", "--bytes-eq", O::unknown, 1, true},
    {"set", "--bytes-lt", O::unknown, 1},
    {"set", "--bytes-gt", O::unknown, 1},
    {"comment", "--comment", O::no_effect, 1},
    {"limit", "--limit", O::limit, 1},
    {"limit", "--limit-burst", O::limit_burst, 1},
    {"hashlimit", "--hashlimit-upto", O::hash_upto, 1, true},
    {"hashlimit", "--hashlimit", O::hash_upto, 1, true},
    {"hashlimit", "--hashlimit-above", O::hash_above, 1, true},
    {"hashlimit", "--hashlimit-burst", O::hash_burst, 1},
    {"hashlimit", "--hashlimit-mode", O::hash_mode, 1},
    {"hashlimit", "--hashlimit-name", O::hash_name, 1},
    {"hashlimit", "--hashlimit-srcmask", O::hash_source_mask, 1},
    {"hashlimit", "--hashlimit-dstmask", O::unknown, 1},
    {"hashlimit", "--hashlimit-htable-size", O::hash_table, 1},
    {"hashlimit", "--hashlimit-htable-max", O::hash_table, 1},
    {"hashlimit", "--hashlimit-htable-gcinterval", O::hash_table, 1},
    {"hashlimit", "--hashlimit-htable-expire", O::hash_expire, 1},
    {"hashlimit", "--hashlimit-rate-match", O::unknown, 0},
    {"hashlimit", "--hashlimit-rate-interval", O::unknown, 1},
});

constexpr auto of_targets = std::to_array<Spec>({
    {"REJECT", "--reject-with", O::reject_with, 1},
    {"LOG", "--log-prefix", O::log_prefix, 1},
    {"LOG", "--log-level", O::log_level, 1},
    {"LOG", "--log-tcp-sequence", O::no_effect, 0},
    {"LOG", "--log-tcp-options", O::no_effect, 0},
    {"LOG", "--log-ip-options", O::no_effect, 0},
    {"LOG", "--log-uid", O::no_effect, 0},
    {"LOG", "--log-macdecode", O::no_effect, 0},
    {"NFLOG", "--nflog-prefix", O::log_prefix, 1},
    {"NFLOG", "--nflog-group", O::no_effect, 1},
    {"NFLOG", "--nflog-range", O::no_effect, 1},
    {"NFLOG", "--nflog-size", O::no_effect, 1},
    {"NFLOG", "--nflog-threshold", O::no_effect, 1},
    {"ULOG", "--ulog-prefix", O::log_prefix, 1},
    {"ULOG", "--ulog-nlgroup", O::no_effect, 1},
    {"ULOG", "--ulog-cprange", O::no_effect, 1},
    {"ULOG", "--ulog-qthreshold", O::no_effect, 1},
});

constexpr auto plain_targets = std::to_array<std::string_view>(
    {"ACCEPT", "DROP", "RETURN", "TRACE", "NOTRACK", "QUEUE", "TARPIT", "DELUDE", "CHAOS", "STEAL"});

constexpr auto going_on = std::to_array<std::string_view>(
    {"LOG",     "NFLOG",       "ULOG",     "TRACE",    "MARK",    "CONNMARK",   "TCPMSS",    "SET",
     "CT",      "NOTRACK",     "CHECKSUM", "CLASSIFY", "TOS",     "DSCP",       "TTL",       "HL",
     "SECMARK", "CONNSECMARK", "AUDIT",    "ECN",      "TEE",     "LED",        "IDLETIMER", "RATEEST",
     "HMARK",   "TCPOPTSTRIP", "ACCOUNT",  "IPMARK",   "LOGMARK", "FLOWOFFLOAD"});
constexpr auto deciding = std::to_array<std::string_view>(
    {"ACCEPT",  "DROP",          "RETURN", "REJECT", "QUEUE",   "NFQUEUE", "TARPIT",     "SYNPROXY",
     "TPROXY",  "DELUDE",        "CHAOS",  "STEAL",  "DNAT",    "SNAT",    "MASQUERADE", "REDIRECT",
     "NETMAP",  "CLUSTERIP",     "DNPT",   "SNPT",   "DHCPMAC", "ECHO",    "SYSRQ",      "RAWDNAT",
     "RAWSNAT", "IPV4OPTSSTRIP", "SAME",   "MIRROR", "IMQ",     "ROUTE",   "DNETMAP"});

constexpr auto fixed_matches = std::to_array<std::string_view>(
    {"addrtype", "ah",     "bpf",        "cgroup",   "cluster", "connlabel", "connmark", "cpu",    "dccp",
     "devgroup", "dscp",   "dst",        "ecn",      "esp",     "eui64",     "frag",     "hbh",    "helper",
     "hl",       "icmp6",  "ipv6header", "length",   "mac",     "mark",      "mh",       "owner",  "physdev",
     "pkttype",  "policy", "realm",      "rpfilter", "rt",      "sctp",      "socket",   "string", "tcp",
     "tcpmss",   "time",   "tos",        "ttl",      "u32",     "conntrack", "l2tp",     "osf"});

}  // namespace

std::span<const Spec> header_specs() {
  return of_every_rule;
}

std::span<const Spec> match_specs() {
  return of_matches;
}

std::span<const Spec> target_specs() {
  return of_targets;
}

std::optional<std::string_view> header_option(char letter) {
  const auto known = std::ranges::find(short_names, letter, &std::pair<char, std::string_view>::first);
  return known == short_names.end() ? std::nullopt : std::optional(known->second);
}

bool is_known_match(std::string_view match) {
  return std::ranges::find(of_matches, match, &Spec::owner) != of_matches.end();
}

bool takes_any_option(std::string_view target) {
  return std::ranges::find(of_targets, target, &Spec::owner) == of_targets.end() &&
         std::ranges::find(plain_targets, target) == plain_targets.end();
}

bool is_target(std::string_view name) {
  return goes_on(name) || std::ranges::find(deciding, name) != deciding.end();
}

bool goes_on(std::string_view target) {
  return std::ranges::find(going_on, target) != going_on.end();
}

bool is_fixed(std::string_view match) {
  return std::ranges::find(fixed_matches, match) != fixed_matches.end();
}

}  // namespace portpolicy::iptables::text
