#include "tests/support/random_windows.h"

#include <array>
#include <string_view>

namespace portpolicy::test {
namespace {

constexpr std::array<std::string_view, 14> services{"tcp",
                                                    "udp",
                                                    "22/tcp",
                                                    "80-90/tcp",
                                                    "[80/tcp, 85-443/tcp]",
                                                    "53/udp",
                                                    "[53/udp, 53/tcp]",
                                                    "1-65535/tcp",
                                                    "icmp",
                                                    "icmp/echo-request",
                                                    "icmpv6",
                                                    "[gre, esp]",
                                                    "icmp/3",
                                                    "protocol 2"};
constexpr std::array<std::string_view, 12> networks{"10.0.0.0/8",
                                                    "10.1.0.0/16",
                                                    "10.1.2.0/24",
                                                    "10.1.2.3",
                                                    "10.0.128.0-10.2.3.4",
                                                    "0.0.0.0/0",
                                                    "\"2001:db8::/32\"",
                                                    "\"2001:db8:1::/48\"",
                                                    "\"fe80::/10\"",
                                                    "\"::/0\"",
                                                    "[10.1.0.0/16, \"2001:db8:1::/48\"]",
                                                    "{any: any, except: [10.0.0.0/9, \"2001:db8:8000::/33\"]}"};

std::string rule(Random& random) {
  std::string text = random.chance(50) ? "{allow: " : random.chance(80) ? "{deny: " : "{reject: ";
  text += random.chance(15) ? "any" : random.one_of(services);
  const bool has_ports = text.contains("/tcp") || text.ends_with("tcp");
  if (random.chance(65)) text += ", from: " + std::string(random.one_of(networks));
  if (random.chance(35)) text += ", to: " + std::string(random.one_of(networks));
  if (has_ports && !text.contains("udp") && random.chance(15)) text += ", source-port: 1024-5000";
  return text + "}";
}

std::string section(std::string_view name, Random& random) {
  std::string text = std::string(name) + ":\n";
  const std::size_t rules = 1 + random.below(9);
  for (std::size_t i = 0; i < rules; ++i) text += "  - " + rule(random) + "\n";
  return text;
}

}  // namespace

std::string random_windows_policy(Random& random) {
  constexpr std::array<std::string_view, 3> defaults{"allow", "deny", "reject"};
  std::string text = "portpolicy: 1\ndefaults: {inbound: " + std::string(random.one_of(defaults)) +
                     ", outbound: " + std::string(random.one_of(defaults)) + "}\n";
  if (random.chance(40)) text += "base: [established]\n";
  else if (random.chance(30)) text += "base: [established, address, loopback]\n";
  return text + section("inbound", random) + section("outbound", random);
}

}  // namespace portpolicy::test
