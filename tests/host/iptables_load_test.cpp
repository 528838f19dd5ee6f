#include <doctest/doctest.h>

#include <atomic>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/host/support/iptables.h"
#include "tests/host/support/policed.h"
#include "tests/host/support/samples.h"
#include "tests/host/support/test_bed.h"

// What `load` and `unload` do beside the rules of others.

namespace portpolicy::host_tests {
namespace {

/// The lines in which a text occurs, or in which it does not.
std::string lines_with(const std::string& text, std::string_view what, bool wanted = true) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line);)
    if (line.contains(what) == wanted) result += line + "\n";
  return result;
}
std::string rules_of(Variant variant, const std::string& chain) {
  return lines_with(saved(variant, Family::ipv4), "-A " + chain + " ");
}

void check_done(const Finished& finished) {
  CHECK(finished.status == 0);
  CHECK(finished.errors == "");
}

const std::string bans =
    "-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd\n-A INPUT -j CROWDSEC_CHAIN\n-A INPUT -j denied\n";
const std::string behind_bans =
    "-A INPUT -j ufw-before-logging-input\n-A INPUT -j ufw-before-input\n"
    "-A INPUT -m comment --comment \"or -j PORTPOLICY-IN \\\" -g PORTPOLICY-1\" -j ACCEPT\n";

}  // namespace

TEST_CASE("load puts rules beside those of others, twice is as once, and unload leaves no trace") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    restore_rules_of_others(variant);
    ipset("create blocked hash:ip\ncreate PP4-mine hash:ip\n");
    const std::string before = saved(variant);
    const RulesFolder folder(some_files(443, true));

    check_done(folder.load(variant));
    const std::string once = saved(variant);
    CHECK(lines_with(lines_with(once, "PORTPOLICY-", false), "--comment", false) ==
          lines_with(before, "--comment", false));
    CHECK(rules_of(variant, "INPUT") == bans + "-A INPUT -j PORTPOLICY-IN\n" + behind_bans);
    CHECK(rules_of(variant, "DOCKER-USER") == "-A DOCKER-USER -j PORTPOLICY-FWD\n-A DOCKER-USER -j RETURN\n");
    CHECK_FALSE(rules_of(variant, "FORWARD").contains("PORTPOLICY"));
    CHECK_FALSE(once.contains("-A OUTPUT"));
    CHECK(once.contains("--comment \"$(reboot) `reboot` -j DROP\" -j ACCEPT\n"));
    CHECK(set_names() == "PP4-internal-00000443 PP4-mine PP6-internal-00000443 blocked ");

    check_done(folder.load(variant));
    CHECK(saved(variant) == once);
    CHECK(set_names() == "PP4-internal-00000443 PP4-mine PP6-internal-00000443 blocked ");

    for (int i = 0; i < 2; ++i) {
      check_done(folder.unload(variant));
      CHECK(saved(variant) == before);
      CHECK(set_names() == "PP4-mine blocked ");
    }
  }
}

TEST_CASE("another policy takes the place of the one in force, with its chains, jumps and sets") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    restore_rules_of_others(variant);
    const RulesFolder one(some_files(443, true)), other(some_files(80, false));
    check_done(other.load(variant));
    const std::string alone = saved(variant);
    CHECK_FALSE(alone.contains("PORTPOLICY-FWD"));
    check_done(one.load(variant));
    const std::string first = saved(variant);
    check_done(other.load(variant));
    CHECK(saved(variant) == alone);
    CHECK(set_names() == "PP4-internal-00000080 PP6-internal-00000080 ");
    check_done(one.load(variant));
    CHECK(saved(variant) == first);
    CHECK(set_names() == "PP4-internal-00000443 PP6-internal-00000443 ");
    check_done(other.unload(variant));
    CHECK_FALSE(lines_with(saved(variant), "--comment", false).contains("PORTPOLICY"));
  }
}

