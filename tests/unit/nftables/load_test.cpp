#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "backends/nftables/lower.h"
#include "backends/nftables/print.h"
#include "tests/support/filter_builder.h"
#include "tests/support/random_filter.h"
#include "tests/support/shapes.h"
#include "tests/support/tabular_filter.h"

using namespace portpolicy;
using namespace portpolicy::filter_test;

// nft and the kernel have the last word on what was printed. All of it happens in namespaces of its own, in which no
// protocol has a name but those that nft knows itself.
namespace {

/// A folder that is gone when the test ends.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "portpolicy-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, const std::string& text) const { std::ofstream(path_ / name) << text; }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path_ / name).rdbuf();
    return text.str();
  }
  /// Whether the commands, run by a shell in this folder and inside the namespaces, end well.
  bool run(const std::string& commands) const {
    write("run.sh", "set -e\n[ ! -e /etc/protocols ] || mount --bind protocols /etc/protocols\n" + commands);
    write("protocols", "");
    // Only who is not root needs a user namespace.
    const std::string namespaces = geteuid() == 0 ? "-nm" : "-rnm";
    const std::string command =
        "cd '" + path_.string() + "' && PATH=$PATH:/usr/sbin:/sbin unshare " + namespaces + " sh run.sh >out 2>&1";
    const int status = std::system(command.c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  std::filesystem::path path_;
};

bool permitted() {
  if (Folder().run("nft list ruleset\n")) return true;
  const char* no_skip = std::getenv("PORTPOLICY_NO_SKIP");
  if (no_skip != nullptr && std::string_view(no_skip) == "1") {
    FAIL("nft cannot be run in a namespace of its own here, and PORTPOLICY_NO_SKIP=1 asks for it");
  }
  std::fputs("SKIPPED: nft cannot be run in a namespace of its own here; nothing was asked of the kernel\n", stderr);
  return false;
}

std::string script(const filter::Filter& filter, const nft::Options& options) {
  Diagnostics diagnostics;
  std::string text =
      print(nft::lower(filter, options, diagnostics), {"0.1.0", "policy.yaml", "sha256:1", "2026-11-01"});
  REQUIRE_FALSE(diagnostics.has_errors());
  return text;
}

const nft::Options readable{nft::Optimize::readable, false, {}};

/// Every form that a rule can take, and random ones beside.
std::vector<std::string> scripts() {
  FilterBuilder b;
  using namespace protocols;
  std::vector<Protocol> all;
  for (unsigned i = 0; i < 256; ++i) all.push_back({static_cast<std::uint8_t>(i)});
  b.add({filter::ProtocolIn{all}}, Verdict::allow);
  for (const Protocol p : all) {
    b.add({filter::ProtocolIn{{p}}}, Verdict::reject);
    if (has_ports(p)) b.add({filter::ProtocolIn{{p}}, filter::SourcePortIn{ports({{1, 9}})}, dport(22)}, Verdict::deny);
  }
  for (const Protocol p : {icmp, icmpv6}) {
    for (unsigned type = 0; type < 256; ++type) {
      const auto first = static_cast<std::uint16_t>(type << 8);
      const auto code = static_cast<std::uint16_t>(first | 7);
      const auto last = static_cast<std::uint16_t>(first | 255);
      b.add({protocol({p}), filter::IcmpTypeIn{IcmpSet::of({first, last})}}, Verdict::allow);
      b.add({protocol({p}), filter::IcmpTypeIn{IcmpSet::of({first, code})}}, Verdict::deny);
    }
    b.add({protocol({p}), filter::IcmpTypeIn{IcmpSet::of({0x0100, 0x04ff})}}, Verdict::allow);
    b.add({protocol({p}), filter::IcmpTypeIn{IcmpSet::of({0x0000, 0x80ff})}}, Verdict::allow);
    b.add({protocol({p}), filter::IcmpTypeIn{IcmpSet::all()}}, Verdict::allow);
  }
  for (std::uint8_t bits = 1; bits < 32; ++bits) b.add({filter::StateIn{{bits}}}, Verdict::allow);
  for (char c = '!'; c <= '~'; ++c) {
    if (std::string_view("./:*\"\\").find(c) != std::string_view::npos) continue;
    const std::string name{c}, other = name + name + "x*";
    b.add({filter::InterfaceIn{interfaces({name, other})}}, Verdict::allow);
    b.add({filter::InterfaceOut{subtract(interfaces({name + "*"}), interfaces({name + "a", other}))}}, Verdict::allow);
  }
  for (const std::string_view limit : {"1/second", "1000000/hour", "1/day burst 100000", "7/minute burst 9999"}) {
    b.add({}, Verdict::allow).limit = b.limit("a", limit);
    b.add({}, Verdict::allow).limit = b.limit("accept", std::string(limit) + " per source");
  }
  std::string ascii;
  for (char c = ' '; c <= '~'; ++c) ascii += c;
  b.add({}, Verdict::allow, ascii, "x\ny").log = filter::Log{ascii + ascii};
  for (const Verdict verdict : {Verdict::allow, Verdict::deny, Verdict::reject}) {
    b.add({}, verdict, std::string(300, 'n'), "p").log = filter::Log{};
  }
  const auto ends = b.from({"0.0.0.0", "10.0.0.0/8", "11.0.0.1-11.0.0.4", "255.255.255.254/31", "::", "fd00::/8",
                            "fe80::1-fe80::7", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
                           "table");
  b.add({ends}, Verdict::allow);
  // Inside a user namespace the kernel takes no more than about 400 KB at a time.
  std::vector<std::string> result;
  constexpr std::size_t most_rules = 200;
  filter::Filter part = b.filter;
  const std::vector<filter::Rule>& rules = b.filter.chains[0].rules;
  for (std::size_t first = 0; first < rules.size(); first += most_rules) {
    const std::size_t last = std::min(rules.size(), first + most_rules);
    part.chains[0].rules.assign(&rules[first], &rules[first] + (last - first));
    result.push_back(script(part, readable));
    result.push_back(script(part, {nft::Optimize::fast, false, {}}));
  }
  const std::vector<nft::Options> shapes = test::every_shape();
  for (std::uint64_t seed = 0; seed < 35; ++seed) {
    result.push_back(script(test::RandomFilters(seed).filter(), shapes[seed % shapes.size()]));
    result.push_back(script(test::TabularFilters(seed).filter(), shapes[seed % shapes.size()]));
  }
  return result;
}

}  // namespace

TEST_CASE("nft takes every printed form, twice over, and lists it as something it takes again") {
  if (!permitted()) return;
  for (const std::string& text : scripts()) {
    const Folder folder;
    folder.write("script", text);
    const bool loaded = folder.run(R"(
for table in 'ip portpolicy' 'ip6 portpolicy' 'inet portpolicy-staging'; do nft add table $table; nft add chain $table old; done
nft -c -f script
nft -f script; nft list ruleset >first
nft -f script; nft list ruleset >second
cmp first second
nft flush ruleset
nft -f first; nft list ruleset >third
cmp first third
nft --debug=netlink list ruleset | sort >listed_program
nft -f script; nft --debug=netlink list ruleset | sort >program
cmp program listed_program
if grep -q 'staging\|chain old' first; then echo 'an old table is left'; false; fi
)");
    if (!loaded) FAIL(folder.read("out") << "\n" << text);
  }
}

TEST_CASE("the kernel follows jumps as deep as we say and no deeper") {
  if (!permitted()) return;
  for (const bool too_deep : {false, true}) {
    std::string text = "table inet t {\nchain base { type filter hook input priority 0; jump c1; }\n";
    const std::size_t depth = nft::most_jumps + (too_deep ? 1 : 0);
    for (std::size_t i = 1; i < depth; ++i) {
      text += "chain c" + std::to_string(i) + " { jump c" + std::to_string(i + 1) + "; }\n";
    }
    const Folder folder;
    folder.write("script", text + "chain c" + std::to_string(depth) + " { accept; }\n}\n");
    CHECK(folder.run("nft -f script\n") != too_deep);
  }
}
