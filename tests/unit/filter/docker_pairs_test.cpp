#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/iptables/read.h"
#include "backends/nftables/read.h"
#include "compiler/filter/meaning.h"

// What one Docker daemon with the same options writes in both languages, read by two readers that share nothing, and
// compared for every IPv4 packet. The dumps are not part of the project: PORTPOLICY_CORPUS names the folder that has them, as
// `iptables-save/docker-bridge-N.v4.save` and `nft/docker-bridge-N.nft`.

using namespace portpolicy;
using filter::Filter;
namespace fs = std::filesystem;

namespace {

std::optional<fs::path> named_corpus() {
  if (const char* named = std::getenv("PORTPOLICY_CORPUS")) return fs::path(named);
  std::fputs("SKIPPED: PORTPOLICY_CORPUS names no folder; what Docker writes in two languages was not compared\n",
             stderr);
  return std::nullopt;
}
const std::optional<fs::path>& corpus() {
  static const std::optional<fs::path> named = named_corpus();
  return named;
}

std::string text_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  CAPTURE(path.string());
  REQUIRE_FALSE(text.empty());
  return text;
}

/// Rules of one language, and the line that each one stands in.
struct Side {
  SourceMap sources;
  Filter filter;

  std::string line_of(std::optional<std::uint32_t> origin) const {
    if (!origin) return "nothing";
    const Span where = filter.origins[*origin].where;
    const std::string_view line = sources.line(where.file, sources.begin(where).line);
    const std::string_view white = " \t";
    return std::string(line.substr(std::min(line.find_first_not_of(white), line.size())));
  }
};

Side of_iptables(std::string text) {
  Side side;
  const FileId file = side.sources.add("save", std::move(text));
  Diagnostics diagnostics;
  const std::array inputs{iptables::Input{file, side.sources.text(file), Family::ipv4}};
  auto reading = iptables::read(inputs, diagnostics);
  REQUIRE(reading);
  side.filter = std::move(reading->filter);
  for (std::size_t direction = 0; direction < directions.size(); ++direction)
    if (!reading->managed[direction]) side.filter.hooks[direction].reset();
  return side;
}

Side of_nft(std::string text) {
  Side side;
  const FileId file = side.sources.add("nft", std::move(text));
  Diagnostics diagnostics;
  auto reading = nft::read(side.sources.text(file), file, diagnostics);
  REQUIRE(reading);
  side.filter = std::move(reading->filter);
  return side;
}

/// The filter, but it rejects what these rules decide, and allows everything else.
Filter decided_by(Filter filter, Direction direction, std::optional<std::uint32_t> origin) {
  const auto marked = [&](bool mark) { return mark ? Verdict::reject : Verdict::allow; };
  for (filter::Chain& chain : filter.chains)
    for (filter::Rule& rule : chain.rules)
      if (std::holds_alternative<Verdict>(rule.action)) rule.action = marked(origin == rule.origin);
  filter.hooks[static_cast<std::size_t>(direction)]->otherwise = marked(!origin);
  return filter;
}

/// One direction of both. Differences are packets with the rules that decide them, one for each two rules that disagree.
class Comparison {
 public:
  Comparison(const Side& iptables, const Side& nft, Direction direction)
      : iptables_(iptables),
        nft_(nft),
        direction_(direction),
        filters_{&iptables.filter, &nft.filter},
        interfaces_(filter::interface_classes(filters_)),
        tracked_(filters_),
        space_(interfaces_, field_orders[0]) {}

  /// Whether rules of both deny anything.
  bool both_deny() {
    return std::ranges::all_of(
        filters_, [&](const Filter* filter) { return meaning(*filter).takes(filter::bit(Verdict::deny)); });
  }

  std::vector<std::string> differences() {
    Box v4;
    v4.source = AddressSet::all(Family::ipv4);
    const Diagram asked = space_.of(v4, 1);
    const Diagram one = meaning(iptables_.filter), other = meaning(nft_.filter);
    // With every condition tracked and without a limit nothing is left open.
    Diagram differing = space_.diagrams.within(filter::surely_different(space_, one, other), asked);
    CHECK(space_.diagrams.within(filter::perhaps_different(space_, one, other), asked) == differing);
    std::vector<std::string> told;
    constexpr std::size_t most = 20;
    while (differing.takes(1) && told.size() < most) differing = without(differing, tell(differing, told));
    return told;
  }

 private:
  using Deciding = std::array<std::optional<std::uint32_t>, 2>;

