#include "bench/sources.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/dice.h"

namespace portpolicy::bench {
namespace {

__extension__ typedef unsigned __int128 Address;

constexpr std::size_t packets = 16'384;

/// Percentages of the lengths of prefixes, as servers have them: mostly networks of sites, and single hosts.
struct Share {
  int length;
  unsigned percent;
};
constexpr std::array<Share, 7> lengths_4{{{16, 5}, {20, 10}, {22, 10}, {24, 45}, {27, 10}, {28, 5}, {32, 15}}};
constexpr std::array<Share, 7> lengths_6{{{32, 5}, {40, 10}, {44, 10}, {48, 45}, {56, 10}, {64, 5}, {128, 15}}};

struct Service {
  bool udp;
  unsigned port;
  friend auto operator<=>(const Service&, const Service&) = default;
};

struct Rule {
  Service service;
  Address first;
  int length;
};

/// How many services so many rules are about.
std::size_t service_count(std::size_t rules) {
  return rules <= 10 ? 5 : rules <= 100 ? 20 : rules <= 1'000 ? 50 : rules <= 10'000 ? 200 : 1'000;
}

class Sources {
 public:
  explicit Sources(bool ipv6) : ipv6_(ipv6), bits_(ipv6 ? 128 : 32) {}

  std::vector<Rule> rules(std::size_t count) {
    std::map<Service, bool> chosen;
    while (chosen.size() < service_count(count))
      chosen.emplace(Service{dice_.below(4) == 0, 1 + dice_.below(40'000)}, true);
    for (const auto& [service, unused] : chosen) services_.push_back(service);
    std::vector<Rule> result;
    while (result.size() < count) {
      const Service service = services_[result.size() % services_.size()];
      const int length = any_length();
      const Address size = length == bits_ ? 1 : Address{1} << (bits_ - length);
      const Address first = any_address() & ~(size - 1);
      if (usable(first) && claim(service, first, first + size - 1)) result.push_back({service, first, length});
    }
    for (std::size_t i = result.size(); i > 1; --i)
      std::swap(result[i - 1], result[dice_.below(static_cast<std::uint32_t>(i))]);
    return result;
  }

  /// A service that some rule is about, from an address that none of its rules allows.
  std::pair<Service, Address> foreign() {
    for (;;) {
      const Service service = services_[dice_.below(static_cast<std::uint32_t>(services_.size()))];
      const Address address = any_address();
      if (usable(address) && free(claimed_[service], address, address)) return {service, address};
    }
  }

  std::string text_of(Address address, int length) const {
    std::array<unsigned char, 16> bytes{};
    for (int i = 0; i < bits_ / 8; ++i)
      bytes[static_cast<std::size_t>(i)] = static_cast<unsigned char>(address >> (bits_ - 8 - 8 * i));
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(ipv6_ ? AF_INET6 : AF_INET, bytes.data(), text.data(), text.size());
    return std::string(text.data()) + (length == bits_ ? "" : "/" + std::to_string(length));
  }
  int bits() const { return bits_; }
  Dice& dice() { return dice_; }

 private:
  using Ranges = std::map<Address, Address>;  // last by first

  Address any_address() {
    Address address = 0;
    for (int i = 0; i < bits_ / 32; ++i) address = address << 32 | dice_.below(0xffffffff);
    return ipv6_ ? (address & ~(Address{0xff} << 120)) | Address{0x2a} << 120 : address;
  }
  /// Neither special nor an address of the measured namespaces.
  bool usable(Address address) const {
    if (ipv6_) return true;
    const auto a = static_cast<std::uint32_t>(address);
    return a >= 0x01000000 && a < 0xdf000000 && a >> 24 != 127 && a >> 16 != 0xc000 && a >> 16 != 0xa9fe;
  }
  int any_length() {
    unsigned roll = dice_.below(100);
    for (const Share& share : ipv6_ ? lengths_6 : lengths_4) {
      if (roll < share.percent) return share.length;
      roll -= share.percent;
    }
    return bits_;
  }
  static bool free(const Ranges& ranges, Address first, Address last) {
    const auto next = ranges.upper_bound(last);
    return next == ranges.begin() || std::prev(next)->second < first;
  }
  /// Not beside another range either, so that none are merged.
  bool claim(const Service& service, Address first, Address last) {
    Ranges& ranges = claimed_[service];
    if (!free(ranges, first - 1, last + 1)) return false;
    ranges.emplace(first, last);
    return true;
  }

  bool ipv6_;
  int bits_;
  Dice dice_;
  std::vector<Service> services_;
  std::map<Service, Ranges> claimed_;
};

const char* protocol_of(const Service& service) {
  return service.udp ? "udp" : "tcp";
}

}  // namespace

void write_sources(bool ipv6, std::size_t count, const std::filesystem::path& folder) {
  Sources sources(ipv6);
  const std::vector<Rule> rules = sources.rules(count);
  std::ofstream policy(folder / "policy.yaml"), based(folder / "based.yaml"), linear(folder / "linear.nft"),
      conntrack(folder / "conntrack.nft"), hits(folder / "hits.pk"), misses(folder / "misses.pk");
  const std::string family = ipv6 ? "ip6" : "ip";
  const std::string table =
      "table " + family + " t {\n  chain input {\n    type filter hook input priority 0; policy drop;\n";
  policy << "portpolicy: 1\nbase: []\ndefaults: {inbound: deny}\ninbound:\n";
  based << "portpolicy: 1\ndefaults: {inbound: deny}\ninbound:\n";
  linear << table;
  conntrack << table << "    ct state established,related accept\n    ct state invalid drop\n    accept\n  }\n}\n";
  for (const Rule& rule : rules) {
    const std::string from = sources.text_of(rule.first, rule.length), port = std::to_string(rule.service.port);
    const std::string line = "  - {allow: " + port + "/" + protocol_of(rule.service) + ", from: \"" + from + "\"}\n";
    policy << line;
    based << line;
    linear << "    " << family << " saddr " << from << " " << protocol_of(rule.service) << " dport " << port
           << " accept\n";
  }
  linear << "  }\n}\n";
  const auto packet = [&](const Service& service, const std::string& source) {
    return std::string("proto=") + protocol_of(service) + " src=" + source + " dport=" + std::to_string(service.port) +
           " count=1\n";
  };
  for (std::size_t i = 0; i < packets; ++i) {
    const Rule& rule = rules[sources.dice().below(static_cast<std::uint32_t>(rules.size()))];
    hits << packet(rule.service, sources.text_of(rule.first, rule.length));
    const auto [service, address] = sources.foreign();
    misses << packet(service, sources.text_of(address, sources.bits()));
  }
}

}  // namespace portpolicy::bench
