#include <string>

#include "compiler/syntax/service.h"
#include "tests/unit/syntax/loaded.h"

namespace portpolicy::test {
namespace {

using namespace syntax;

void expect_bad_service(const std::string& text, Code code, std::string_view message, std::string_view help) {
  expect_one_in_rule("{allow: '" + text + "'}", code, "'" + text + "'", message, help);
  CAPTURE(text);
  CHECK(!parse_service(text));
}

void expect_bad_network(const std::string& text, Code code, std::string_view message, std::string_view help = {}) {
  expect_one_in_rule("{allow: ssh, from: '" + text + "'}", code, "'" + text + "'", message, help);
}

template <class T>
T service(std::string_view text) {
  CAPTURE(text);
  const auto expr = parse_service(text);
  REQUIRE(expr.has_value());
  REQUIRE(std::holds_alternative<T>(expr->value));
  return std::get<T>(expr->value);
}

TEST_CASE("services in every form") {
  service<ServiceExpr::Any>("any");
  CHECK(service<ServiceExpr::Ports>("80/tcp").protocol == protocols::tcp);
  CHECK(service<ServiceExpr::Ports>("8080-8090/sctp").ports == Interval<std::uint16_t>{8080, 8090});
  CHECK(service<ServiceExpr::Number>("80").ports == Interval<std::uint16_t>{80, 80});
  CHECK(service<ServiceExpr::Number>("1-65535").ports == Interval<std::uint16_t>{1, 65535});
  CHECK(service<ServiceExpr::Name>("postgresql").text == "postgresql");
  CHECK(service<ServiceExpr::Icmp>("icmp").types.is_all());
  CHECK(service<ServiceExpr::Icmp>("icmp/echo-request").types == IcmpSet::of({0x800, 0x8FF}));
  CHECK(service<ServiceExpr::Icmp>("icmp/8").types == IcmpSet::of({0x800, 0x8FF}));
  CHECK(service<ServiceExpr::Icmp>("icmp/3:4").types == IcmpSet::of({0x304, 0x304}));
  CHECK(service<ServiceExpr::Icmp>("icmpv6/packet-too-big").types == IcmpSet::of({0x200, 0x2FF}));
  CHECK(service<ServiceExpr::Icmp>("protocol 58").protocol == protocols::icmpv6);
  CHECK(service<ServiceExpr::Bare>("tcp").protocol == protocols::tcp);
  CHECK(service<ServiceExpr::Bare>("gre").protocol == protocols::gre);
  CHECK(service<ServiceExpr::Bare>("protocol 50").protocol == protocols::esp);
}

TEST_CASE("services that are wrong are refused with what was meant") {
  expect_bad_service("0/tcp", Code::bad_port, "port 0", "1 to 65535");
  expect_bad_service("0", Code::bad_port, "port 0", "1 to 65535");
  expect_bad_service("0-80/tcp", Code::bad_port, "port 0", "1 to 65535");
  expect_bad_service("080/tcp", Code::bad_port, "leading zero", "`80`");
  expect_bad_service("0x50/tcp", Code::bad_port, "`0x50`", "decimal");
  expect_bad_service("0x50", Code::bad_port, "`0x50`", "decimal");
  expect_bad_service("70000/tcp", Code::bad_port, "`70000`", "65535");
  expect_bad_service("99999999999999999999", Code::bad_port, "not a port", "65535");
  expect_bad_service("90-80/tcp", Code::bad_port, "ends before it begins", "`80-90`");
  expect_bad_service("80 - 90/tcp", Code::bad_port, "not a range", "`80-90`");
  expect_bad_service("80:90/udp", Code::bad_port, "not a range", "`80-90`");
  expect_bad_service("80-", Code::bad_port, "`80-` is not a range of ports", "`8080-8090`");
  expect_bad_service("-80", Code::bad_port, "`-80` is not a range of ports", "`8080-8090`");
  expect_bad_service("80,443", Code::bad_port, "not a port", "[80, 443]");
  expect_bad_service("tcp/80", Code::bad_service, "stands before the protocol", "`80/tcp`");
  expect_bad_service("80/http", Code::bad_service, "a service, not a protocol", "`http`");
  expect_bad_service("80/TCP", Code::bad_service, "`TCP`", "`80/tcp`");
  expect_bad_service("80/tpc", Code::bad_service, "`tpc`", "`80/tcp`");
  expect_bad_service("80/esp", Code::bad_service, "`esp` has no ports", "just `esp`");
  expect_bad_service("ssh/tcp", Code::bad_service, "`ssh`", "`22/tcp`");
  expect_bad_service("esp/5", Code::bad_service, "`esp` has no ports", "`esp`");
  expect_bad_service("icmp/echo-requst", Code::bad_icmp, "not a type of icmp", "`echo-request`");
  expect_bad_service("icmp/300", Code::bad_icmp, "`300`", "0 to 255");
  expect_bad_service("icmp/3:x", Code::bad_icmp, "`x`", "0 to 255");
  expect_bad_service("protocol 300", Code::bad_service, "`300`", "0 to 255");
  expect_bad_service("*", Code::bad_service, "`*`", "`any`");
  expect_bad_service("all", Code::bad_service, "`all`", "`any`");
  expect_bad_service("http https", Code::bad_service, "not a service", "list");
  expect_bad_service("", Code::empty_value, "empty", "");
  expect_one_in_rule("{allow: [ssh, [http]]}", Code::wrong_kind, "[http]", "takes services, not a list");
  expect_one_in_rule("{allow: []}", Code::empty_value, "[]", "empty");
  expect_one_in_rule("{allow: [ssh,,http]}", Code::empty_value, ",", "an item of the list after `allow` is empty");
}

TEST_CASE("networks that are wrong are refused with what was meant") {
  expect_bad_network("10.1.2.3/8", Code::host_bits, "host bits", "`10.0.0.0/8`");
  expect_bad_network("fd00::1/8", Code::host_bits, "host bits", "`fd00::/8`");
  expect_bad_network("10.0.0.300", Code::bad_address, "`10.0.0.300`");
  expect_bad_network("10.0.0", Code::bad_address, "`10.0.0`");
  expect_bad_network("10.0.0.010", Code::bad_address, "leading zero");
  expect_bad_network("10.0.0.0/33", Code::bad_address, "0 to 32");
  expect_bad_network("10.0.0.0/255.0.0.0", Code::bad_address, "not a network", "`10.0.0.0/8`");
  expect_bad_network("10.0.0.9-10.0.0.1", Code::bad_address, "ends before");
  expect_bad_network("10.0.0.1 - 10.0.0.9", Code::bad_address, "not a network", "without spaces");
  expect_bad_network("10.0.0.1, 10.0.0.2", Code::bad_address, "not a network", "list");
  expect_bad_network("fe80::1%eth0", Code::bad_address, "zone");
  expect_bad_network("*", Code::bad_address, "neither", "`any`");
  expect_bad_network("a b", Code::bad_address, "neither", "list");
  expect_bad_network("", Code::empty_value, "empty");
  expect_one_in_rule("{allow: ssh, from: [a, [b, 1.2.3.4/8]]}", Code::host_bits, "1.2.3.4/8", "host bits");
  expect_one_in_rule("{allow: ssh, from: {except: a}}", Code::missing_key, "{except: a}", "`any`");
  expect_one_in_rule("{allow: ssh, from: {any: a, but: b}}", Code::unknown_key, "but", "a network", "`except`");
  expect_one_in_rule("{allow: ssh, from: {file: a, any: b}}", Code::keys_together, "any", "beside `file`");
  expect_one_in_rule("{allow: ssh, from: {any: []}}", Code::empty_value, "[]", "empty");
}

TEST_CASE("interfaces that are wrong are refused") {
  expect_one_in_rule("{allow: ssh, in: 'a/b'}", Code::bad_interface, "'a/b'", "`a/b`");
  expect_one_in_rule("{allow: ssh, in: 'br*0'}", Code::bad_interface, "'br*0'", "`*`");
  expect_one_in_rule("{allow: ssh, in: 'eth0, eth1'}", Code::bad_interface, "'eth0, eth1'", "", "list");
  expect_one_in_rule("{allow: ssh, in: {except: a}}", Code::missing_key, "{except: a}", "`any`");
  CHECK(Loaded("portpolicy: 1\ninbound: [{allow: ssh, in: {any: '*', except: [eth0, lan]}}]\n").findings.empty());
}

TEST_CASE("definitions keep their names and places") {
  const Loaded loaded(
      "portpolicy: 1\nnetworks:\n  office: 203.0.113.0/24\n  mixed: [office, fd00::/8]\nservices:\n  app: "
      "8080-8090/tcp\n"
      "  logs: [514/udp, 6514/tcp]\ninterfaces:\n  lan: [eth1, \"br-*\"]\n");
  REQUIRE(loaded.findings.empty());
  CHECK(loaded.top().networks[0].name.value == "office");
  CHECK(loaded.at(loaded.top().networks[0].name.where) == "office");
  CHECK(loaded.at(loaded.top().networks[1].value.where) == "[office, fd00::/8]");
  CHECK(loaded.top().services[1].value.size() == 2);
  CHECK(loaded.top().interfaces.size() == 1);
}

TEST_CASE("a defined name must not mean something else already") {
  expect_one("portpolicy: 1\nnetworks: {internet: 10.0.0.0/8}\n", Code::builtin_redefined, "internet", "built-in");
  expect_one("portpolicy: 1\nnetworks: {10.0.0.1: 10.0.0.0/8}\n", Code::bad_name, "10.0.0.1", "reads as an address");
  expect_one("portpolicy: 1\nnetworks: {'fd00::/8': 10.0.0.0/8}\n", Code::bad_name, "'fd00::/8'",
             "reads as an address");
  expect_one("portpolicy: 1\nnetworks: {-a: 10.0.0.0/8}\n", Code::bad_name, "-a", "cannot be a name");
  for (const std::string name : {"80", "tcp", "any", "80-90", "icmp"}) {
    expect_one("portpolicy: 1\nservices: {" + name + ": 80/tcp}\n", Code::bad_name, name, "already means");
  }
  for (const std::string name : {"1e3", "0x10", "0o17", "true", "FALSE"}) {
    CAPTURE(name);
    expect_one("portpolicy: 1\nnetworks: {" + name + ": 10.0.0.0/8}\n", Code::bad_name, name, "reads as a number");
    expect_one("portpolicy: 1\nservices: {" + name + ": 80/tcp}\n", Code::bad_name, name, "already means");
    expect_one_in_rule("{allow: " + name + "}", name == "0x10" ? Code::bad_port : Code::bad_service, name, "not a");
    expect_one_in_rule("{allow: ssh, from: " + name + "}", Code::bad_address, name, "neither an address nor a name");
  }
  CHECK(Loaded("portpolicy: 1\nnetworks: {1e: 10.0.0.0/8, 0b1: 10.0.0.0/8, nan: 10.0.0.0/8}\n").findings.empty());
  expect_one("portpolicy: 1\nservices: {80/tcp: 80/tcp}\n", Code::bad_name, "80/tcp", "cannot be a name");
  CHECK(Loaded("portpolicy: 1\ninterfaces: {eth0: eth1, any: eth2}\n").findings.empty());
}

}  // namespace
}  // namespace portpolicy::test