  Diagram meaning(const Filter& filter) {
    return filter::meaning(filter, direction_, space_, filter::LimitWorld::hold, tracked_).value();
  }
  Deciding tell(const Diagram& differing, std::vector<std::string>& told);
  Diagram without(const Diagram& differing, const Deciding& deciding);

  const Side& iptables_;
  const Side& nft_;
  Direction direction_;
  std::array<const Filter*, 2> filters_;
  InterfaceClasses interfaces_;
  filter::Tracked tracked_;
  PacketSpace space_;
};

Comparison::Deciding Comparison::tell(const Diagram& differing, std::vector<std::string>& told) {
  PacketSpace::Beyond beyond;
  const Packet packet = space_.example(differing, only(1), direction_, &beyond);
  std::string text = to_string(packet);
  for (const auto& [level, holds] : beyond) text += (holds ? " if " : " unless ") + tracked_.at(level).text;
  Deciding deciding;
  for (const Side* side : {&iptables_, &nft_}) {
    filter::OpaqueTruths truths;
    for (const std::string& opaque : side->filter.opaques) {
      const auto found = beyond.find(*tracked_.level(opaque));
      truths.push_back(found != beyond.end() && found->second);
    }
    const filter::Outcome outcome = filter::evaluate(side->filter, packet, false, truths);
    deciding[side == &nft_ ? 1 : 0] = outcome.origin;
    text += "\n" + std::string(to_string(*outcome.verdict)) + ": " + side->line_of(outcome.origin);
  }
  told.push_back(std::move(text));
  return deciding;
}

Diagram Comparison::without(const Diagram& differing, const Deciding& deciding) {
  Diagram same = space_.diagrams.constant(1);
  for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
    const Diagram map = meaning(decided_by(*filters_[side], direction_, deciding[side]));
    same = space_.diagrams.within(same, space_.diagrams.where(map, only(filter::bit(Verdict::reject))));
  }
  constexpr Value outside = 2;
  NewValues to_outside{};
  to_outside[1] = outside;
  return space_.diagrams.where(space_.diagrams.over(space_.diagrams.renamed(same, to_outside), differing), only(1));
}

struct Pair {
  std::string iptables_text, nft_text;
  Side iptables, nft;
};

Pair read_pair(int number) {
  const std::string name = "docker-bridge-" + std::to_string(number);
  std::string iptables = text_of(*corpus() / "iptables-save" / (name + ".v4.save"));
  std::string nft = text_of(*corpus() / "nft" / (name + ".nft"));
  return {iptables, nft, of_iptables(iptables), of_nft(nft)};
}

std::vector<std::string> differences(const Pair& pair, Direction direction) {
  return Comparison(pair.iptables, pair.nft, direction).differences();
}

/// Directions that both manage; no pair has one that only one of them does.
std::vector<Direction> managed(const Pair& pair) {
  std::vector<Direction> result;
  for (const Direction direction : directions) {
    const auto index = static_cast<std::size_t>(direction);
    CHECK(pair.iptables.filter.hooks[index].has_value() == pair.nft.filter.hooks[index].has_value());
    if (pair.nft.filter.hooks[index]) result.push_back(direction);
  }
  return result;
}

std::string between(const std::string& text, std::string_view begin, std::string_view end) {
  const std::size_t from = text.find(begin);
  REQUIRE(from != std::string::npos);
  return text.substr(from, text.find(end, from) + end.size() - from);
}

std::string replaced(std::string text, std::string_view before, std::string_view after) {
  for (std::size_t at = text.find(before); at != std::string::npos; at = text.find(before, at + after.size()))
    text.replace(at, before.size(), after);
  return text;
}

/// What both do before connections are tracked, as if they did it where packets are forwarded.
std::pair<Side, Side> raw_made_forward(const Pair& pair) {
  const std::string table = replaced(between(pair.iptables_text, "*raw\n", "COMMIT\n"), "*raw", "*filter");
  const std::string chain = between(pair.nft_text, "\tchain raw-PREROUTING {", "\t}\n");
  return {of_iptables(replaced(table, "PREROUTING", "FORWARD")),
          of_nft("table ip t {\n" + replaced(chain, "hook prerouting priority raw", "hook forward priority filter") +
                 "}\n")};
}

const std::vector<Direction> forwarded{Direction::forward}, coming_in{Direction::inbound, Direction::forward};

}  // namespace

