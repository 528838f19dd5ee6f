#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/host/support/iptables.h"
#include "tests/host/support/network.h"

// What is in force when `load` cannot do what it should, or is killed while it does.

namespace portpolicy::host_tests {
namespace {

const Files old_files = some_files(443, true), new_files = some_files(80, false);

struct Tables {
  std::string v4, v6;
};
Tables tables(Variant variant) {
  return {saved(variant, Family::ipv4), saved(variant, Family::ipv6)};
}

/// What is in force of each policy alone, beside the rules of others.
Tables after_loading(Variant variant, const Files& files) {
  const Network network = Network::make().value();
  restore_rules_of_others(variant);
  const RulesFolder folder(files);
  REQUIRE(folder.load(variant).status == 0);
  return tables(variant);
}

/// Stands before the programs that change something in PATH. At the nth call it kills the process group of `load`, before or
/// after the real program has run; of `ipset restore`, after half of its lines.
class Killer {
 public:
  explicit Killer(Variant variant) {
    for (const std::string name : {"iptables-", "ip6tables-"})
      wrap(name + std::string(to_string(variant)) + "-restore");
    wrap("ipset");
  }

  enum class When : std::uint8_t { before, after };
  std::vector<std::string> surroundings(int call, When when) const {
    std::ofstream(folder_.path() / "calls") << "0\n";
    static constexpr std::array names{"before", "after"};
    return {"PATH=" + folder_.path().string() + ":" + std::getenv("PATH") + ":/usr/sbin:/sbin",
            "KILL_AT=" + std::to_string(call), std::string("KILL_WHEN=") + names[static_cast<std::size_t>(when)]};
  }

 private:
  void wrap(const std::string& name) const {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path) << wrapper;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }

  static constexpr std::string_view wrapper = R"(#!/bin/sh
folder=${0%/*}
name=${0##*/}
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
read -r calls <"$folder/calls"
calls=$((calls + 1))
echo "$calls" >"$folder/calls"
[ "$calls" = "$KILL_AT" ] || exec "$name" "$@"
case $KILL_WHEN:$name:$1 in
  before:*) ;;
  after:ipset:restore)
    input=$(cat)
    lines=$(printf '%s\n' "$input" | wc -l)
    printf '%s\n' "$input" | head -n $((lines / 2)) | ipset restore
    ;;
  *) "$name" "$@" ;;
esac
kill -9 0
)";
  test::ScratchFolder folder_;
};

constexpr int killed = 128 + 9;

}  // namespace

TEST_CASE(
    "load may be killed at any step: each family has its old rules or its new ones, and loading again completes it") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Tables old_rules = after_loading(variant, old_files), new_rules = after_loading(variant, new_files);
    const Killer killer(variant);
    for (const Killer::When when : {Killer::When::before, Killer::When::after}) {
      const Network network = Network::make().value();
      restore_rules_of_others(variant);
      const RulesFolder one(old_files), other(new_files);
      int call = 0;
      bool half = false;
      for (int status = killed; status == killed; ++call) {
        INFO("killed at call ", call + 1);
        REQUIRE(one.load(variant).status == 0);
        status = other.load(variant, {}, killer.surroundings(call + 1, when)).status;
        const Tables now = tables(variant);
        CHECK((now.v4 == old_rules.v4 || now.v4 == new_rules.v4));
        CHECK((now.v6 == old_rules.v6 || (now.v6 == new_rules.v6 && now.v4 == new_rules.v4)));
        half |= now.v4 == new_rules.v4 && now.v6 == old_rules.v6;
        if (status == killed) REQUIRE(other.load(variant).status == 0);
        const Tables complete = tables(variant);
        CHECK(complete.v4 == new_rules.v4);
        CHECK(complete.v6 == new_rules.v6);
        CHECK(set_names() == "PP4-internal-00000080 PP6-internal-00000080 ");
      }
      CHECK(call > 8);
      CHECK(half);
    }
  }
}

