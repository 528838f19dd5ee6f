#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "backends/nftables/read.h"
#include "compiler/filter/meaning.h"
#include "tests/host/support/network.h"
#include "tests/host/support/policed.h"
#include "tests/support/random_filter.h"
#include "tests/support/shapes.h"

namespace portpolicy::host_tests {
namespace {

nft::Reading read(const std::string& script) {
  SourceMap sources;
  Diagnostics diagnostics;
  const FileId file = sources.add("script", script);
  std::optional<nft::Reading> reading = nft::read(sources.text(file), file, diagnostics);
  std::string findings;
  for (const Diagnostic& finding : diagnostics.all()) findings += finding.message + "\n";
  REQUIRE_MESSAGE(reading, findings);
  return *reading;
}

/// A packet that two filters decide differently, or may.
std::string difference(const filter::Filter& one, const filter::Filter& other) {
  const std::array both{&one, &other};
  const filter::Tracked tracked{both};
  const InterfaceClasses interfaces = filter::interface_classes(both);
  PacketSpace space(interfaces, field_orders[0]);
  for (const Direction direction : directions)
    for (const filter::LimitWorld limits : {filter::LimitWorld::hold, filter::LimitWorld::exhausted}) {
      const auto left = filter::meaning(one, direction, space, limits, tracked);
      const auto right = filter::meaning(other, direction, space, limits, tracked);
      REQUIRE(left.has_value());
      REQUIRE(right.has_value());
      if (const auto found = filter::difference(space, tracked, *left, *right, direction))
        return to_string(found->packet);
    }
  return {};
}

}  // namespace

TEST_CASE("what the kernel holds of each example is read as the script was") {
  unsigned compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PORTPOLICY_SOURCE_DIR "/examples")) {
    const std::filesystem::path path = entry.path() / "expected/nftables.nft";
    if (!std::filesystem::exists(path)) continue;
    INFO(path.string());
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    const std::string script = text.str();
    const Result<Network> network = Network::make();
    REQUIRE(network.has_value());
    nft(script);
    const std::string apart = difference(read(script).filter, read(nft_list()).filter);
    CHECK(apart.empty());
    ++compared;
  }
  CHECK(compared > 10);
}

TEST_CASE("what the kernel holds of rules for one family is read as the script was, in every shape") {
  for (const nft::Options& options : test::every_shape()) {
    const Result<Artifact> artifact = compile_text(
        "portpolicy: 1\ninbound:\n  - {reject: 22/tcp, from: 0.0.0.0/0}\n  - {reject: 23/tcp, from: \"::/0\", log: "
        "true}\n"
        "  - {reject: [24/tcp, 24/udp], from: \"::/0\"}\n  - {deny: 25/tcp, from: 0.0.0.0/0}\n  - {reject: any, from: "
        "0.0.0.0/0}\n"
        "  - {allow: 26/tcp, limit: 5/minute}\noutbound:\n  - {reject: 27/tcp, to: \"::/0\"}\n",
        options);
    if (!artifact) FAIL(artifact.error().message);
    INFO(test::said(options), "\n", artifact->script);
    const Result<Network> network = Network::make();
    REQUIRE(network.has_value());
    nft(artifact->script);
    INFO(nft_list());
    CHECK(difference(read(artifact->script).filter, read(nft_list()).filter) == "");
  }
}

TEST_CASE("what the kernel holds of random filters is read as the script was, in every shape") {
  const std::vector<nft::Options> shapes = test::every_shape();
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    test::RandomFilters random(seed);
    const nft::Options& options = shapes[seed % shapes.size()];
    Diagnostics diagnostics;
    const std::string script =
        nft::print(nft::lower(random.filter(), options, diagnostics), {"0", "policy.yaml", "0", "2026-11-22"});
    REQUIRE_FALSE(diagnostics.has_errors());
    INFO("seed ", seed, ", ", test::said(options), "\n", script);
    const Result<Network> network = Network::make();
    REQUIRE(network.has_value());
    nft(script);
    INFO(nft_list());
    CHECK(difference(read(script).filter, read(nft_list()).filter) == "");
  }
}

TEST_CASE("of two chains with one priority, packets come first to the one that was added last") {
  const std::string script =
      "table inet t {\n"
      "  chain one {\n    type filter hook output priority 0;\n    udp dport 9 counter reject\n  }\n"
      "  chain two {\n    type filter hook output priority 0;\n    udp dport 9 counter drop\n  }\n"
      "}\n";
  Packet packet;
  packet.direction = Direction::outbound;
  packet.source = packet.destination = *Address::parse("127.0.0.1");
  packet.protocol = protocols::udp;
  packet.destination_port = Port(9);
  const Result<Network> network = Network::make();
  REQUIRE(network.has_value());
  ip("-4", "link set lo up\n");
  nft(script);
  const int sender = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sendto(sender, "x", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  close(sender);
  const std::string held = nft_list();
  CHECK(held.contains("counter packets 1 bytes 29 drop"));
  CHECK(held.contains("counter packets 0 bytes 0 reject"));
  CHECK(filter::evaluate(read(script).filter, packet, false).verdict == Verdict::deny);
}

}  // namespace portpolicy::host_tests
