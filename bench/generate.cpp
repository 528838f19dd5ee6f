// Writes what the benchmark measures; the same words give the same bytes.
//
//     portpolicy_bench_generate rules N FOLDER      policy.yaml, and the same rules written plainly as plain.nft
//     portpolicy_bench_generate siblings N FOLDER   policy.yaml that includes two files of half the rules each
//     portpolicy_bench_generate includes N FOLDER   policy.yaml that includes N files of 3,000 rules each
//     portpolicy_bench_generate list N FOLDER       policy.yaml that denies a list file of N prefixes
//     portpolicy_bench_generate host N FOLDER       policy.yaml with N rules of all forms that a host has
//     portpolicy_bench_generate alternating N FOLDER    policy.yaml with N rules for one host each, allows and denies in turn
//     portpolicy_bench_generate nested N FOLDER     policy.yaml with N rules for networks inside each other, eight deep, the
//                                                   narrow ones first, allows and denies in turn
//     portpolicy_bench_generate blocklist N FOLDER  policy.yaml that denies a list file of N prefixes before 50 rules
//     portpolicy_bench_generate sources4 N FOLDER   policy.yaml with N rules of a port and a prefix, packets for these, and
//                                                   the same rules written plainly; also sources6
//     portpolicy_bench_generate acl N FOLDER SEED   policy.yaml with N correlated forward rules; also fw and chains
//     portpolicy_bench_generate two-acl N FOLDER SEED   the same in each of two files; also two-fw and two-chains

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bench/correlated.h"
#include "bench/dice.h"
#include "bench/sources.h"

namespace fs = std::filesystem;
using portpolicy::bench::Correlated;
using portpolicy::bench::Dice;