TEST_CASE("load finds the place of its jumps again, wherever they stand") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    const RulesFolder folder(some_files(443, true));
    check_done(folder.load(variant));
    CHECK(rules_of(variant, "INPUT") == "-A INPUT -j PORTPOLICY-IN\n");
    CHECK(rules_of(variant, "FORWARD") == "-A FORWARD -j PORTPOLICY-FWD\n");

    ipset("create blocked bitmap:port range 0-9\n");
    // A ban may come later; anything else is not left before ours.
    add_rules(variant,
              ":f2b-sshd - [0:0]\n-A f2b-sshd -j RETURN\n-I INPUT -j f2b-sshd\n"
              "-I INPUT -p tcp -m set --match-set blocked dst -j DROP\n");
    const std::string with_bans = saved(variant);
    check_done(folder.load(variant));
    CHECK(saved(variant) == with_bans);
    add_rules(variant, "-I INPUT 2 -p tcp -m tcp --dport 9 -j DROP\n");
    check_done(folder.load(variant));
    const std::string dropped = "-A INPUT -p tcp -m tcp --dport 9 -j DROP\n";
    CHECK(rules_of(variant, "INPUT") ==
          "-A INPUT -p tcp -m set --match-set blocked dst -j DROP\n-A INPUT -j PORTPOLICY-IN\n" + dropped +
              "-A INPUT -j f2b-sshd\n");

    // Docker is started.
    add_rules(variant,
              ":DOCKER-USER - [0:0]\n-I FORWARD -i docker0 -j ACCEPT\n-I FORWARD -j DOCKER-USER\n"
              "-A DOCKER-USER -j RETURN\n");
    check_done(folder.load(variant));
    CHECK(rules_of(variant, "FORWARD") == "-A FORWARD -j DOCKER-USER\n-A FORWARD -i docker0 -j ACCEPT\n");
    CHECK(rules_of(variant, "DOCKER-USER") == "-A DOCKER-USER -j PORTPOLICY-FWD\n-A DOCKER-USER -j RETURN\n");
    // Nothing leads to DOCKER-USER any more, or not every packet.
    add_rules(variant, "-D FORWARD 1\n-A FORWARD -j DOCKER-USER\n");
    check_done(folder.load(variant));
    CHECK(rules_of(variant, "FORWARD").starts_with("-A FORWARD -j PORTPOLICY-FWD\n-A FORWARD -i docker0"));
    CHECK(rules_of(variant, "DOCKER-USER") == "-A DOCKER-USER -j RETURN\n");

    // Several jumps, and some that somebody made by hand.
    const std::string good = saved(variant);
    add_rules(variant,
              ":hand - [0:0]\n-A hand -i eth7 -j PORTPOLICY-1\n-A INPUT -j PORTPOLICY-IN\n"
              "-I OUTPUT -p udp -g PORTPOLICY-IN\n");
    check_done(folder.load(variant));
    add_rules(variant, "-X hand\n");
    CHECK(saved(variant) == good);
    check_done(folder.unload(variant));
    CHECK_FALSE(saved(variant).contains("PORTPOLICY"));
  }
}

TEST_CASE("a packet meets bans first, then the policy, and the rules of others not at all where the policy decides") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    TestBed bed;
    restore_rules_of_others(variant);
    const RulesFolder folder(some_files(443, true));
    check_done(folder.load(variant));
    for (const Family family : families) {
      const auto fate = [&](const Packet& packet) { return to_string(bed.send(packet)); };
      CHECK(fate(tcp(Direction::inbound, family, 443)) == "passed");
      CHECK(fate(tcp(Direction::inbound, family, 444)) == "dropped");
      CHECK(fate(tcp(Direction::inbound, family, 81)) == "dropped");
      CHECK(fate(udp(Direction::inbound, family, 53)) == "dropped");  // ufw accepts it
      const Packet internal =
          from(tcp(Direction::inbound, family, 5432), family == Family::ipv4 ? "10.1.1.1" : "fd00::1");
      CHECK(fate(internal) == "passed");
      CHECK(fate(tcp(Direction::inbound, family, 5432)) == "dropped");
      CHECK(fate(tcp(Direction::forward, family, 8080)) == "passed");
      CHECK(fate(tcp(Direction::forward, family, 80)) == "dropped");
      CHECK(fate(tcp(Direction::outbound, family, 80)) == "passed");
    }
    check_done(folder.unload(variant));
    CHECK(to_string(bed.send(udp(Direction::inbound, Family::ipv4, 53))) == "passed");
    CHECK(to_string(bed.send(tcp(Direction::inbound, Family::ipv4, 444))) == "passed");
  }
}

