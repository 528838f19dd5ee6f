#include <doctest/doctest.h>

#include <string>

#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"

namespace portpolicy::host_tests {
namespace {

const std::string policy = R"(portpolicy: 1
networks:
  office: [192.0.2.0/24, 2001:db8::/32]
inbound:
  - {allow: [80/tcp, 8000-8010/tcp], from: office}
  - {allow: ssh, from: office, limit: 10/minute per source, log: true}
  - {reject: 113/tcp}
outbound:
  - {deny: smtp}
)";

const std::string foreign = R"(table inet theirs {
  set known {
    type ipv4_addr
    elements = { 192.0.2.1 }
  }
  chain input {
    type filter hook input priority 10; policy accept;
    meta mark & 256 == 256 udp dport 9999 counter drop
  }
}
table ip theirs {
  chain portpolicy { }
}
)";

}  // namespace

TEST_CASE("loading a policy twice leaves what loading it once leaves") {
  TestBed bed;
  load(bed, policy);
  const std::string once = nft_list();
  CHECK(once.contains("table inet portpolicy {"));
  load(bed, policy);
  CHECK(nft_list() == once);
}

TEST_CASE("a new policy replaces the old one") {
  TestBed bed;
  load(bed, policy);
  load(bed, "portpolicy: 1\ndefaults: {outbound: reject}\n");
  const std::string replaced = nft_list();
  CHECK(to_string(bed.send(tcp(Direction::inbound, Family::ipv4, 113))) == "passed");
  CHECK(to_string(bed.send(tcp(Direction::outbound, Family::ipv4, 80))) == "rejected by tcp reset");
  unload(bed);
  load(bed, "portpolicy: 1\ndefaults: {outbound: reject}\n");
  CHECK(nft_list() == replaced);
}

TEST_CASE("a policy in another shape replaces the old one whole") {
  const nft::Options readable{nft::Optimize::readable, false, {}}, fast{nft::Optimize::fast, false, {}};
  TestBed bed;
  load(bed, policy, readable);
  const std::string one_table = nft_list();
  CHECK(one_table.contains("table inet portpolicy {"));
  load(bed, policy, fast);
  const std::string two_tables = nft_list();
  CHECK_FALSE(two_tables.contains("table inet portpolicy {"));
  CHECK(two_tables.contains("table ip portpolicy {"));
  CHECK(two_tables.contains("table ip6 portpolicy {"));
  load(bed, policy, readable);
  CHECK(nft_list() == one_table);
  load(bed, policy, fast);
  CHECK(nft_list() == two_tables);
}

TEST_CASE("tables of others are left alone") {
  TestBed bed;
  nft(foreign);
  const std::string before = nft_list();
  load(bed, policy);
  CHECK(nft_list().starts_with(before));
  load(bed, policy);
  unload(bed);
  CHECK(nft_list() == before);
  load(bed, "portpolicy: 1\ndefaults: {inbound: allow}\n");
  CHECK(to_string(bed.send(udp(Direction::inbound, Family::ipv4, 9999))) == "dropped");
}

TEST_CASE("loading removes every table that portpolicy may have left behind") {
  TestBed bed;
  load(bed, policy);
  const std::string clean = nft_list();
  unload(bed);
  for (const std::string old : {"ip portpolicy", "ip6 portpolicy", "inet portpolicy", "inet portpolicy-staging"})
    nft("table " + old + " {\nchain old {\ntype filter hook input priority 0; policy drop;\n}\n}\n");
  const Packet web = tcp(Direction::inbound, Family::ipv4, 80);
  CHECK(to_string(bed.send(web)) == "dropped");
  load(bed, policy);
  CHECK(nft_list() == clean);
  CHECK(to_string(bed.send(web)) == "passed");
}

}  // namespace portpolicy::host_tests