namespace {

struct Prefix {
  bool ipv6;
  std::uint32_t number;  ///< which of the /28 of IPv4, or of the /64 below 2001::/16
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

struct Rule {
  Prefix source;
  const char* protocol;
  unsigned port;
};

/// Every third one IPv6. IPv4 is taken from 1.0.0.0 to 223.255.255.255 without 127.0.0.0/8.
Prefix any_prefix(Dice& dice, std::size_t index) {
  if (index % 3 == 2) return {true, dice.below(0xffffffff)};
  for (;;) {
    const std::uint32_t number = (1u << 20) + dice.below(223u << 20);
    if (number >> 20 != 127) return {false, number};
  }
}

std::string text_of(const Prefix& prefix) {
  char text[48];
  const unsigned n = prefix.number;
  if (prefix.ipv6) std::snprintf(text, sizeof text, "2001:%x:%x::/64", n >> 16, n & 0xffff);
  else std::snprintf(text, sizeof text, "%u.%u.%u.%u/28", n >> 20, n >> 12 & 0xff, n >> 4 & 0xff, (n & 0xf) << 4);
  return text;
}

std::vector<Rule> rules(std::size_t count) {
  Dice dice;
  std::vector<Rule> result;
  std::set<std::tuple<std::string, unsigned, unsigned>> seen;
  while (result.size() < count) {
    const Prefix source = any_prefix(dice, result.size());
    const unsigned udp = dice.below(4) == 0 ? 1 : 0;
    const unsigned port = 1024 + dice.below(512) * 7;
    if (seen.emplace(text_of(source), udp, port).second) result.push_back({source, udp ? "udp" : "tcp", port});
  }
  return result;
}

std::string line_of(const Rule& rule, const char* verdict) {
  return std::string("  - {") + verdict + ": " + std::to_string(rule.port) + "/" + rule.protocol +
         ", from: " + (rule.source.ipv6 ? "\"" : "") + text_of(rule.source) + (rule.source.ipv6 ? "\"" : "") + "}\n";
}

void write_rules(std::size_t count, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml"), plain(folder / "plain.nft");
  std::ofstream plain_v4(folder / "plain.v4"), plain_v6(folder / "plain.v6");
  policy << "portpolicy: 1\nbase: []\ndefaults: {inbound: deny}\ninbound:\n";
  for (std::ofstream* iptables : {&plain_v4, &plain_v6})
    *iptables << "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n";
  plain << "table inet plain {\n  chain input {\n    type filter hook input priority 0; policy drop;\n";
  for (const Rule& rule : rules(count)) {
    policy << line_of(rule, "allow");
    plain << "    " << (rule.source.ipv6 ? "ip6" : "ip") << " saddr " << text_of(rule.source) << " " << rule.protocol
          << " dport " << rule.port << " accept\n";
    (rule.source.ipv6 ? plain_v6 : plain_v4) << "-A INPUT -s " << text_of(rule.source) << " -p " << rule.protocol
                                             << " --dport " << rule.port << " -j ACCEPT\n";
  }
  plain << "  }\n}\n";
  plain_v4 << "COMMIT\n";
  plain_v6 << "COMMIT\n";
}

/// For Windows, which needs `established`.
constexpr const char* head_for_windows = "portpolicy: 1\ndefaults: {inbound: deny}\ninbound:\n";

void write_alternating(std::size_t count, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml");
  policy << head_for_windows;
  std::size_t written = 0;
  for (const Rule& rule : rules(count)) policy << line_of(rule, written++ % 2 == 0 ? "allow" : "deny");
}

void write_nested(std::size_t count, const fs::path& folder) {
  constexpr unsigned narrowest = 31, depth = 8;
  std::ofstream policy(folder / "policy.yaml");
  policy << head_for_windows;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t tree = i / depth;
    policy << "  - {" << (i % 2 == 0 ? "allow" : "deny") << ": ssh, from: 10." << tree / 256 << "." << tree % 256
           << ".0/" << narrowest - i % depth << "}\n";
  }
}

void write_siblings(std::size_t count, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml"), one(folder / "one.yaml"), two(folder / "two.yaml");
  policy << "portpolicy: 1\nbase: []\ninclude: [one.yaml, two.yaml]\ndefaults: {inbound: reject}\n";
  one << "portpolicy: 1\ninbound:\n";
  two << "portpolicy: 1\ninbound:\n";
  bool first = true;
  for (const Rule& rule : rules(count)) {
    if (first) one << line_of(rule, "allow");
    else two << line_of(rule, "deny");
    first = !first;
  }
}

void write_includes(std::size_t count, const fs::path& folder) {
  constexpr std::size_t rules_per_file = 3'000;
  std::ofstream policy(folder / "policy.yaml");
  policy << "portpolicy: 1\nbase: []\ndefaults: {inbound: reject}\ninclude:\n";
  const std::vector<Rule> all = rules(count * rules_per_file);
  for (std::size_t file = 0; file < count; ++file) {
    const std::string name = "part-" + std::to_string(file) + ".yaml";
    policy << "  - " << name << "\n";
    std::ofstream part(folder / name);
    part << "portpolicy: 1\ninbound:\n";
    for (std::size_t i = 0; i < rules_per_file; ++i) part << line_of(all[file * rules_per_file + i], "allow");
  }
}

void write_list(std::size_t count, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml"), list(folder / "million.txt");
  policy << "portpolicy: 1\nbase: []\nnetworks:\n  blocked: {file: million.txt}\n"
            "defaults: {inbound: reject}\ninbound:\n  - {deny: any, from: blocked}\n";
  Dice dice;
  std::set<Prefix> seen;
  while (seen.size() < count) {
    const Prefix prefix = any_prefix(dice, seen.size());
    if (seen.insert(prefix).second) list << text_of(prefix) << "\n";
  }
}

/// Hosts, and some networks of any size.
std::string any_source(Dice& dice) {
  char text[64];
  const std::uint32_t bits = (1u << 24) + dice.below(222u << 24), share = dice.below(100);
  if (share < 30) {
    const unsigned length = share < 15 ? 128 : share < 25 ? 64 : 48;
    const char* rest = length == 128 ? "7::1" : length == 64 ? "7::" : ":";
    std::snprintf(text, sizeof text, "\"2001:%x:%x:%s/%u\"", bits >> 16, bits & 0xffff, rest, length);
    return text;
  }
  const unsigned length = share < 65 ? 32 : share < 85 ? 24 + dice.below(8) : 16 + dice.below(8);
  const std::uint32_t first = bits & ~std::uint32_t{0} << (32 - length);
  std::snprintf(text, sizeof text, "%u.%u.%u.%u/%u", first >> 24, first >> 16 & 0xff, first >> 8 & 0xff, first & 0xff,
                length);
  return text;
}

std::string any_service(Dice& dice) {
  const std::string protocol = dice.chance(75) ? "/tcp" : "/udp";
  const auto port = [&] { return 1 + dice.below(1'000) * (dice.chance(50) ? 1 : 61); };
  const unsigned first = port(), share = dice.below(100);
  if (share < 70) return std::to_string(first) + protocol;
  if (share < 85) return "[" + std::to_string(first) + protocol + ", " + std::to_string(port()) + protocol + "]";
  return std::to_string(first) + "-" + std::to_string(first + dice.below(64)) + protocol;
}

/// A service for everybody now and then, but not more of these than hosts have.
void write_host(std::size_t count, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml");
  policy << "portpolicy: 1\ndefaults: {inbound: deny}\ninbound:\n";
  Dice dice;
  std::set<std::string> seen;
  std::size_t for_everybody = 0;
  while (seen.size() < count) {
    std::string packets = any_service(dice);
    const bool everybody = for_everybody < 20 && dice.chance(2);
    if (!everybody) packets += ", from: " + any_source(dice);
    const bool ipv6 = packets.find("\"2001:") != std::string::npos;
    if (!ipv6 && dice.chance(10)) packets += ", to: 192.0.2." + std::to_string(1 + dice.below(8));
    if (dice.chance(10)) packets += ", in: eth" + std::to_string(dice.below(4));
    if (!seen.insert(packets).second) continue;
    if (everybody) ++for_everybody;
    policy << "  - {" << (dice.chance(92) ? "allow" : "deny") << ": " << packets << "}\n";
  }
}

/// Prefixes of /16 to /24 before the rules of a small host.
void write_blocklist(std::size_t count, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml"), list(folder / "blocked.txt");
  policy << "portpolicy: 1\nnetworks:\n  blocked: {file: blocked.txt}\n"
            "defaults: {inbound: deny}\ninbound:\n  - {deny: any, from: blocked}\n";
  Dice dice;
  std::set<std::pair<std::uint32_t, unsigned>> seen;
  while (seen.size() < count) {
    const unsigned length = dice.chance(80) ? 22 + dice.below(3) : 16 + dice.below(6);
    const std::uint32_t first = ((1u << 24) + dice.below(222u << 24)) & ~std::uint32_t{0} << (32 - length);
    if (!seen.emplace(first, length).second) continue;
    list << (first >> 24) << "." << (first >> 16 & 0xff) << "." << (first >> 8 & 0xff) << "." << (first & 0xff) << "/"
         << length << "\n";
  }
  for (int rule = 0; rule < 50; ++rule) {
    policy << "  - {allow: " << 8'000 + rule << "/tcp";
    if (rule % 5 != 0) policy << ", from: " << any_source(dice);
    policy << "}\n";
  }
}

void write_correlated(Correlated kind, std::size_t count, std::uint64_t seed, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml");
  policy << "portpolicy: 1\ndefaults: {forward: deny}\nforward:\n";
  for (const std::string& line : correlated_rules(kind, count, seed)) policy << line;
}

/// Rules of one kind, dealt out to two files that do not include each other.
void write_two(Correlated kind, std::size_t count, std::uint64_t seed, const fs::path& folder) {
  std::ofstream policy(folder / "policy.yaml"), one(folder / "one.yaml"), two(folder / "two.yaml");
  policy << "portpolicy: 1\ninclude: [one.yaml, two.yaml]\ndefaults: {forward: deny}\n";
  one << "portpolicy: 1\nforward:\n";
  two << "portpolicy: 1\nforward:\n";
  bool first = true;
  for (const std::string& line : correlated_rules(kind, 2 * count, seed)) {
    (first ? one : two) << line;
    first = !first;
  }
}

int usage() {
  std::cerr << "usage: portpolicy_bench_generate KIND N FOLDER [SEED]\n";
  return 2;
}

bool parse(const std::string& text, std::uint64_t& number) {
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc{};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 && argc != 5) return usage();
  std::string kind = argv[1];
  const fs::path folder = argv[3];
  std::uint64_t count = 0, seed = 1;
  if (!parse(argv[2], count) || (argc == 5 && !parse(argv[4], seed))) return usage();
  fs::create_directories(folder);
  const bool two = kind.starts_with("two-");
  if (two) kind = kind.substr(4);
  if (const auto correlated = portpolicy::bench::correlated_named(kind))
    (two ? write_two : write_correlated)(*correlated, count, seed, folder);
  else if (kind == "rules") write_rules(count, folder);
  else if (kind == "siblings") write_siblings(count, folder);
  else if (kind == "includes") write_includes(count, folder);
  else if (kind == "sources4" || kind == "sources6")
    portpolicy::bench::write_sources(kind == "sources6", count, folder);
  else if (kind == "list") write_list(count, folder);
  else if (kind == "host") write_host(count, folder);
  else if (kind == "alternating") write_alternating(count, folder);
  else if (kind == "nested") write_nested(count, folder);
  else if (kind == "blocklist") write_blocklist(count, folder);
  else return usage();
  return 0;
}