// 1: a port is published, 3: the same on 127.0.0.1, with routed containers and hairpin. Both backends drop in raw PREROUTING:
// what comes for the container's own address by another interface, or for 127.0.0.1 by another one than lo. That hook is
// before the translation of addresses, so both readers leave it open whether it drops a packet, each with a name of its own.
TEST_CASE("Docker with iptables and with nftables: published ports") {
  if (!corpus()) return;
  for (const int number : {1, 3}) {
    CAPTURE(number);
    Pair pair = read_pair(number);
    CHECK(managed(pair) == coming_in);
    REQUIRE(pair.iptables.filter.opaques.size() == 1);
    REQUIRE(pair.nft.filter.opaques.size() == 1);
    CHECK(pair.iptables.filter.opaques[0].starts_with("`-A PREROUTING -d "));
    CHECK(pair.nft.filter.opaques[0].starts_with("what the chain `raw-PREROUTING` drops"));
    for (const Direction direction : coming_in)
      for (const std::string& difference : differences(pair, direction)) {
        CAPTURE(difference);
        // One of the two names is true and the other is not.
        CHECK(difference.contains(" if "));
        CHECK(difference.contains(" unless "));
      }
    // But the rules behind the names are the same,
    const auto [iptables, nft] = raw_made_forward(pair);
    Comparison raw(iptables, nft, Direction::forward);
    CHECK(raw.both_deny());
    CHECK(raw.differences().empty());
    // and where they drop the same packets, everything is.
    pair.iptables.filter.opaques = pair.nft.filter.opaques = {"dropped in raw PREROUTING"};
    for (const Direction direction : coming_in) CHECK(differences(pair, direction).empty());
  }
}

// 2: a network that is internal, and whose containers may not talk to each other. iptables tells by addresses
// what belongs to the network, nftables by the bridge; and nftables lets answers pass before it asks.
TEST_CASE("Docker with iptables and with nftables: an internal network") {
  if (!corpus()) return;
  const Pair pair = read_pair(2);
  CHECK(managed(pair) == forwarded);
  const std::vector<std::string> expected{
      // From outside to the bridge, with a source that pretends to be of the network: only nftables drops it.
      "tcp 192.168.0.1:40000 -> 192.0.2.1:443 out br-dummy\n"
      "allow: :FORWARD ACCEPT [0:0]\n"
      "deny: iifname != \"br-dummy\" counter packets 0 bytes 0 drop comment \"INTERNAL NETWORK INGRESS\"",
      // From outside to the bridge, of a connection that is open already: only iptables drops it.
      "tcp 198.51.100.7:40000 -> 192.0.2.1:443 out br-dummy (established)\n"
      "deny: -A DOCKER-INTERNAL ! -s 192.168.0.0/24 -o br-dummy -j DROP\n"
      "allow: ct state established,related counter packets 0 bytes 0 accept",
      // From the bridge to elsewhere, to an address of the network: only nftables drops it.
      "tcp 198.51.100.7:40000 -> 192.168.0.1:443 in br-dummy\n"
      "allow: :FORWARD ACCEPT [0:0]\n"
      "deny: oifname != \"br-dummy\" counter packets 0 bytes 0 drop comment \"INTERNAL NETWORK EGRESS\"",
      // From the bridge to elsewhere, of a connection that is open already: only iptables drops it.
      "tcp 198.51.100.7:40000 -> 192.0.2.1:443 in br-dummy (established)\n"
      "deny: -A DOCKER-INTERNAL ! -d 192.168.0.0/24 -i br-dummy -j DROP\n"
      "allow: ct state established,related counter packets 0 bytes 0 accept",
      // The same inside of the bridge, with an address that is not of the network.
      "tcp 192.168.0.1:40000 -> 192.0.2.1:443 in br-dummy out br-dummy (established)\n"
      "deny: -A DOCKER-INTERNAL ! -d 192.168.0.0/24 -i br-dummy -j DROP\n"
      "allow: ct state established,related counter packets 0 bytes 0 accept",
      // From container to container (icc=false), of a connection that is open already: only iptables drops it.
      "tcp 192.168.0.1:40000 -> 192.168.0.1:443 in br-dummy out br-dummy (established)\n"
      "deny: -A DOCKER-FORWARD -i br-dummy -o br-dummy -j DROP\n"
      "allow: ct state established,related counter packets 0 bytes 0 accept",
  };
  CHECK(differences(pair, Direction::forward) == expected);
}

// 4: a network that is open to others (nat-unprotected), whose containers may not talk to each other. Nothing is dropped in
// raw PREROUTING, and the rules that forward do the same with every packet.
TEST_CASE("Docker with iptables and with nftables: an unprotected network") {
  if (!corpus()) return;
  const Pair pair = read_pair(4);
  CHECK(managed(pair) == forwarded);
  CHECK(Comparison(pair.iptables, pair.nft, Direction::forward).both_deny());
  CHECK(differences(pair, Direction::forward).empty());
}