TEST_CASE("what is refused before the change leaves the old rules, and no new sets") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    restore_rules_of_others(variant);
    REQUIRE(RulesFolder(old_files).load(variant).status == 0);
    const std::string before = saved(variant), sets = set_names();
    const auto refused = [&](std::string_view name, const std::string& text, int status, std::string_view words) {
      INFO(name, ": ", text);
      const RulesFolder folder(new_files);
      if (text.empty()) std::filesystem::remove(folder.path() / name);
      else folder.write(name, text);
      const Finished finished = folder.load(variant);
      CHECK(finished.status == status);
      CAPTURE(finished.errors);
      CHECK(finished.errors.contains(words));
      CHECK(finished.output == "");
      CHECK(saved(variant) == before);
      CHECK(set_names() == sets);
    };
    const auto with = [](std::string text, std::string_view place, std::string_view line) {
      return text.insert(text.find(place), line);
    };
    refused("rules.v6", "", 3, "rules.v6: cannot be read in /");
    refused("rules.v6", with(new_files.v6, "COMMIT", "-A INPUT -j ACCEPT\n"), 3,
            "rules.v6:14: this line is neither of");
    refused("rules.v4", with(new_files.v4, "COMMIT", "-A INPUT -j PORTPOLICY-1\n"), 3, "rules.v4:14: this line");
    refused("rules.v4", with(new_files.v4, "-A PORTPOLICY", "-P INPUT DROP\n"), 3, "rules.v4:9: this line");
    refused("rules.v4", "*nat\n-A PREROUTING -j ACCEPT\nCOMMIT\n", 3, "rules.v4:1: this line");
    refused("rules.v6", new_files.v6.substr(0, new_files.v6.find("COMMIT")), 3, "rules.v6 ends too early");
    refused("rules.v6", with(new_files.v6, "COMMIT", "-A PORTPOLICY-1 -m nonsense\n"), 4,
            "rules.v6 is refused, as said above; nothing was changed");
    refused("ipsets", "", 4, "PP4-internal-00000080 doesn't exist");
    refused("ipsets", new_files.sets + "flush blocked\n", 3, "about a set of portpolicy");
    refused("ipsets", new_files.sets + "add PP4-internal-00000080 fd00::/8\n", 4, "the sets of addresses are refused");
  }
}

TEST_CASE("what the kernel refuses in the middle leaves IPv4 new and IPv6 old, and load says so") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Tables old_rules = after_loading(variant, old_files), new_rules = after_loading(variant, new_files);
    const Network network = Network::make().value();
    restore_rules_of_others(variant);
    REQUIRE(RulesFolder(old_files).load(variant).status == 0);
    const RulesFolder folder(new_files);
    std::string circle = new_files.v6;
    circle.replace(circle.find("-A PORTPOLICY-1 -j ACCEPT"), 25, "-A PORTPOLICY-1 -j PORTPOLICY-IN");
    folder.write("rules.v6", circle);
    const Finished finished = folder.load(variant);
    CHECK(finished.status == 5);
    CHECK(finished.errors.contains("In force now: IPv4: the new rules; IPv6: what was in force before. Loading again"));
    CHECK(finished.output == "");
    const Tables now = tables(variant);
    CHECK(now.v4 == new_rules.v4);
    CHECK(now.v6 == old_rules.v6);
    folder.write("rules.v6", new_files.v6);
    CHECK(folder.load(variant).status == 0);
    CHECK(tables(variant).v6 == new_rules.v6);
    CHECK(set_names() == "PP4-internal-00000080 PP6-internal-00000080 ");
  }
}

TEST_CASE("leftovers of a load that was killed are gone after the next one, and after unload") {
  const std::string leftovers =
      "create PP4-internal-00000443~ hash:net\ncreate PP6-gone-0123abcd~ hash:net family inet6\n"
      "create PP4-gone-0123abcd hash:net\n";
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    const RulesFolder folder(old_files);
    ipset(leftovers);
    CHECK(folder.load(variant).status == 0);
    CHECK(set_names() == "PP4-internal-00000443 PP6-internal-00000443 ");
    ipset(leftovers);
    CHECK(folder.unload(variant).status == 0);
    CHECK(set_names() == "");
  }
}

