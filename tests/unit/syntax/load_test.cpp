#include "compiler/syntax/load.h"

#include <ctime>
#include <string>

#include "tests/unit/syntax/loaded.h"

namespace portpolicy::test {
namespace {

using namespace syntax;

TEST_CASE("every file says the version of the language") {
  expect_one("", Code::missing_key, "", "the file is empty", "`portpolicy: 1`");
  expect_one("# nothing\n", Code::missing_key, "", "the file is empty", "`portpolicy: 1`");
  expect_one("tier: normal\n", Code::missing_key, "tier", "does not say", "`portpolicy: 1`");
  expect_one("portpolicy:\n", Code::empty_value, "portpolicy", "no value");
  expect_one("portpolicy: '1'\n", Code::language_version, "'1'", "a number, not text", "without quotes");
  expect_one("portpolicy: 2\ninbund: x\n", Code::language_version, "2", "does not know version `2`");
  expect_one("portpolicy: 1.0\n", Code::language_version, "1.0", "does not know version `1.0`");
  expect_one("portpolicy: [1]\n", Code::wrong_kind, "[1]", "the number 1");
  expect_one("- allow: ssh\n", Code::wrong_kind, "- allow: ssh", "a policy is a mapping");
  expect_one("portpolicy:1\n", Code::yaml_syntax, "portpolicy:1", "is one word", "`portpolicy: 1`");
}

TEST_CASE("unknown sections are refused with a suggestion") {
  expect_one("portpolicy: 1\ninbuond: []\n", Code::unknown_key, "inbuond", "in a policy", "`inbound`");
  expect_one("portpolicy: 1\ninput: []\n", Code::unknown_key, "input", "in a policy", "`inbound`");
  expect_one("portpolicy: 1\ninbound:\n", Code::empty_value, "inbound", "no value");
}

TEST_CASE("tier, base and defaults") {
  const Loaded loaded(
      "portpolicy: 1\ntier: mandatory\nbase: [loopback, established]\ndefaults:\n  inbound: {verdict: reject, log: "
      "true}\n"
      "  outbound: allow\n  forward: unmanaged\n");
  REQUIRE(loaded.findings.empty());
  CHECK(loaded.top().tier == Tier::mandatory);
  BaseSet expected;
  expected.insert(Base::loopback);
  expected.insert(Base::established);
  CHECK(loaded.top().base->value == expected);
  CHECK(loaded.top().defaults[0]->value == Default{Verdict::reject, Log{}});
  CHECK(loaded.at(loaded.top().defaults[0]->where) == "{verdict: reject, log: true}");
  CHECK(loaded.top().defaults[1]->value == Default{Verdict::allow, {}});
  CHECK(loaded.top().defaults[2]->value == Default{});
  CHECK(Loaded("portpolicy: 1\nbase: []\n").top().base->value == BaseSet{});
  expect_one("portpolicy: 1\ntier: high\n", Code::bad_value, "high", "`tier`", "`mandatory`");
  expect_one("portpolicy: 1\nbase: [loopbak]\n", Code::bad_value, "loopbak", "`base`", "`loopback`");
  expect_one("portpolicy: 1\nbase: loopback\n", Code::wrong_kind, "loopback", "takes a list");
  expect_one("portpolicy: 1\ndefaults: {inbound: drop}\n", Code::bad_value, "drop", "`inbound`", "`deny`");
  expect_one("portpolicy: 1\ndefaults: {inbound: {log: true}}\n", Code::missing_key, "{log: true}", "`verdict`");
  expect_one("portpolicy: 1\ndefaults: deny\n", Code::wrong_kind, "deny", "takes a mapping");
}

TEST_CASE("warnings of included rules are waived by name") {
  const Loaded loaded("portpolicy: 1\nwaive:\n  web-http: {PP303: \"known\"}\n");
  REQUIRE(loaded.findings.empty());
  REQUIRE(loaded.top().waive.size() == 1);
  CHECK(loaded.at(loaded.top().waive[0].rule.where) == "web-http");
  CHECK(loaded.top().waive[0].waive[0].reason == "known");
}

TEST_CASE("files stand in the order of their inclusion, each once") {
  const Loaded loaded(
      MemoryReader({{"policy.yaml", "portpolicy: 1\ninclude: [team/a.yaml, <base/server>, team/b.yaml]\n"},
                    {"team/a.yaml", "portpolicy: 1\ninclude: b.yaml\n"},
                    {"team/b.yaml", "portpolicy: 1\n"},
                    {"<base/server>", "portpolicy: 1\ninclude: ssh.yaml\n"},
                    {"<base/ssh.yaml>", "portpolicy: 1\n"}}));
  REQUIRE(loaded.findings.empty());
  std::vector<std::string> titles;
  for (const File& file : loaded.policy.files) titles.push_back(file.title);
  CHECK(titles ==
        std::vector<std::string>{"policy.yaml", "team/a.yaml", "team/b.yaml", "<base/server>", "<base/ssh.yaml>"});
  CHECK(!loaded.policy.files[2].library);
  CHECK(loaded.policy.files[3].library);
  CHECK(loaded.policy.files[4].library);
  REQUIRE(loaded.top().includes.size() == 3);
  CHECK(loaded.top().includes[2].value == 2);
  CHECK(loaded.at(loaded.top().includes[1].where) == "<base/server>");
}

TEST_CASE("two paths of one file are one file") {
  MemoryReader reader(
      {{"policy.yaml", "portpolicy: 1\ninclude: [a.yaml, link.yaml, a.yaml]\n"}, {"a.yaml", "portpolicy: 1\n"}});
  reader.link("link.yaml", "a.yaml");
  const Loaded loaded(reader);
  CHECK(loaded.findings.empty());
  CHECK(loaded.policy.files.size() == 2);
  CHECK(loaded.top().includes.size() == 1);
}

TEST_CASE("a file that includes itself is refused with the chain") {
  const Loaded loaded(MemoryReader({{"policy.yaml", "portpolicy: 1\ninclude: a.yaml\n"},
                                    {"a.yaml", "portpolicy: 1\ninclude: [b.yaml]\n"},
                                    {"b.yaml", "portpolicy: 1\ninclude: [a.yaml]\n"}}));
  REQUIRE(loaded.findings.size() == 1);
  CHECK(loaded.findings[0].code == Code::include_cycle);
  CHECK(loaded.findings[0].message.find("`a.yaml` includes `b.yaml` includes `a.yaml`") != std::string::npos);
  CHECK(loaded.sources.path(loaded.findings[0].primary.where.file) == "b.yaml");
  CHECK(loaded.at(loaded.findings[0].primary.where) == "a.yaml");
}

TEST_CASE("includes that cannot be read are findings") {
  expect_one("portpolicy: 1\ninclude: no.yaml\n", Code::include_unreadable, "no.yaml", "no file `no.yaml`");
  expect_one("portpolicy: 1\ninclude: [<no/such>]\n", Code::include_unreadable, "<no/such>", "no file `<no/such>`");
  expect_one("portpolicy: 1\ninclude: ../x.yaml\n", Code::include_outside_root, "../x.yaml",
             "out of the policy's root");
  expect_one("portpolicy: 1\ninclude: /etc/x.yaml\n", Code::include_outside_root, "/etc/x.yaml", "absolute");
  expect_one("portpolicy: 1\ninclude: [{a: b}]\n", Code::wrong_kind, "{a: b}", "takes text");
  CHECK(Loaded("portpolicy: 1\ninclude: no.yaml\n").top().incomplete);
}

TEST_CASE("there are limits to includes and rules") {
  std::map<std::string, std::string> wide{{"policy.yaml", "portpolicy: 1\ninclude:\n"}};
  for (int i = 0; i < 70; ++i) {
    wide["policy.yaml"] += "  - f" + std::to_string(i) + "\n";
    wide["f" + std::to_string(i)] = "portpolicy: 1\n";
  }
  const Loaded many{MemoryReader(wide)};
  REQUIRE(many.findings.size() == 1);
  CHECK(many.findings[0].code == Code::too_large);
  CHECK(many.at(many.findings[0].primary.where) == "f64");
  CHECK(many.policy.files.size() == max_files);

  std::map<std::string, std::string> deep;
  for (int i = 0; i < 40; ++i)
    deep["f" + std::to_string(i)] = "portpolicy: 1\ninclude: f" + std::to_string(i + 1) + "\n";
  const Loaded nested(MemoryReader(deep), "f0");
  REQUIRE(nested.findings.size() == 1);
  CHECK(nested.findings[0].code == Code::too_deep);
  CHECK(nested.policy.files.size() == max_depth + 1);

  const std::string padding = "portpolicy: 1\n" + std::string(max_policy_bytes / 4, '\n');
  const Loaded heavy(MemoryReader({{"policy.yaml", "portpolicy: 1\ninclude: [a, b, c, d]\n"},
                                   {"a", padding},
                                   {"b", padding},
                                   {"c", padding},
                                   {"d", padding}}));
  REQUIRE(heavy.findings.size() == 1);
  CHECK(heavy.findings[0].code == Code::too_large);
  CHECK(heavy.at(heavy.findings[0].primary.where) == "d");
  CHECK(heavy.top().incomplete);

  std::string rules = "portpolicy: 1\ninbound:\n";
  for (std::size_t i = 0; i <= max_rules; ++i) rules += "- {deny: any}\n";
  const Loaded long_one(rules);
  REQUIRE(long_one.findings.size() == 1);
  CHECK(long_one.findings[0].code == Code::too_large);
  CHECK(long_one.at(long_one.findings[0].primary.where) == "inbound");
}

TEST_CASE("a list file is read once, however often it is named") {
  MemoryReader reader(
      {{"policy.yaml",
        "portpolicy: 1\nnetworks:\n  a: {file: lists/x.txt}\n  b: {any: [{file: ./lists/x.txt}], except: "
        "10.0.0.1}\n"},
       {"lists/x.txt", "\xEF\xBB\xBF# all\r\n10.0.0.0/24 # office\r\n\n  10.0.1.0-10.0.1.255\nfd00::/8"}});
  const Loaded loaded(reader);
  REQUIRE(loaded.findings.empty());
  REQUIRE(loaded.policy.lists.size() == 1);
  CHECK(loaded.policy.lists[0].path == "lists/x.txt");
  CHECK(loaded.policy.lists[0].addresses.v4.intervals() ==
        std::vector<Interval<std::uint32_t>>{{0x0A000000, 0x0A0001FF}});
  CHECK(loaded.policy.lists[0].addresses.v6.intervals().size() == 1);
  CHECK(loaded.at(loaded.top().networks[0].value.where) == "{file: lists/x.txt}");
}

TEST_CASE("wrong lines of a list are reported at their place, the first twenty one by one") {
  std::string list = "10.0.0.1/8\nexample.com # why\n  300.1.1.1\r\n10.0.0.1\n";
  for (int i = 0; i < 30; ++i) list += "bad\n";
  const Loaded loaded(
      MemoryReader({{"policy.yaml", "portpolicy: 1\nnetworks: {a: {file: l}, b: {file: l}}\n"}, {"l", list}}));
  REQUIRE(loaded.findings.size() == 21);
  CHECK(loaded.findings[0].code == Code::host_bits);
  CHECK(loaded.at(loaded.findings[0].primary.where) == "10.0.0.1/8");
  CHECK(loaded.findings[1].code == Code::bad_list_line);
  CHECK(loaded.at(loaded.findings[1].primary.where) == "example.com");
  CHECK(loaded.at(loaded.findings[2].primary.where) == "300.1.1.1");
  CHECK(loaded.sources.path(loaded.findings[2].primary.where.file) == "l");
  CHECK(loaded.findings[20].message.find("13 more lines") != std::string::npos);
}

TEST_CASE("list files that cannot be read are findings at the path") {
  expect_one("portpolicy: 1\nnetworks: {a: {file: no.txt}}\n", Code::list_unreadable, "no.txt", "no file `no.txt`");
  expect_one("portpolicy: 1\nnetworks: {a: {file: no.txt}, b: {file: no.txt}}\n", Code::list_unreadable, "no.txt",
             "no file");
  expect_one("portpolicy: 1\nnetworks: {a: {file: ../x}}\n", Code::include_outside_root, "../x", "root");
  std::string list;
  for (std::size_t i = 0; i <= max_list_prefixes; ++i) list += "1.1.1.1\n";
  const Loaded loaded(MemoryReader({{"policy.yaml", "portpolicy: 1\nnetworks: {a: {file: l}}\n"}, {"l", list}}));
  REQUIRE(loaded.findings.size() == 1);
  CHECK(loaded.findings[0].code == Code::too_large);

  list.front() = 'x';
  const Loaded bad(MemoryReader({{"policy.yaml", "portpolicy: 1\nnetworks: {a: {file: l}}\n"}, {"l", list}}));
  REQUIRE(bad.findings.size() == 2);
  CHECK(bad.findings[1].code == Code::too_large);
}

TEST_CASE("a million lines of a list take little time") {
  std::string list;
  for (unsigned i = 0; i < 1'000'000; ++i) {
    list += std::to_string(i * 2654435761u >> 24) + "." + std::to_string(i >> 12 & 255) + "." +
            std::to_string(i >> 4 & 255) + "." + std::to_string((i & 15) << 4) + "/28\n";
  }
  MemoryReader reader({{"policy.yaml", "portpolicy: 1\nnetworks: {a: {file: l}}\n"}, {"l", list}});
  const std::clock_t begin = std::clock();
  const Loaded loaded(reader);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  CHECK(loaded.findings.empty());
  CHECK(seconds < 6);  // ten times what it takes when the machine has nothing else to do
}

}  // namespace
}  // namespace portpolicy::test
