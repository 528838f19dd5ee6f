#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "backends/nftables/lower.h"
#include "backends/nftables/prefix_search.h"
#include "backends/nftables/print.h"
#include "tests/support/filter_builder.h"

using namespace portpolicy;
using namespace portpolicy::filter_test;
using namespace portpolicy::protocols;

namespace {

/// The tables of the script.
std::string tables(const filter::Filter& filter, const nft::Options& options) {
  Diagnostics diagnostics;
  const std::string script = print(nft::lower(filter, options, diagnostics), {"0", "p", "0", "0"});
  CHECK_FALSE(diagnostics.has_errors());
  return script.substr(script.find("\ntable "));
}

std::string fast(const filter::Filter& filter) {
  return tables(filter, {nft::Optimize::fast, false, {}});
}

std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// Each for everybody.
void add_ports(FilterBuilder& b, std::initializer_list<std::uint16_t> numbers) {
  for (const std::uint16_t port : numbers) b.add({protocol({tcp}), dport(port)}, Verdict::allow);
}

/// `10.0.0.0/24`, `10.0.1.0/24`, ... with gaps, each to a port of its own.
void add_networks(FilterBuilder& b, unsigned number, Verdict verdict = Verdict::allow, unsigned length = 24) {
  for (unsigned i = 0; i < number; ++i) {
    const std::string network = "10." + std::to_string(i / 128) + "." + std::to_string(i % 128 * 2) + ".0/";
    const auto port = static_cast<std::uint16_t>(1000 + i);
    const auto place = "p.yaml:" + std::to_string(i);
    b.add({b.from({network + std::to_string(length)}), protocol({tcp}), dport(port)}, verdict, "r", place);
  }
}

}  // namespace

TEST_CASE("a port for everybody costs one look at the ports, whatever the others are") {
  FilterBuilder b;
  add_ports(b, {2, 4, 6, 8, 10, 12, 14, 16});
  CHECK(count(fast(b.filter), "tcp dport { 2, 4, 6, 8, 10, 12, 14, 16 } accept") == 2);
  b.add({protocol({udp}), dport(7)}, Verdict::reject);
  b.add({protocol({tcp}), dport(7)}, Verdict::reject);
  const std::string text = fast(b.filter);
  CHECK(text.find("meta l4proto . th dport vmap { tcp . 2 : accept") != std::string::npos);
  CHECK(text.find("tcp . 7 : goto reject_with_reset") != std::string::npos);
  CHECK(text.find("udp . 7 : goto reject_with_error") != std::string::npos);
}

TEST_CASE("ports that follow each other do not make a range of the set") {
  FilterBuilder b;
  add_ports(b, {1, 2, 3, 7, 9, 11});
  CHECK(fast(b.filter).find("{ tcp . 1, tcp . 2, tcp . 3, tcp . 7, tcp . 9, tcp . 11 } accept") != std::string::npos);
}

TEST_CASE("few networks are one interval set, many a hash for each length") {
  FilterBuilder few;
  add_networks(few, 100);
  const std::string text = fast(few.filter);
  CHECK(count(text, " accept comment") == 1);
  CHECK(text.find("ip saddr & 255.255.255.0 . meta l4proto . th dport @accept_inbound_by24_4 accept comment "
                  "\"100 rules, p.yaml:0-99\"") != std::string::npos);
  FilterBuilder mixed;
  for (const unsigned length : {24u, 25u, 26u, 27u}) add_networks(mixed, 100, Verdict::allow, length);
  // Each lies in the one before, so that it is gone.
  CHECK(fast(mixed.filter).find("@accept_inbound_by24_4 accept comment \"400 rules") != std::string::npos);
  FilterBuilder ranges;
  for (unsigned i = 0; i < 100; ++i) {
    const std::string network = "10.0." + std::to_string(i) + ".";
    ranges.add({ranges.from({network + "1-" + network + "201"}), protocol({tcp}), dport(22)}, Verdict::allow);
  }
  CHECK(fast(ranges.filter).find("10.0.7.1-10.0.7.201 . tcp . 22") != std::string::npos);
}

TEST_CASE("what is denied within what is allowed is one map") {
  FilterBuilder b;
  add_networks(b, 60, Verdict::deny, 28);
  add_networks(b, 60, Verdict::allow, 24);
  const std::string text = fast(b.filter);
  INFO(text);
  CHECK(text.find("10.0.2.0/28 . tcp . 1001 : drop") != std::string::npos);
  CHECK(text.find("10.0.2.16-10.0.2.255 . tcp . 1001 : accept") != std::string::npos);
  CHECK(text.find(" comment \"120 rules, p.yaml:0-59\"") != std::string::npos);
}

TEST_CASE("the rest of a port stands behind its exceptions") {
  FilterBuilder b;
  add_networks(b, 40, Verdict::deny);
  for (unsigned i = 0; i < 40; ++i) add_ports(b, {static_cast<std::uint16_t>(1000 + i)});
  const std::string text = fast(b.filter);
  const std::size_t exceptions = text.find("@drop_inbound"), rest = text.find("@accept_inbound_rest");
  REQUIRE(exceptions != std::string::npos);
  REQUIRE(rest != std::string::npos);
  CHECK(exceptions < rest);
}

