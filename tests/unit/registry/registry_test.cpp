#include "compiler/registry/registry.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "compiler/base/date.h"

using namespace portpolicy;
using namespace portpolicy::registry;

namespace {

/// The uses of a service as services.txt writes them; "none" for no service.
std::string uses_of(std::string_view name) {
  const Service* service = service_named(name);
  if (service == nullptr) return "none";
  std::string text;
  for (const Use& use : service->uses) {
    if (!text.empty()) text += ",";
    text += to_string(PortSet::of(Interval<std::uint16_t>{use.first.number(), use.last.number()}));
    text += "/" + to_string(use.protocol);
  }
  return text;
}

std::string meaning_of(Family family, std::string_view name) {
  for (const IcmpName& row : icmp_names(family)) {
    if (row.name == name) return std::to_string(row.type) + (row.code ? ":" + std::to_string(*row.code) : "");
  }
  return "none";
}

bool holds(std::string_view network, std::string_view address) {
  return network_named(network).value().contains(Address::parse(address).value());
}

}  // namespace

TEST_CASE("well-known services have the ports that they really use") {
  CHECK(uses_of("ssh") == "22/tcp");
  CHECK(uses_of("dns") == "53/tcp,53/udp");
  CHECK(uses_of("http") == "80/tcp");
  CHECK(uses_of("https") == "443/tcp");
  CHECK(uses_of("http3") == "443/udp");
  CHECK(uses_of("ntp") == "123/udp");
  CHECK(uses_of("wireguard") == "51820/udp");
  CHECK(uses_of("rdp") == "3389/tcp,3389/udp");
  CHECK(uses_of("mysql") == "3306/tcp");
  CHECK(uses_of("postgresql") == "5432/tcp");
  CHECK(uses_of("ptp") == "319-320/udp");
  CHECK(uses_of("diameter") == "3868/tcp,3868/sctp");
  CHECK(uses_of("no-such-service") == "none");
  CHECK(uses_of("SSH") == "none");
  CHECK(uses_of("") == "none");
}

TEST_CASE("an alias is another name of the same service") {
  CHECK(service_named("postgres") == service_named("postgresql"));
  CHECK(service_named("domain") == service_named("dns"));
  CHECK(service_named("domain")->name == "dns");
}

TEST_CASE("every name and alias is found, is unique and reads as nothing else") {
  std::set<std::string_view> expected;
  for (const Service& service : services()) {
    CHECK_FALSE(service.uses.empty());
    CHECK_FALSE(service.description.empty());
    CHECK(expected.insert(service.name).second);
    CHECK(service_named(service.name) == &service);
    for (const std::string_view alias : service.aliases) {
      CHECK(expected.insert(alias).second);
      CHECK(service_named(alias) == &service);
    }
  }
  CHECK(std::ranges::equal(service_names(), expected));
  CHECK(std::ranges::is_sorted(services(), {}, &Service::name));
  CHECK(services().size() >= 150);
  for (const std::string_view name : service_names()) {
    CHECK_FALSE(protocol_named(name).has_value());
    CHECK_FALSE(AddressRange::parse(name).has_value());
    CHECK_FALSE(Port::parse(name).has_value());
  }
}

TEST_CASE("the table knows a number for the protocols that use it, and for no other") {
  for (const Protocol protocol : {protocols::tcp, protocols::udp, protocols::sctp, protocols::dccp}) {
    PortSet used;
    for (const Service& service : services()) {
      for (const Use& use : service.uses) {
        if (use.protocol != protocol) continue;
        used = unite(used, PortSet::of(Interval<std::uint16_t>{use.first.number(), use.last.number()}));
      }
    }
    for (unsigned port = 0; port <= 65535; ++port) {
      const auto number = static_cast<std::uint16_t>(port);
      REQUIRE(knows(protocol, Port(number)) == used.contains(number));
    }
  }
  CHECK(knows(protocols::udp, Port(51820)));
  CHECK_FALSE(knows(protocols::tcp, Port(51820)));
}

