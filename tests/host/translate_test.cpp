#include "host/nftables/translate.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/host/support/samples.h"

// What a kernel could hold although nft does not make it so.

namespace portpolicy::host_tests {
namespace {

using namespace host;
using Code = HeldVerdict::Code;
using Key = LoadMeta::Key;
using By = Compare::Operator;

const Expression accept = Decide{{Code::accept, ""}};
const Expression is_v4_loaded = LoadMeta{Key::family, 0};
const Expression is_v4 = Compare{By::equal, 0, {2}};
const Expression load_protocol = LoadMeta{Key::protocol, 0};
const Expression is_tcp = Compare{By::equal, 0, {6}};

using Rules = std::vector<std::vector<Expression>>;

HeldTable table_with(const Rules& rules) {
  HeldTable table;
  table.name = "t";
  HeldChain& chain = table.chains.emplace_back();
  chain.name = "c";
  chain.hook = HeldHook{1, 0, "filter", true};
  for (const std::vector<Expression>& expressions : rules)
    chain.rules.push_back({chain.rules.size() + 1, "", expressions});
  return table;
}

filter::Filter of(const Rules& rules) {
  return translate({table_with(rules)});
}

/// The verdicts that a packet may get: letters a, d, r.
std::string possible(const filter::Filter& filter, const Packet& packet) {
  bool seen[3] = {};
  for (unsigned bits = 0; bits < 1u << filter.opaques.size(); ++bits) {
    filter::OpaqueTruths truths;
    for (std::size_t i = 0; i < filter.opaques.size(); ++i) truths.push_back((bits >> i & 1) != 0);
    seen[static_cast<std::size_t>(filter::evaluate(filter, packet, false, truths).verdict.value())] = true;
  }
  return std::string(seen[0] ? "a" : "") + (seen[1] ? "d" : "") + (seen[2] ? "r" : "");
}

const Packet web = tcp(Direction::inbound, Family::ipv4, 80);
const Packet name = udp(Direction::inbound, Family::ipv4, 53);

}  // namespace

TEST_CASE("a plain rule, for comparison") {
  const filter::Filter filter = of({{load_protocol, is_tcp, accept}});
  CHECK(filter.opaques.empty());
  CHECK(possible(filter, web) == "a");
  CHECK(possible(filter, name) == "d");
}

TEST_CASE("a verdict that is not known may be any") {
  const filter::Filter filter = of({{load_protocol, is_tcp, Decide{{Code::other, ""}}}});
  CHECK(possible(filter, web) == "adr");
  CHECK(possible(filter, name) == "d");
  CHECK(possible(of({{Decide{{Code::jump, "nowhere"}}}}), web) == "adr");
}

TEST_CASE("a chain sees the families and protocols that its callers let through") {
  const Expression jump = Decide{{Code::jump, "inner"}};
  const auto with = [&](const Rules& callers) {
    HeldTable table = table_with(callers);
    HeldChain inner{"inner", std::nullopt, {}};
    inner.rules.push_back(
        {9, "", {LoadPayload{LoadPayload::Base::transport, 2, 2, 0}, Compare{By::equal, 0, {0, 80}}, accept}});
    table.chains.push_back(inner);
    return translate({table});
  };
  const std::vector<Expression> tcp_jumps{load_protocol, is_tcp, jump};
  const std::vector<Expression> udp_jumps{load_protocol, Compare{By::equal, 0, {17}}, jump};
  const std::vector<Expression> gre_jumps{load_protocol, Compare{By::equal, 0, {47}}, jump};
  const Packet web_by_udp = udp(Direction::inbound, Family::ipv4, 80);
  CHECK(with({tcp_jumps}).opaques.empty());
  CHECK(possible(with({tcp_jumps}), web) == "a");
  CHECK(possible(with({tcp_jumps}), web_by_udp) == "d");
  CHECK(possible(with({tcp_jumps, udp_jumps}), web_by_udp) == "a");
  CHECK(possible(with({tcp_jumps, gre_jumps}), web) == "ad");
  CHECK(possible(with({{jump}}), web) == "ad");
  CHECK(with({}).opaques.empty());
}

TEST_CASE("a reset answers TCP only") {
  CHECK(possible(of({{Reject{true}}}), web) == "r");
  CHECK(possible(of({{Reject{true}}, {accept}}), name) == "d");
  CHECK(possible(of({{Reject{false}}}), name) == "r");
}

TEST_CASE("what an unknown expression left in the registers is not trusted") {
  const filter::Filter loaded = of({{load_protocol, Unknown{"new thing", false}, is_tcp, accept}});
  CHECK(possible(loaded, web) == "ad");
  CHECK(possible(loaded, name) == "ad");
  // It may have been longer than what is compared.
  const filter::Filter behind =
      of({{LoadMeta{Key::protocol, 16}, LoadOther{"labels", 0}, Compare{By::equal, 16, {6}}, accept}});
  CHECK(possible(behind, name) == "ad");
  CHECK(possible(of({{Unknown{"queue", true}, load_protocol, is_tcp, accept}}), name) == "adr");
}

TEST_CASE("registers of both sizes share their bytes") {
  const Rules rules{{is_v4_loaded, is_v4, LoadPayload{LoadPayload::Base::network, 12, 4, 16},
                     LoadPayload{LoadPayload::Base::network, 16, 4, 20},
                     Compare{By::equal, 16, {192, 0, 2, 7, 198, 51, 100, 9}}, accept}};
  const filter::Filter filter = of(rules);
  CHECK(filter.opaques.empty());
  CHECK(possible(filter, web) == "a");
  CHECK(possible(filter, to(web, "198.51.100.8")) == "d");
  CHECK(possible(filter, from(web, "192.0.2.8")) == "d");
}

TEST_CASE("registers that are not there, or hold no field, tell nothing") {
  for (const Register place : {61u, 64u, ~0u}) {
    CHECK(possible(of({{Compare{By::equal, place, {0, 0, 0, 6}}, accept}}), web) == "ad");
    CHECK(possible(of({{LoadMeta{Key::in_name, place}, Compare{By::equal, 0, {6}}, accept}}), web) == "ad");
    CHECK(possible(of({{Lookup{"s", place, false, {}}, accept}}), web) == "adr");
  }
  CHECK(possible(of({{LoadConstant{{6}, 0}, is_tcp, accept}}), web) == "ad");
  CHECK(possible(of({{load_protocol, Bitwise{0, 0, {255}, {}}, is_tcp, accept}}), web) == "ad");
}

TEST_CASE("a value that is changed is compared as it then is") {
  const auto changed = [](std::uint8_t mask, std::uint8_t flip, std::uint8_t with) {
    return of({{load_protocol, Bitwise{0, 4, {mask}, {flip}}, Compare{By::equal, 4, {with}}, accept}});
  };
  CHECK(possible(changed(0xff, 0x11, 0x17), web) == "a");
  CHECK(possible(changed(0xff, 0x11, 0x17), name) == "d");
  CHECK(possible(changed(0x0f, 0x00, 0x01), name) == "a");  // 17 & 15
  CHECK(possible(changed(0x0f, 0x00, 0x01), web) == "d");
  CHECK(possible(changed(0x0f, 0x00, 0x11), name) == "d");  // never so
}

TEST_CASE("elements that are not as they ought to be tell nothing") {
  const auto lookup = [](HeldSet set) {
    HeldTable table = table_with({{load_protocol, Lookup{"s", 0, false, {}}, accept}});
    table.sets["s"] = std::move(set);
    return possible(translate({table}), web);
  };
  HeldSet set;
  set.key_size = 1;
  set.elements = {{{6}, {}, false, false, false, {}}};
  CHECK(lookup(set) == "a");
  set.elements.front().key = {6, 0};
  CHECK(lookup(set) == "ad");
  set.elements.front() = {{6}, {5}, false, false, false, {}};
  CHECK(lookup(set) == "ad");
  set.elements.front() = {{6}, {}, true, false, false, {}};  // an end where there are no intervals
  CHECK(lookup(set) == "ad");
  set.elements.front() = {{6}, {}, false, false, true, {}};
  CHECK(lookup(set) == "ad");
  set.elements.clear();
  CHECK(lookup(set) == "d");
}

TEST_CASE("what follows a verdict map that goes on may do anything") {
  HeldTable table = table_with({{load_protocol, Lookup{"m", 0, false, {}}, accept}});
  HeldSet& map = table.sets["m"];
  map.key_size = 1;
  map.verdicts = true;
  map.elements = {{{6}, {}, false, false, false, {Code::proceed, ""}}};
  CHECK(possible(translate({table}), web) == "adr");
  map.elements.front().verdict = {Code::accept, ""};
  CHECK(possible(translate({table}), web) == "a");
  CHECK(possible(translate({table}), name) == "d");
}

TEST_CASE("two limits in one rule must both hold") {
  const HeldLimit one{1, 1, 5, false, false}, other{2, 60, 5, false, false};
  const filter::Filter filter = of({{LimitTo{one}, LimitTo{other}, accept}});
  CHECK(filter.limits.size() == 2);
  CHECK(filter::evaluate(filter, web, false).verdict == Verdict::allow);
  CHECK(filter::evaluate(filter, web, true).verdict == Verdict::deny);
}

TEST_CASE("a set whose elements share one limit cannot have two") {
  const HeldLimit one{1, 1, 5, false, false}, other{2, 60, 5, false, false};
  HeldTable table = table_with({});
  table.sets["s"].key_size = 4;
  for (const HeldLimit& limit : {one, other})
    table.chains.front().rules.push_back({1,
                                          "",
                                          {is_v4_loaded, is_v4, LoadPayload{LoadPayload::Base::network, 12, 4, 0},
                                           UpdateSet{"s", 0, false, false, true, 0, {limit}}, accept}});
  const filter::Filter filter = translate({table});
  CHECK(filter.limits.empty());
  CHECK(filter.opaques.size() == 2);
}

}  // namespace portpolicy::host_tests
