#include "bench/correlated.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <utility>

#include "bench/dice.h"

namespace portpolicy::bench {
namespace {

/// Percentages of what an address is; the rest are single hosts.
struct AddressShares {
  unsigned any, wide, network;  ///< everything; /8 to /23; /24 to /31
};
/// Percentages of what ports are; the rest are single ports.
struct PortShares {
  unsigned any, high, range;  ///< everything; 1024-65535; other ranges
};
struct Character {
  AddressShares source, destination;
  PortShares source_port, port;
  unsigned tcp, udp, icmp;  ///< the rest: any protocol
  unsigned allow, deny;     ///< the rest: reject
  unsigned branches;        ///< of the tree of networks, for each 4 bits
};

constexpr Character character_of(Correlated kind) {
  switch (kind) {
    case Correlated::acl:
      return {{30, 10, 25}, {1, 9, 30}, {100, 0, 0}, {15, 5, 15}, 75, 18, 2, 70, 30, 3};
    case Correlated::fw:
      return {{40, 15, 15}, {25, 10, 15}, {70, 20, 0}, {20, 10, 10}, 55, 25, 5, 60, 30, 3};
    case Correlated::chains:
      return {{10, 20, 25}, {10, 20, 25}, {75, 10, 0}, {35, 10, 10}, 45, 35, 5, 60, 30, 4};
  }
  std::unreachable();
}

constexpr std::array<unsigned, 24> usual_ports{20,  21,  22,  23,  25,  53,  80,  88,  110,  123,  135,  139,
                                               143, 161, 389, 443, 445, 514, 636, 993, 1433, 1521, 3306, 8080};

/// A part of a rule as text, and how many packets it leaves out: the more the narrower.
struct Part {
  std::string text;
  unsigned bits = 0;
};

class Rules {
 public:
  Rules(Correlated kind, std::uint64_t seed) : is_(character_of(kind)), dice_(seed), seed_(seed) {}

  std::vector<std::string> make(std::size_t count) {
    std::set<std::string> seen;
    std::vector<std::pair<unsigned, std::string>> rules;  // by how wide they are, roughly
    while (rules.size() < count) {
      const Part packets = any_packets();
      if (packets.bits == 0 || !seen.insert(packets.text).second) continue;
      rules.emplace_back(200 - packets.bits + dice_.below(60), packets.text);
    }
    std::ranges::stable_sort(rules, {}, &std::pair<unsigned, std::string>::first);
    std::vector<std::string> lines;
    for (const auto& [width, packets] : rules) lines.push_back("  - {" + any_verdict() + ": " + packets + "}\n");
    return lines;
  }

 private:
  std::string any_verdict() {
    const unsigned share = dice_.below(100);
    return share < is_.allow ? "allow" : share < is_.allow + is_.deny ? "deny" : "reject";
  }

  Part any_packets() {
    Part all = any_service();
    const auto add = [&](const char* key, const Part& part) {
      if (part.bits == 0) return;
      all.text += std::string(", ") + key + ": " + part.text;
      all.bits += part.bits;
    };
    add("from", any_address(is_.source));
    add("to", any_address(is_.destination));
    return all;
  }

  Part any_service() {
    const unsigned share = dice_.below(100);
    if (share >= is_.tcp + is_.udp + is_.icmp) return {"any", 0};
    if (share >= is_.tcp + is_.udp) return {dice_.chance(50) ? "icmp" : "icmp/echo-request", 8};
    const std::string protocol = share < is_.tcp ? "tcp" : "udp";
    const Part port = any_port(is_.port), source = any_port(is_.source_port);
    Part service{port.bits == 0 ? protocol : port.text + "/" + protocol, 8 + port.bits + source.bits};
    if (source.bits != 0) service.text += ", source-port: " + source.text;
    return service;
  }

  Part any_port(const PortShares& shares) {
    const unsigned share = dice_.below(100);
    if (share < shares.any) return {"", 0};
    if (share < shares.any + shares.high) return {"1024-65535", 1};
    if (share < shares.any + shares.high + shares.range) return any_range();
    return {std::to_string(dice_.chance(70) ? usual_ports[dice_.below(usual_ports.size())] : 1024 + dice_.below(9000)),
            16};
  }

  /// Of few beginnings and lengths, so that some lie within others and some lap over.
  Part any_range() {
    const unsigned first = 1 + 500 * dice_.below(20), bits = 4 + dice_.below(9);
    return {std::to_string(first) + "-" + std::to_string(first + (1u << bits) - 1), 16 - bits};
  }

  Part any_address(const AddressShares& shares) {
    const unsigned share = dice_.below(100);
    if (share < shares.any) return {"", 0};
    if (share < shares.any + shares.wide) return prefix(8 + dice_.below(16));
    if (share < shares.any + shares.wide + shares.network) return prefix(24 + dice_.below(8));
    return prefix(32);
  }

  /// Out of a tree of networks with few branches, so that wide prefixes hold narrow ones.
  Part prefix(unsigned length) {
    std::uint32_t bits = 10;
    for (unsigned depth = 2; depth < 8; ++depth) {
      std::uint64_t hash = (seed_ << 36) ^ (std::uint64_t{bits} << 4) ^ dice_.below(is_.branches + (depth > 5 ? 4 : 0));
      hash = (hash ^ depth) * 0x9E3779B97F4A7C15u;
      bits = bits << 4 | static_cast<std::uint32_t>(hash >> 60);
    }
    bits &= ~std::uint32_t{0} << (32 - length);
    std::string text;
    for (const unsigned shift : {24u, 16u, 8u, 0u})
      text += std::to_string(bits >> shift & 0xff) + (shift == 0 ? "/" : ".");
    return {text + std::to_string(length), length};
  }

  Character is_;
  Dice dice_;
  std::uint64_t seed_;
};

}  // namespace

std::optional<Correlated> correlated_named(std::string_view name) {
  if (name == "acl") return Correlated::acl;
  if (name == "fw") return Correlated::fw;
  if (name == "chains") return Correlated::chains;
  return std::nullopt;
}

std::vector<std::string> correlated_rules(Correlated kind, std::size_t count, std::uint64_t seed) {
  return Rules(kind, seed).make(count);
}

}  // namespace portpolicy::bench
