// Writes what the benchmark measures; the same words give the same bytes.
//
//     portpolicy_bench_generate rules N FOLDER      policy.yaml, and the same rules written plainly as plain.nft
//     portpolicy_bench_generate siblings N FOLDER   policy.yaml that includes two files of half the rules each
//     portpolicy_bench_generate includes N FOLDER   policy.yaml that includes N files of 3,000 rules each
//     portpolicy_bench_generate list N FOLDER       policy.yaml that denies a list file of N prefixes

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

namespace fs = std::filesystem;

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

/// Random numbers that are the same with every standard library.
class Dice {
 public:
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(engine_() % bound); }

 private:
  std::mt19937_64 engine_{20261122};
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
  policy << "portpolicy: 1\nbase: []\ndefaults: {inbound: deny}\ninbound:\n";
  plain << "table inet plain {\n  chain input {\n    type filter hook input priority 0; policy drop;\n";
  for (const Rule& rule : rules(count)) {
    policy << line_of(rule, "allow");
    plain << "    " << (rule.source.ipv6 ? "ip6" : "ip") << " saddr " << text_of(rule.source) << " " << rule.protocol
          << " dport " << rule.port << " accept\n";
  }
  plain << "  }\n}\n";
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

int usage() {
  std::cerr << "usage: portpolicy_bench_generate rules|siblings|includes|list N FOLDER\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return usage();
  const std::string kind = argv[1], number = argv[2];
  const fs::path folder = argv[3];
  std::size_t count = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), count).ec != std::errc{}) return usage();
  fs::create_directories(folder);
  if (kind == "rules") write_rules(count, folder);
  else if (kind == "siblings") write_siblings(count, folder);
  else if (kind == "includes") write_includes(count, folder);
  else if (kind == "list") write_list(count, folder);
  else return usage();
  return 0;
}
