#include "tests/support/random_policy.h"

#include <array>
#include <string_view>

namespace portpolicy::test {
namespace {

using Words = std::vector<std::string>;

std::string joined(const Words& words) {
  std::string text = "[";
  for (const std::string& word : words) text += (text.size() > 1 ? ", " : "") + word;
  return text + "]";
}
std::string quoted(const std::string& word) {
  return "\"" + word + "\"";
}

/// Few networks, so that those of different rules overlap.
Address random_address(Random& random) {
  static const std::vector<std::string> v4{"10.1.0.0", "10.1.2.3", "192.0.2.128", "203.0.113.5", "172.16.0.1"};
  static const std::vector<std::string> v6{"2001:db8::1", "2001:db8:0:1::", "fd00::7", "2001:db8::ff:0", "fe80::1"};
  return Address::parse(random.one_of(random.chance(50) ? v4 : v6)).value();
}

Uint128 host_bits(Family family, int length) {
  const int bits = address_bits(family) - length;
  return bits == 128 ? ~Uint128{0} : (Uint128{1} << bits) - 1;
}

std::string random_literal(Random& random) {
  Address address = random_address(random);
  const int bits = address_bits(address.family);
  const int length = bits / 4 + static_cast<int>(random.below(static_cast<std::size_t>(bits * 3 / 4 + 1)));
  const Uint128 hosts = host_bits(address.family, length);
  if (random.chance(25)) {
    AddressRange range{address.family, address.bits, address.bits + 1 + random.below(400)};
    return quoted(to_string(Address{range.family, range.first}) + "-" + to_string(Address{range.family, range.last}));
  }
  address.bits &= ~hosts;
  if (random.chance(20)) return quoted(to_string(address));
  return quoted(to_string(Prefix{address, length}));
}

Words several(Random& random, std::size_t most, std::string (*one)(Random&)) {
  Words words;
  for (std::size_t count = 1 + random.below(most); words.size() < count;) words.push_back(one(random));
  return words;
}

std::string with_exceptions(Random& random) {
  const std::string any = random.chance(25) ? "[any]" : joined(several(random, 3, random_literal));
  return "{any: " + any + ", except: " + joined(several(random, 3, random_literal)) + "}";
}

std::string random_network(Random& random) {
  static const Words names{"n0", "n1", "n2", "internet", "private", "any", "link-local"};
  if (random.chance(40)) return random.one_of(names);
  if (random.chance(30)) return with_exceptions(random);
  return joined(several(random, 4, random_literal));
}

std::string random_interfaces(Random& random) {
  static const Words words{"i0",
                           "i1",
                           "eth0",
                           "\"eth*\"",
                           "[eth1, \"br-*\"]",
                           "\"e*\"",
                           "br-test",
                           "\"*\"",
                           "lo",
                           "{any: \"*\", except: [\"br-*\", lo]}",
                           "{any: \"e*\", except: eth1}"};
  return random.one_of(words);
}

std::string random_ports(Random& random) {
  static const Words words{"22",      "53",   "80", "443",   "1000-1010", "1024-65535",
                           "1-65535", "8080", "1",  "65535", "1005-8080"};
  return random.one_of(words);
}

std::string random_port_service(Random& random) {
  static const Words protocols{"tcp", "tcp", "tcp", "udp", "udp", "sctp", "dccp", "udplite"};
  return random.chance(15) ? random.one_of(protocols) : random_ports(random) + "/" + random.one_of(protocols);
}

std::string random_service(Random& random) {
  static const Words others{
      "icmp",       "icmpv6",     "icmp/8", "icmp/3:4", "icmp/0",       "icmpv6/128", "icmpv6/packet-too-big",
      "icmpv6/129", "icmpv6/135", "esp",    "gre",      "protocol 200", "igmp",       "any",
      "dns",        "http"};
  return quoted(random.chance(70) ? random_port_service(random) : random.one_of(others));
}

std::string random_rule(Random& random, Direction direction) {
  static const Words verdicts{"allow", "allow", "allow", "deny", "deny", "reject"};
  const bool ports_only = random.chance(25);
  std::string rule = "{" + random.one_of(verdicts) + ": ";
  if (ports_only) rule += joined(several(random, 3, random_port_service)) + ", source-port: 1024-65535";
  else if (random.chance(15)) rule += "any";
  else rule += joined(several(random, 4, random_service));
  if (ports_only && random.chance(50))
    rule.replace(rule.rfind("1024-65535"), 10, "[" + random_ports(random) + ", 40000]");
  if (random.chance(60)) rule += ", from: " + random_network(random);
  if (random.chance(40)) rule += ", to: " + random_network(random);
  if (direction != Direction::outbound && random.chance(30)) rule += ", in: " + random_interfaces(random);
  if (direction != Direction::inbound && random.chance(30)) rule += ", out: " + random_interfaces(random);
  if (random.chance(15)) rule += ", log: true";
  return rule + "}";
}

std::string random_base(Random& random) {
  if (random.chance(40)) return "";
  Words words;
  for (const std::string word : {"loopback", "icmp", "address", "established", "invalid"})
    if (random.chance(40)) words.push_back(word);
  return "base: " + joined(words) + "\n";
}

}  // namespace

std::string PolicyText::text() const {
  std::string text = head;
  for (const Direction direction : directions) {
    const std::vector<std::string>& lines = rules[static_cast<std::size_t>(direction)];
    if (!lines.empty()) text += std::string(to_string(direction)) + ":\n";
    for (const std::string& line : lines) text += "  - " + line + "\n";
  }
  return text;
}

PolicyText random_policy(Random& random) {
  static const Words verdicts{"deny",
                              "allow",
                              "reject",
                              "{verdict: deny, log: true}",
                              "{verdict: reject, log: end}",
                              "{verdict: allow, log: true}"};
  PolicyText policy;
  policy.head = "portpolicy: 1\nnetworks:\n  n0: " + joined(several(random, 6, random_literal)) +
                "\n  n1: " + with_exceptions(random) +
                "\n  n2: {any: [n0, n1], except: " + joined(several(random, 2, random_literal)) +
                "}\ninterfaces:\n  i0: [eth1, \"br-*\"]\n  i1: {any: \"eth*\", except: eth1}\n" + random_base(random);
  std::string defaults;
  for (const Direction direction : directions) {
    std::vector<std::string>& rules = policy.rules[static_cast<std::size_t>(direction)];
    if (random.chance(90))
      for (std::size_t count = random.below(9); rules.size() < count;) rules.push_back(random_rule(random, direction));
    if (random.chance(30)) continue;
    const bool unmanaged = rules.empty() && random.chance(50);
    defaults +=
        "  " + std::string(to_string(direction)) + ": " + (unmanaged ? "unmanaged" : random.one_of(verdicts)) + "\n";
  }
  if (!defaults.empty()) policy.head += "defaults:\n" + defaults;
  return policy;
}

}  // namespace portpolicy::test
