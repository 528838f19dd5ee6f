#include "backends/nftables/names.h"

#include <doctest/doctest.h>

#include <set>

#include "backends/common/text.h"

using namespace portpolicy::nft;

TEST_CASE("an nft identifier has only letters, digits and underscores, and is given once") {
  Identifiers identifiers;
  CHECK(identifiers.make("log_", "team/web.yaml:inbound[0]") == "log_team_web_yaml_inbound_0");
  CHECK(identifiers.make("log_", "team/web.yaml:inbound[0]") == "log_team_web_yaml_inbound_0_2");
  CHECK(identifiers.make("net_", "a", "_4") == "net_a_4");
  CHECK(identifiers.make("net_", "a", "_6") == "net_a_6");
  CHECK(identifiers.make("net_", "a.", "_4") == "net_a_2_4");
  CHECK(identifiers.make("net_", "a_2", "_4") == "net_a_2_2_4");
  CHECK(identifiers.make("net_", "a-", "_4") == "net_a_3_4");
  CHECK(identifiers.make("log_", "") == "log_");
  CHECK(identifiers.make("log_", std::string(5000, 'x')).size() < 200);
}

TEST_CASE("many names that look alike stay different") {
  Identifiers identifiers;
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    seen.insert(identifiers.make("x_", "é"));
    seen.insert(identifiers.make("x_", "2"));
  }
  CHECK(seen.size() == 40'000);
}

TEST_CASE("comments and log prefixes cannot leave their quotes") {
  CHECK(portpolicy::backend::printable("a\"b\\c\nd\x7f\x01é", 127) == "a?b?c?d????");
  CHECK(portpolicy::backend::printable(std::string(200, 'a'), 127).size() == 127);
  CHECK(log_prefix_text("$x ") == "?x ");
}