TEST_CASE("a chain that its policy closes keeps its jump") {
  for (const Variant variant : usable_variants()) {
    INFO(to_string(variant));
    const Network network = Network::make().value();
    load_tables(variant, old_files);
    const std::string whole = saved(variant);
    const auto refused = [&](const Finished& finished, std::string_view chain) {
      CHECK(finished.status == 4);
      CHECK(finished.errors.contains("portpolicy: " + std::string(chain) +
                                     " has the policy DROP and no rules of others"));
      CHECK(saved(variant) == whole);
    };
    const RulesFolder folder(new_files);
    refused(folder.unload(variant), "INPUT");
    refused(folder.load(variant), "FORWARD");
    add_rules(variant, ":INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n");
    CHECK(folder.load(variant).status == 0);
    CHECK(folder.unload(variant).status == 0);
    CHECK_FALSE(saved(variant).contains("PORTPOLICY"));
    CHECK(set_names() == "");
  }
}

TEST_CASE("a host without some of the programs") {
  const std::vector<Variant> variants = usable_variants();
  if (std::ranges::find(variants, Variant::nft) == variants.end()) return;
  const Network network = Network::make().value();
  const RulesFolder folder(new_files);
  // What is left of /usr/sbin, in a mount namespace of its own.
  const auto with_programs = [&](const std::vector<std::string>& names, const std::string& script) {
    const test::ScratchFolder programs;
    for (const std::string& name : names)
      std::filesystem::copy_file(std::filesystem::canonical("/usr/sbin/" + name), programs.path() / name);
    const std::string commands = "mount --bind \"$1\" /usr/sbin && exec env PORTPOLICY_IPTABLES=nft sh \"$2\"";
    return execute({"unshare", "-m", "sh", "-c", commands, "sh", programs.path(), folder.path() / script}).value();
  };
  const std::string save = "iptables-nft-save", restore = "iptables-nft-restore";

  const Finished nothing = with_programs({"ipset"}, "load");
  CHECK(nothing.status == 4);
  CHECK(nothing.errors.contains("there is no iptables-nft-restore here; install the package iptables"));
  const Finished without_sets =
      with_programs({save, restore, "ip6" + save.substr(2), "ip6" + restore.substr(2)}, "load");
  CHECK(without_sets.status == 4);
  CHECK(without_sets.errors.contains("there is no ipset here"));
  CHECK(saved(Variant::nft) == "");
  const Finished without_v6 = with_programs({save, restore, "ipset"}, "load");
  CHECK(without_v6.status == 0);
  CHECK(without_v6.errors.contains("warning: there is no ip6tables-nft-restore here, so IPv6 is not filtered"));
  CHECK(without_v6.output.starts_with("The rules of this folder are in force: IPv4 ("));
  CHECK(saved(Variant::nft, Family::ipv4).contains("-A INPUT -j PORTPOLICY-IN\n"));
  CHECK(saved(Variant::nft, Family::ipv6) == "");
  CHECK(set_names() == "PP4-internal-00000080 ");
  CHECK(with_programs({save, restore, "ipset"}, "unload").status == 0);
  CHECK_FALSE(saved(Variant::nft).contains("PORTPOLICY"));
}

TEST_CASE("load and unload say how they are used") {
  const RulesFolder folder(new_files);
  for (const Variant variant : usable_variants()) {
    const Network network = Network::make().value();
    const Finished wrong = folder.load(variant, {"--now"});
    CHECK(wrong.status == 2);
    CHECK(wrong.errors.starts_with("usage: load [--dry-run]\n"));
    CHECK(folder.load(variant, {"--help"}).output == wrong.errors);
    const Finished unknown = folder.load(variant, {}, {"PORTPOLICY_IPTABLES=both"});
    CHECK(unknown.status == 2);
    CHECK(unknown.errors == "portpolicy: PORTPOLICY_IPTABLES is `both`; it may be `legacy` or `nft`\n");
    CHECK(saved(variant) == "");
  }
}

}  // namespace portpolicy::host_tests
