#include <string>

#include "tests/unit/syntax/loaded.h"

namespace portpolicy::test {
namespace {

using namespace syntax;

const Rule& first_rule(const Loaded& loaded) {
  REQUIRE(loaded.findings.empty());
  REQUIRE(!loaded.top().rules[0].empty());
  return loaded.top().rules[0][0];
}

TEST_CASE("a rule keeps every value and its place") {
  const Loaded loaded(
      "portpolicy: 1\ninbound:\n  - name: ssh-staff\n    allow: [22/tcp, \"http\"]\n    from: {any: [10.0.0.0/8, "
      "staff], "
      "except: fd00::/8}\n    to: 192.0.2.1-192.0.2.9\n    in: [eth0, \"br-*\"]\n    source-port: [1024-65535, 123]\n"
      "    comment: |\n      two\n      lines\n    owner: data\n    ticket: \"#1\"\n    until: 2027-01-31\n    log: "
      "ssh in\n"
      "    limit: 10/minute burst 3 per source\n    overrides: [a, \"web.yaml:inbound[3]\"]\n"
      "    waive: {PP303: known, pp304: \"also known\"}\n");
  const Rule& rule = first_rule(loaded);
  CHECK(loaded.at(rule.where).starts_with("name: ssh-staff\n"));
  CHECK(loaded.at(rule.where).ends_with("\"also known\"}"));
  CHECK(rule.verdict == Verdict::allow);
  CHECK(loaded.at(rule.verdict_where) == "allow");
  REQUIRE(rule.services.size() == 2);
  CHECK(std::get<ServiceExpr::Ports>(rule.services[0].value).ports == Interval<std::uint16_t>{22, 22});
  CHECK(loaded.at(rule.services[1].where) == "\"http\"");
  const auto& from = std::get<NetworkExpr::Except>(rule.from->value);
  CHECK(from.any.size() == 2);
  CHECK(std::get<NetworkExpr::Name>(from.any[1].value).text == "staff");
  CHECK(loaded.at(rule.from->where) == "{any: [10.0.0.0/8, staff], except: fd00::/8}");
  CHECK(std::get<NetworkExpr::Literal>(rule.to->value).range.last == 0xC0000209);
  CHECK(std::get<InterfaceExpr::List>(rule.in->value).items.size() == 2);
  REQUIRE(rule.source_ports.size() == 2);
  CHECK(rule.source_ports[0].value == Interval<std::uint16_t>{1024, 65535});
  CHECK(rule.comment->value == "two\nlines");
  CHECK(rule.owner->value == "data");
  CHECK(rule.ticket->value == "#1");
  CHECK(to_string(rule.until->value) == "2027-01-31");
  CHECK(rule.log->value.prefix == "ssh in");
  CHECK(rule.limit->value == Limit{10, Limit::Unit::minute, 3, true});
  REQUIRE(rule.overrides.size() == 2);
  CHECK(rule.overrides[1].value == "web.yaml:inbound[3]");
  REQUIRE(rule.waive.size() == 2);
  CHECK(rule.waive[0].code.value == Code::never_matches);
  CHECK(loaded.at(rule.waive[1].code.where) == "pp304");
  CHECK(rule.waive[1].reason == "also known");
}

TEST_CASE("a rule in flow style spans its braces") {
  const Loaded loaded("portpolicy: 1\ninbound: [{deny: any, log: true, }, ]\n");
  const Rule& rule = first_rule(loaded);
  CHECK(loaded.at(rule.where) == "{deny: any, log: true, }");
  CHECK(rule.log->value.prefix.empty());
  CHECK(std::holds_alternative<ServiceExpr::Any>(rule.services[0].value));
}

TEST_CASE("`only-from` is a from and a claim") {
  const Loaded loaded("portpolicy: 1\ninbound:\n  - allow: ssh\n    only-from: internal\n    log: false\n");
  const Rule& rule = first_rule(loaded);
  CHECK(rule.only_from);
  CHECK(loaded.at(rule.from->where) == "internal");
  CHECK(!rule.log);
}

TEST_CASE("a rule has exactly one verdict") {
  expect_one_in_rule("{allow: ssh, deny: http}", Code::one_verdict, "deny", "one verdict, not two");
  expect_one_in_rule("{deny: http, allow: ssh}", Code::one_verdict, "allow", "one verdict, not two");
  expect_one_in_rule("{from: internal}", Code::one_verdict, "{from: internal}", "this rule has no verdict",
                     "allow: ssh");
  expect_one_in_rule("{allow: }", Code::empty_value, "allow", "`allow` has no value");
  expect_one_in_rule("allow:ssh", Code::yaml_syntax, "allow:ssh", "is one word", "`allow: ssh`");
  expect_one_in_rule("{allow:ssh}", Code::yaml_syntax, "allow:ssh", "is one word", "space after the colon");
  expect_one_in_rule("ssh", Code::wrong_kind, "ssh", "a rule is a mapping, not a word", "allow: ssh");
  expect_one("portpolicy: 1\ninbound:\n  -\n  - allow: ssh\n", Code::empty_value, "-", "is empty");
  expect_one("portpolicy: 1\ninbound: {allow: ssh}\n", Code::wrong_kind, "{allow: ssh}", "takes a list", "- ");
}

TEST_CASE("keys of other firewalls lead to ours") {
  for (const auto& [wrong, help] : {std::pair{"accept", "`allow`"}, {"drop", "`deny`"}, {"block", "`deny`"}}) {
    expect_one_in_rule("{" + std::string(wrong) + ": ssh}", Code::unknown_key, wrong, "unknown key", help);
  }
  for (const auto& [wrong, help] : {std::pair{"source", "`from`"},
                                    {"src", "`from`"},
                                    {"saddr", "`from`"},
                                    {"dest", "`to`"},
                                    {"destination", "`to`"},
                                    {"iif", "`in`"},
                                    {"port", "8080/tcp"},
                                    {"ports", "8080/tcp"},
                                    {"comentt", "`comment`"},
                                    {"zzzz", "the keys are"}}) {
    expect_one_in_rule("{allow: ssh, " + std::string(wrong) + ": x}", Code::unknown_key, wrong, "in a rule", help);
  }
  expect_one_in_rule("{allow: ssh, user: root}", Code::unknown_key, "user", "reserved for a later version");
  expect_one_in_rule("{allow: ssh, program: sshd}", Code::unknown_key, "program", "reserved for a later version");
}

TEST_CASE("keys that cannot stand together are refused") {
  expect_one_in_rule("{allow: ssh, from: a, only-from: b}", Code::keys_together, "only-from", "beside `from`");
  expect_one_in_rule("{deny: ssh, only-from: b}", Code::keys_together, "only-from", "only stand beside `allow`");
  expect_one_in_rule("{deny: ssh, limit: 1/second}", Code::keys_together, "limit", "only stand beside `allow`");
  expect_one_in_rule("{allow: ssh, out: eth0}", Code::not_in_this_direction, "out", "`inbound`", "`in`");
  expect_one("portpolicy: 1\noutbound: [{allow: ssh, in: eth0}]\n", Code::not_in_this_direction, "in", "`outbound`");
  CHECK(Loaded("portpolicy: 1\nforward: [{allow: ssh, in: eth0, out: eth1}]\n").findings.empty());
}

TEST_CASE("values of the wrong form are refused where they stand") {
  expect_one_in_rule("{allow: ssh, name: a b}", Code::bad_name, "a b", "cannot be a name");
  expect_one_in_rule("{allow: ssh, name: " + std::string(64, 'x') + "}", Code::bad_name, std::string(64, 'x'), "name");
  expect_one_in_rule("{allow: ssh, name: [a]}", Code::wrong_kind, "[a]", "takes text, not a list");
  expect_one_in_rule("{allow: ssh, comment: \" \"}", Code::empty_value, "\" \"", "is empty");
  expect_one_in_rule("{allow: ssh, until: 2026-02-30}", Code::bad_date, "2026-02-30", "no day", "2027-01-31");
  expect_one_in_rule("{allow: ssh, until: 31.1.2027}", Code::bad_date, "31.1.2027", "YYYY-MM-DD");
  expect_one_in_rule("{allow: ssh, limit: 5/min}", Code::bad_limit, "5/min", "`min`");
  expect_one_in_rule("{allow: ssh, overrides: [a, b c]}", Code::bad_name, "b c", "cannot be a name");
  expect_one_in_rule("{allow: ssh, overrides: []}", Code::empty_value, "[]", "empty");
  expect_one_in_rule("{allow: ssh, source-port: 53/udp}", Code::bad_port, "53/udp", "not a port", "just the port");
  expect_one_in_rule("{allow: ssh, source-port: {a: b}}", Code::wrong_kind, "{a: b}", "takes ports");
  expect_one_in_rule("{allow: ssh, waive: PP303}", Code::wrong_kind, "PP303", "takes a mapping");
  expect_one_in_rule("{allow: ssh, waive: {PP999: x}}", Code::unknown_code_waived, "PP999", "no finding");
  expect_one_in_rule("{allow: ssh, waive: {PP303: }}", Code::empty_value, "PP303", "no value");
  expect_one_in_rule("{allow: ssh, waive: {PP303: \"\"}}", Code::empty_value, "\"\"", "empty");
  expect_one_in_rule("{allow: ssh, waive: {PP303: x, 303: y}}", Code::duplicate_key, "303", "second time");
}

TEST_CASE("`log` is true, false or a short harmless text") {
  for (const char* word : {"yes", "on", "True", "TRUE"}) {
    expect_one_in_rule("{allow: ssh, log: " + std::string(word) + "}", Code::bad_value, word, "not a value", "`true`");
  }
  for (const char* word : {"no", "off", "False"}) {
    expect_one_in_rule("{allow: ssh, log: " + std::string(word) + "}", Code::bad_value, word, "not a value", "`false`");
  }
  expect_one_in_rule("{allow: ssh, log: \"true\"}", Code::bad_value, "\"true\"", "in quotes is text", "without quotes");
  expect_one_in_rule("{allow: ssh, log: 'a\"b'}", Code::bad_value, "'a\"b'", "cannot begin a log line");
  expect_one_in_rule("{allow: ssh, log: a\\b}", Code::bad_value, "a\\b", "cannot begin a log line");
  expect_one_in_rule("{allow: ssh, log: é}", Code::bad_value, "é", "cannot begin a log line");
  expect_one_in_rule("{allow: ssh, log: " + std::string(33, 'x') + "}", Code::bad_value, std::string(33, 'x'), "32");
  CHECK(Loaded("portpolicy: 1\ninbound: [{allow: ssh, log: " + std::string(32, 'x') + "}]\n").findings.empty());
}

TEST_CASE("after a rule that is wrong the others are still read, and its name is not forgotten") {
  const Loaded loaded(
      "portpolicy: 1\ninbound:\n  - {name: bad, allow: 0/tcp}\n  - {name: good, allow: ssh}\n  - {accept: x}\n"
      "networks: {broken: 10.0.0.300}\n");
  CHECK(loaded.findings.size() == 3);
  REQUIRE(loaded.top().rules[0].size() == 1);
  CHECK(loaded.top().rules[0][0].name->value == "good");
  CHECK(loaded.top().left_out == std::vector<std::string>{"broken", "bad"});
  CHECK(!loaded.top().incomplete);
}

TEST_CASE("management says what must stay allowed") {
  const Loaded loaded("portpolicy: 1\nmanagement:\n  - allow: ssh\n    from: office\n    in: eth0\n    name: admins\n");
  REQUIRE(loaded.findings.empty());
  REQUIRE(loaded.top().management.size() == 1);
  CHECK(loaded.at(loaded.top().management[0].where) == "allow: ssh\n    from: office\n    in: eth0\n    name: admins");
  expect_one("portpolicy: 1\nmanagement: [{deny: ssh}]\n", Code::unknown_key, "deny", "unknown key", "is a test");
  expect_one("portpolicy: 1\nmanagement: [{allow: ssh, out: x}]\n", Code::unknown_key, "out", "unknown key");
  expect_one("portpolicy: 1\nmanagement: [{from: x}]\n", Code::one_verdict, "{from: x}", "no verdict");
}

TEST_CASE("tests have a direction, a verdict and perhaps states") {
  const Loaded loaded(
      "portpolicy: 1\ntests:\n  inbound:\n    - {reject: 113/tcp, state: [new, invalid]}\n  outbound:\n    - {deny: "
      "smtp, "
      "to: internet, out: eth0, state: related}\n");
  REQUIRE(loaded.findings.empty());
  const Claim& inbound = loaded.top().tests[0][0];
  CHECK(inbound.verdict == Verdict::reject);
  CHECK(inbound.states->value == (StateSet::of(State::new_) | StateSet::of(State::invalid)));
  CHECK(loaded.at(inbound.states->where) == "[new, invalid]");
  CHECK(loaded.top().tests[1][0].states->value == StateSet::of(State::related));
  expect_one("portpolicy: 1\ntests: [{allow: ssh}]\n", Code::wrong_kind, "[{allow: ssh}]", "takes a mapping");
  expect_one("portpolicy: 1\ntests: {input: [{allow: ssh}]}\n", Code::unknown_key, "input", "in `tests`", "`inbound`");
  expect_one("portpolicy: 1\ntests: {inbound: [{allow: ssh, state: newish}]}\n", Code::bad_value, "newish", "`state`");
  expect_one("portpolicy: 1\ntests: {inbound: [{allow: ssh, deny: ssh}]}\n", Code::one_verdict, "deny", "a test");
}

}  // namespace
}  // namespace portpolicy::test