TEST_CASE("the internet is what the special-purpose registries leave globally reachable") {
  for (const char* address : {"8.8.8.8",         "1.0.0.0",
                              "9.255.255.255",   "11.0.0.0",
                              "100.63.255.255",  "100.128.0.0",
                              "126.255.255.255", "128.0.0.0",
                              "172.15.255.255",  "172.32.0.0",
                              "192.0.0.9",       "192.0.0.10",
                              "192.0.1.0",       "192.31.196.1",
                              "192.88.99.1",     "192.88.99.3",
                              "192.175.48.1",    "223.255.255.255",
                              "2000::",          "2001::",
                              "2001:0:ffff::",   "2001:1::1",
                              "2001:1::2",       "2001:1::3",
                              "2001:3::",        "2001:4:112::1",
                              "2001:10::1",      "2001:20::1",
                              "2001:3f:ffff::",  "2001:200::",
                              "2002::1",         "2001:4860:4860::8888",
                              "2620:4f:8000::1", "3ffe::",
                              "3fff:1000::",     "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                              "64:ff9b::1",      "64:ff9b::ffff:ffff"}) {
    CHECK_MESSAGE(holds("internet", address), address);
  }
  for (const char* address : {"0.0.0.0",
                              "0.255.255.255",
                              "10.0.0.1",
                              "100.64.0.0",
                              "100.127.255.255",
                              "127.0.0.1",
                              "169.254.1.1",
                              "172.16.0.0",
                              "172.31.255.255",
                              "192.0.0.0",
                              "192.0.0.8",
                              "192.0.0.11",
                              "192.0.0.170",
                              "192.0.0.171",
                              "192.0.2.1",
                              "192.88.99.2",
                              "192.168.0.1",
                              "198.18.0.0",
                              "198.19.255.255",
                              "198.51.100.1",
                              "203.0.113.1",
                              "224.0.0.0",
                              "224.0.0.1",
                              "239.255.255.255",
                              "240.0.0.1",
                              "255.255.255.255",
                              "::",
                              "::1",
                              "::ffff:8.8.8.8",
                              "100::1",
                              "100:0:0:1::1",
                              "1fff:ffff::",
                              "2001:1::",
                              "2001:1::4",
                              "2001:2::1",
                              "2001:4:111::",
                              "2001:40::",
                              "2001:1ff:ffff::",
                              "2001:db8::1",
                              "3fff::",
                              "3fff:fff:ffff::",
                              "4000::",
                              "5f00::1",
                              "64:ff9b::1:0:0",
                              "64:ff9b:1::1",
                              "64:ff9a::1",
                              "fc00::1",
                              "fdff::1",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1"}) {
    CHECK_MESSAGE(!holds("internet", address), address);
  }
}

TEST_CASE("the other built-in networks are what their names say") {
  const auto text = [](std::string_view name) {
    std::string result;
    const AddressSet set = network_named(name).value();
    for (const Family family : families) {
      for (const AddressRange& range : set.ranges(family)) result += (result.empty() ? "" : " ") + to_string(range);
    }
    return result;
  };
  CHECK(text("any") == "0.0.0.0/0 ::/0");
  CHECK(text("private") == "10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16 fc00::/7");
  CHECK(text("loopback") == "127.0.0.0/8 ::1");
  CHECK(text("link-local") == "169.254.0.0/16 fe80::/10");
  CHECK(text("multicast") == "224.0.0.0/4 ff00::/8");
  CHECK(text("broadcast") == "255.255.255.255");
  CHECK_FALSE(network_named("office").has_value());
  CHECK(network_names().size() == 7);
  for (const std::string_view name : network_names()) CHECK(network_named(name).has_value());
}

TEST_CASE("the names of ICMP types and codes are those of the family") {
  CHECK(meaning_of(Family::ipv4, "echo-request") == "8");
  CHECK(meaning_of(Family::ipv6, "echo-request") == "128");
  CHECK(meaning_of(Family::ipv4, "fragmentation-needed") == "3:4");
  CHECK(meaning_of(Family::ipv4, "destination-unreachable") == "3");
  CHECK(meaning_of(Family::ipv6, "destination-unreachable") == "1");
  CHECK(meaning_of(Family::ipv6, "packet-too-big") == "2");
  CHECK(meaning_of(Family::ipv4, "packet-too-big") == "none");
  CHECK(meaning_of(Family::ipv6, "nd-neighbor-solicit") == "135");
  CHECK(meaning_of(Family::ipv6, "port-unreachable") == "1:4");
  CHECK(meaning_of(Family::ipv4, "port-unreachable") == "3:3");
  for (const Family family : families) {
    std::set<std::string_view> seen;
    for (const IcmpName& row : icmp_names(family)) CHECK_MESSAGE(seen.insert(row.name).second, row.name);
  }
}

TEST_CASE("of ICMP names with one meaning the first is the usual one") {
  const auto first_with = [](Family family, std::uint8_t type) {
    const auto rows = icmp_names(family);
    const auto found = std::ranges::find(rows, type, &IcmpName::type);
    return found == rows.end() ? std::string_view("none") : found->name;
  };
  CHECK(first_with(Family::ipv4, 8) == "echo-request");
  CHECK(first_with(Family::ipv6, 133) == "nd-router-solicit");
  CHECK(first_with(Family::ipv4, 3) == "destination-unreachable");
}

TEST_CASE("the version of the registry is two dates") {
  const std::string text = version();
  const std::size_t comma = text.find(", IANA ports ");
  REQUIRE(comma != std::string::npos);
  CHECK(parse_date(text.substr(0, comma)).has_value());
  CHECK(parse_date(text.substr(comma + std::string(", IANA ports ").size())).has_value());
}

TEST_CASE("the IANA's names have all their ports") {
  const auto ports_of = [](std::string_view name) { return listed(assigned_uses(name)); };
  CHECK(ports_of("redis") == "`6379/tcp`");
  CHECK(ports_of("http-alt") == "`591/tcp` or `591/udp` or `8008/tcp` or `8008/udp` or `8080/tcp` or `8080/udp`");
  CHECK(ports_of("nfs") == "`2049/sctp` or `2049/tcp` or `2049/udp`");  // of two rows
  CHECK(ports_of("whois++") == "`63/tcp` or `63/udp`");
  CHECK(ports_of("zymed-zpp") == "`2133/tcp` or `2133/udp`");
  CHECK(ports_of("Redis").empty());
  CHECK(ports_of("").empty());
}

TEST_CASE("the IANA's registry is whole and in order") {
  const std::vector<Assignment> rows = assignments();
  CHECK(rows.size() > 6000);
  CHECK(std::ranges::is_sorted(rows, {}, &Assignment::name));
  std::map<Protocol, PortSet> used;
  for (const Assignment& row : rows) {
    CHECK_FALSE(row.name.empty());
    CHECK_FALSE(row.uses.empty());
    for (const Use& use : row.uses)
      used[use.protocol] =
          unite(used[use.protocol], PortSet::of(Interval<std::uint16_t>{use.first.number(), use.last.number()}));
  }
  for (const auto& [protocol, ports] : used)
    for (unsigned port = 0; port <= 65535; ++port) {
      const auto number = static_cast<std::uint16_t>(port);
      REQUIRE(is_assigned(protocol, Port(number)) == ports.contains(number));
    }
}

TEST_CASE("sensitive services say why") {
  CHECK(service_named("postgresql")->sensitive.find("database") != std::string_view::npos);
  CHECK(service_named("telnet")->sensitive.find("clear text") != std::string_view::npos);
  CHECK(service_named("https")->sensitive.empty());
  CHECK(service_named("ssh")->sensitive.empty());
}