TEST_CASE("a rule that logs or is limited keeps its place") {
  FilterBuilder b;
  add_networks(b, 50);
  b.add({b.from({"10.0.0.0/8"}), protocol({tcp}), dport(1003)}, Verdict::allow, "logged").log = filter::Log{};
  for (unsigned i = 0; i < 50; ++i) {
    const auto port = static_cast<std::uint16_t>(1000 + i);
    b.add({b.from({"172.16.0.0/12"}), protocol({tcp}), dport(port)}, Verdict::deny, "late");
  }
  const std::string text = fast(b.filter);
  // The late ones are for addresses that no logged packet comes from, so they may go first.
  const std::size_t together = text.find("comment \"100 rules"), logged = text.find("goto log_logged");
  CHECK(together < logged);
  INFO(text);
  CHECK(text.find("\"late\"", logged) == std::string::npos);
  b.add({b.from({"10.9.0.0/16"}), protocol({tcp}), dport(1003)}, Verdict::deny, "behind");
  const std::string behind = fast(b.filter);
  CHECK(behind.find("\"behind\"") != std::string::npos);
  CHECK(behind.find("\"behind\"") > behind.find("goto log_logged"));
}

TEST_CASE("a bucket for both families keeps them in one table, a bucket of one does not") {
  FilterBuilder b;
  add_networks(b, 50);
  b.add({protocol({tcp}), dport(22)}, Verdict::allow, "ssh").limit = b.limit("ssh", "1/minute");
  const std::string shared = fast(b.filter);
  CHECK(count(shared, "table inet portpolicy {") == 1);
  CHECK(count(shared, "\nlimit ") + count(shared, "\tlimit limit_ssh {") == 1);
  CHECK(count(shared, "meta nfproto ipv4 jump inbound_4") == 1);
  CHECK(count(shared, "limit name \"limit_ssh\"") == 2);
  b.filter.chains[0].rules.back().all_of.push_back(b.from({"10.0.0.0/8"}));
  const std::string apart = fast(b.filter);
  CHECK(count(apart, "table inet portpolicy {") == 0);
  CHECK(count(apart, "limit name \"limit_ssh\"") == 1);
  b.filter.chains[0].rules.back().all_of.pop_back();
  b.filter.limits[0].limit.per_source = true;
  CHECK(count(fast(b.filter), "table inet portpolicy {") == 0);
}

TEST_CASE("connections that are there go first, where that changes nothing") {
  FilterBuilder b;
  b.add({filter::InterfaceIn{interfaces({"lo"})}}, Verdict::allow);
  b.add({filter::StateIn{StateSet::of(State::established)}}, Verdict::allow);
  const std::string text = fast(b.filter);
  CHECK(text.find("ct state") < text.find("iifname"));
  b.filter.chains[0].rules[0].action = Verdict::deny;
  const std::string denied = fast(b.filter);
  CHECK(denied.find("ct state") > denied.find("iifname"));
}

TEST_CASE("auto is readable for few rules and fast for many") {
  const auto automatic = [](unsigned rules, bool counters) {
    FilterBuilder b;
    add_networks(b, rules);
    return tables(b.filter, {nft::Optimize::automatic, counters, {}});
  };
  CHECK(automatic(20, false).find("table inet") != std::string::npos);
  CHECK(automatic(100, false).find("table inet") == std::string::npos);
}

TEST_CASE("with counters each rule is a line with one") {
  FilterBuilder b;
  add_networks(b, 100);
  for (const nft::Optimize optimize : {nft::Optimize::readable, nft::Optimize::fast, nft::Optimize::automatic}) {
    const std::string text = tables(b.filter, {optimize, true, {}});
    CHECK(count(text, "counter accept comment \"r p.yaml:") == 100);
  }
}

TEST_CASE("a search among prefixes asks the most numerous first and tells by a marker whether to go on") {
  nft::PrefixLengths lengths(Family::ipv4);
  const auto add = [&](int length, unsigned number) {
    for (unsigned i = 0; i < number; ++i) {
      const Uint128 first = Uint128{i} << (32 - length);
      lengths.add({first, first + (Uint128{1} << (32 - length)) - 1});
    }
  };
  add(24, 200);
  CHECK(nft::plan_search(lengths, {}).steps.size() == 1);
  for (const int length : {17, 19, 21, 26, 28, 30, 32}) add(length, 20);
  const nft::Search search = nft::plan_search(lengths, {});
  REQUIRE(search.steps.size() > 1);
  CHECK(search.steps.front().length == 24);
  CHECK_FALSE(search.steps.front().longer.empty());
  std::vector<int> all = nft::lengths_of(search.steps);
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector{17, 19, 21, 24, 26, 28, 30, 32});
}

TEST_CASE("ranges of ports are looked up apart from single ports, and cut where rules differ") {
  FilterBuilder b;
  for (unsigned i = 0; i < 40; ++i) {
    const std::string network = "10.0." + std::to_string(2 * i) + ".0/24";
    b.add({b.from({network}), protocol({tcp}), filter::DestinationPortIn{ports({{2000, 2099}})}}, Verdict::allow);
    b.add({b.from({network}), protocol({tcp}), dport(2050)}, Verdict::deny);
    b.add({b.from({network}), protocol({udp}), filter::DestinationPortIn{ports({{2040, 2060}})}}, Verdict::allow);
  }
  const std::string text = fast(b.filter);
  CHECK(text.find("10.0.8.0/24 . tcp . 2000-2049") != std::string::npos);
  CHECK(text.find("10.0.8.0/24 . tcp . 2051-2099") != std::string::npos);
  CHECK(text.find("10.0.8.0/24 . udp . 2040-2060") != std::string::npos);
  CHECK(text.find("2050 : drop") == std::string::npos);
  CHECK(text.find("@accept_inbound_ranges_4") != std::string::npos);
}