TEST_CASE("no packet gets by while one policy takes the place of another") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    TestBed bed;
    restore_rules_of_others(variant);
    const RulesFolder one(some_files(443, true)), other(some_files(80, true));
    check_done(one.load(variant));
    std::atomic<int> loads = 0, failures = 0;
    // A thread begins in the namespace of the one that makes it.
    std::thread loader([&] {
      for (; loads < 12; ++loads)
        if ((loads % 2 == 0 ? other : one).load(variant).status != 0) ++failures;
    });
    std::size_t sent = 0, passed = 0;
    while (loads < 12) {
      std::vector<Shot> shots;
      for (const Family family : families)
        for (int i = 0; i < 50; ++i) {
          shots.push_back(bed.shot(tcp(Direction::inbound, family, 444)));
          shots.push_back(bed.shot(tcp(Direction::forward, family, 443)));
        }
      for (const Outcome& outcome : bed.send(shots)) {
        sent += outcome.arrived ? 1 : 0;
        passed += outcome.passed ? 1 : 0;
      }
    }
    loader.join();
    CHECK(failures == 0);
    CHECK(passed == 0);
    MESSAGE(to_string(variant), ": ", sent, " packets during ", loads.load(), " loads");
    CHECK(sent > 1000);
  }
}

TEST_CASE("a dry run says where the jumps will stand, and changes nothing") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    restore_rules_of_others(variant);
    const std::string before = saved(variant);
    const RulesFolder folder(some_files(443, true));
    const Finished dry = folder.load(variant, {"--dry-run"});
    CHECK(dry.status == 0);
    CHECK(dry.errors == "");
    for (const std::string part :
         {"\nIPv6 (", "  PORTPOLICY-IN is reached from place 4 of INPUT, behind who is banned\n",
          "  PORTPOLICY-FWD is reached from place 1 of DOCKER-USER\n", "  3 chains with 7 rules\n",
          "\nAll of it can be loaded.\n"}) {
      CAPTURE(dry.output);
      CHECK(dry.output.contains(part));
    }
    CHECK(saved(variant) == before);
    CHECK(set_names() == "");

    // What the kernel alone refuses is found in a namespace of its own.
    folder.write("rules.v6", some_files(443, true).v6 + "*filter\n-A PORTPOLICY-1 -j PORTPOLICY-IN\nCOMMIT\n");
    CHECK(folder.load(variant, {"--dry-run"}).status == 3);
    std::string circle = some_files(443, true).v6;
    circle.replace(circle.find("-A PORTPOLICY-1 -j ACCEPT"), 25, "-A PORTPOLICY-1 -j PORTPOLICY-IN");
    folder.write("rules.v6", circle);
    const Finished refused = folder.load(variant, {"--dry-run"});
    CHECK(refused.status == 4);
    CHECK(refused.errors.contains("portpolicy: this cannot be loaded here\n"));
    CHECK(saved(variant) == before);
  }
}

TEST_CASE("load warns of rules that the other iptables holds, and unload takes both away") {
  const std::vector<Variant> variants = usable_variants();
  if (variants.size() < 2) return;
  const Network network = Network::make().value();
  const RulesFolder folder(some_files(443, false));
  check_done(folder.load(Variant::legacy));
  const Finished second = folder.load(Variant::nft);
  CHECK(second.status == 0);
  CHECK(second.errors ==
        "portpolicy: warning: iptables-legacy holds rules of portpolicy too, and they stay in force; to remove them: "
        "PORTPOLICY_IPTABLES=legacy ./unload\n");
  CHECK(folder.load(Variant::legacy).errors.contains("warning: iptables-nft holds"));

  const Finished half = folder.unload(Variant::nft);
  CHECK(half.status == 4);  // the legacy rules refer to the sets
  CHECK(half.errors ==
        "portpolicy: these sets are still there, because other rules refer to them: PP4-internal-00000443 "
        "PP6-internal-00000443\n");
  CHECK_FALSE(saved(Variant::nft).contains("PORTPOLICY"));
  CHECK(saved(Variant::legacy).contains("PORTPOLICY"));
  folder.load(Variant::nft);
  check_done(folder.unload());
  for (const Variant variant : variants) CHECK_FALSE(saved(variant).contains("PORTPOLICY"));
  CHECK(set_names() == "");
}

}  // namespace portpolicy::host_tests
