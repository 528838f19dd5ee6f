#include "tests/unit/drawing/drawn.h"

namespace portpolicy::test {
namespace {

using drawing::Drawing;
using drawing::Edge;
using drawing::Group;
using drawing::Node;
using Lines = std::vector<std::string>;

const Node& node(const std::vector<Node>& nodes, const std::string& id) {
  const auto found = std::ranges::find(nodes, id, &Node::id);
  REQUIRE(found != nodes.end());
  return *found;
}

// So many rules in each of two files that disagree about them.
std::map<std::string, std::string> two_files(std::size_t rules) {
  std::map<std::string, std::string> files{{"policy.yaml", "portpolicy: 1\ninclude: [a.yaml, b.yaml]\n"}};
  for (const auto& [name, verdict] : {std::pair("a.yaml", "allow"), std::pair("b.yaml", "deny")}) {
    std::string& text = files[name] = "portpolicy: 1\ninbound:\n";
    for (std::size_t i = 0; i < rules; ++i)
      text += "- {" + std::string(verdict) + ": " + std::to_string(1000 + i) + "/tcp}\n";
  }
  return files;
}

}  // namespace

TEST_CASE("a rule says its name, what it does in its author's words, and where it stands") {
  const Drawing drawing =
      drawn({{"policy.yaml",
              "portpolicy: 1\n"
              "networks: {office: 10.0.0.0/8}\n"
              "inbound:\n"
              "- {name: in, allow: [http, icmp/echo-request], from: office, in: eth0}\n"
              "- {reject: 1-9/udp, source-port: 53}\n"
              "- {deny: tcp, from: [172.16.0.1, 172.16.0.2, 172.16.0.3, 172.16.0.4, 172.16.0.5, 172.16.0.6,\n"
              "   172.16.1.1, 172.16.1.2, 172.16.1.3, 172.16.1.4, 172.16.1.5, 172.16.1.6, 172.16.1.7]}\n"}});
  const std::vector<Node> nodes = all_nodes(drawing.groups);
  const Node& first = node(nodes, "inbound_rule0");
  CHECK(first.kind == Node::Kind::allow);
  CHECK(first.lines == Lines{"in  (line 4)", "ALLOW [http, icmp/echo-request] from", "office in eth0"});
  CHECK(first.place == "policy.yaml:4");
  const Node& second = node(nodes, "inbound_rule1");
  CHECK(second.kind == Node::Kind::reject);
  CHECK(second.lines == Lines{"inbound[1]  (line 5)", "REJECT 1-9/udp source-port 53"});
  const Node& third = node(nodes, "inbound_rule2");
  CHECK(third.kind == Node::Kind::deny);
  REQUIRE(third.lines.size() >= 5);
  CHECK(third.lines[4].ends_with(" ..."));
}

TEST_CASE("a file is a frame, and so is a tier where there are several") {
  const std::map<std::string, std::string> files{
      {"policy.yaml", "portpolicy: 1\ninclude: team/a.yaml\ninbound:\n- {allow: 1/tcp}\n"},
      {"team/a.yaml", "portpolicy: 1\ninbound:\n- {allow: 2/tcp}\n"}};
  const Drawing one = drawn(files);
  REQUIRE(one.groups.size() == 1);
  CHECK(one.groups[0].title == "inbound");
  REQUIRE(one.groups[0].groups.size() == 2);
  CHECK(one.groups[0].groups[1].kind == Group::Kind::file);
  CHECK(one.groups[0].groups[1].title == "team/a.yaml");
  CHECK(one.groups[0].groups[1].nodes[0].lines[0] == "inbound[0]  (line 3)");
  CHECK(edges_of(one, Edge::Kind::includes) == Lines{"inbound_rule0>inbound_rule1 includes"});

  auto tiers = files;
  tiers["team/a.yaml"] += "tier: baseline\n";
  const Drawing two = drawn(tiers);
  REQUIRE(two.groups[0].groups.size() == 2);
  CHECK(two.groups[0].groups[1].kind == Group::Kind::tier);
  CHECK(two.groups[0].groups[1].title == "tier: baseline");
  CHECK(edges_of(two, Edge::Kind::includes).empty());
}

TEST_CASE("an include through a file without rules is drawn, one that follows from others is not") {
  const Drawing drawing =
      drawn({{"policy.yaml", "portpolicy: 1\ninclude: [a.yaml, b.yaml, c.yaml]\ninbound: [{allow: 1/tcp}]\n"},
             {"a.yaml", "portpolicy: 1\ninclude: b.yaml\noutbound: [{allow: 1/tcp}]\n"},
             {"b.yaml", "portpolicy: 1\ninclude: c.yaml\ninbound: [{allow: 2/tcp}]\n"},
             {"c.yaml", "portpolicy: 1\ninbound: [{allow: 3/tcp}]\n"}});
  CHECK(edges_of(drawing, Edge::Kind::includes) ==
        Lines{"inbound_rule0>inbound_rule1 includes", "inbound_rule1>inbound_rule2 includes"});
}

TEST_CASE("rules of one finding are joined, and the one that it is about has its code") {
  const Drawing drawing = drawn({{"policy.yaml", "portpolicy: 1\ninclude: [a.yaml, b.yaml]\n"},
                                 {"a.yaml", "portpolicy: 1\ninbound: [{name: yes, allow: ssh}]\n"},
                                 {"b.yaml", "portpolicy: 1\ninbound: [{name: no, deny: ssh}]\n"}});
  CHECK(edges_of(drawing, Edge::Kind::finding) == Lines{"inbound_rule0>inbound_rule1 PP301"});
  CHECK(node(all_nodes(drawing.groups), "inbound_rule1").lines.back() == "PP301: yes");
  CHECK(drawing.codes == std::set{Code::conflict});
}

TEST_CASE("a test that does not hold hangs at what decides: a rule, base traffic or the default") {
  const Drawing drawing = drawn({{"policy.yaml",
                                  "portpolicy: 1\n"
                                  "inbound:\n"
                                  "- {name: open, allow: ssh, limit: 3/minute}\n"
                                  "- {name: pg, allow: postgresql, only-from: 10.0.0.0/8}\n"
                                  "- {name: too-much, allow: 5000-6000/tcp}\n"
                                  "management: [{allow: imap}]\n"
                                  "tests:\n"
                                  "  inbound:\n"
                                  "  - {deny: ssh}\n"
                                  "  - {deny: icmp/redirect}\n"
                                  "  - {deny: icmp/3}\n"
                                  "  - {allow: dns}\n"}});
  CHECK(edges_of(drawing, Edge::Kind::decides) ==
        Lines{"inbound_base0>inbound_claim2 PP306", "inbound_otherwise0>inbound_claim0 PP308",
              "inbound_otherwise0>inbound_claim3 PP306", "inbound_rule0>inbound_claim1 PP306"});
  CHECK(edges_of(drawing, Edge::Kind::finding) == Lines{"inbound_rule1>inbound_rule2 PP307"});
  const std::vector<Node> nodes = all_nodes(drawing.groups);
  CHECK(node(nodes, "inbound_claim1").kind == Node::Kind::claim);
  CHECK(node(nodes, "inbound_claim1").lines == Lines{"tests.inbound[0]  (line 9)", "DENY ssh", "does not hold: PP306"});
  CHECK(node(nodes, "inbound_claim0").lines[1] == "ALLOW imap");
}

TEST_CASE("what a rule overrides is an arrow") {
  const Drawing drawing =
      drawn({{"policy.yaml", "portpolicy: 1\ninclude: [a.yaml, b.yaml]\n"},
             {"a.yaml", "portpolicy: 1\ninbound: [{allow: ssh, overrides: [\"b.yaml:inbound[1]\", no]}]\n"},
             {"b.yaml", "portpolicy: 1\ninbound: [{name: no, deny: ssh}, {deny: http}]\n"}});
  CHECK(edges_of(drawing, Edge::Kind::overrides) ==
        Lines{"inbound_rule0>inbound_rule1 overrides", "inbound_rule0>inbound_rule2 overrides"});
}

TEST_CASE("only the directions that are asked for, and it is said when one is not managed") {
  const std::map<std::string, std::string> files{
      {"policy.yaml", "portpolicy: 1\ninbound: [{allow: 1/tcp}]\nforward: [{allow: 2/tcp}]\n"}};
  const Drawing all = drawn(files, {Direction::inbound, Direction::outbound, Direction::forward});
  CHECK(all.groups.size() == 2);
  CHECK(all.notes == Lines{"outbound is not managed: nothing is installed for it."});
  const Drawing one = drawn(files, {Direction::forward});
  REQUIRE(one.groups.size() == 1);
  CHECK(one.groups[0].title == "forward");
  // In forward there is no DHCP client.
  CHECK(one.groups[0].nodes[0].lines[0] == "base traffic: loopback icmp established invalid");
}

TEST_CASE("of many rules each file is drawn with its counts") {
  const Drawing each = drawn(two_files(drawing::most_rules / 2));
  CHECK(all_nodes(each.groups).size() == drawing::most_rules + 2);
  CHECK(edges_of(each, Edge::Kind::finding).size() == drawing::most_rules / 2);

  const std::size_t more = drawing::most_rules / 2 + 1;
  const Drawing files = drawn(two_files(more));
  const std::vector<Node> nodes = all_nodes(files.groups);
  CHECK(nodes.size() == 4);
  const std::string count = std::to_string(more);
  CHECK(node(nodes, "inbound_file2").lines ==
        Lines{"b.yaml", count + " rules", "  " + count + " deny", "PP301 x " + count});
  CHECK(edges_of(files, Edge::Kind::finding) == Lines{"inbound_file1>inbound_file2 PP301 x " + count});
  REQUIRE(files.notes.size() == 1);
  CHECK(files.notes[0].starts_with("More than 120 rules: each file is drawn"));
}

TEST_CASE("of many broken tests some are drawn, and the others are counted") {
  std::string text = "portpolicy: 1\ninbound: [{allow: tcp}]\ntests:\n  inbound:\n";
  for (std::size_t i = 0; i < drawing::most_broken + 2; ++i) text += "  - {deny: " + std::to_string(1 + i) + "/tcp}\n";
  const Drawing drawing = drawn({{"policy.yaml", text}});
  CHECK(edges_of(drawing, Edge::Kind::decides).size() == drawing::most_broken);
  CHECK(drawing.notes == Lines{"Of inbound 2 more tests or claims do not hold."});
}

}  // namespace portpolicy::test
