#include "tests/unit/drawing/drawn.h"

namespace portpolicy::test {

using drawing::Drawing;
using drawing::Edge;
using drawing::Group;
using drawing::Node;

TEST_CASE("text cannot end a label, nor mean more in it than itself") {
  Drawing drawing;
  drawing.title = "\"; evil [label=\"";
  drawing.groups.push_back({Group::Kind::file, "cluster_a", "<b>a\\N&lt;</b>"});
  drawing.groups[0].nodes.push_back(
      {Node::Kind::allow, "a", {"line\nbreak", "{|}\x1b", "\xff \xe2\x80\xae"}, "a\\\"b"});
  drawing.edges.push_back({Edge::Kind::overrides, "a", "a", "", "", "\\\""});
  const std::string text = print_dot(drawing);
  CHECK(text.find(R"(label="\"; evil [label=\"\l";)") != std::string::npos);
  CHECK(text.find(R"(label="<b>a\\N&amp;lt;</b>";)") != std::string::npos);
  CHECK(text.find(R"(label="line\\nbreak\l{|}\\x1b\l\\xff \\u202e\l", tooltip="a\\\"b")") != std::string::npos);
  CHECK(text.find(R"(label="\\\"")") != std::string::npos);
}

TEST_CASE("the verdict is in the form too, not in the colour alone") {
  const auto form = [](Node::Kind kind) {
    Drawing drawing;
    drawing.groups.push_back({Group::Kind::file, "cluster_a", "a"});
    drawing.groups[0].nodes.push_back({kind, "a", {"x"}});
    const std::string text = print_dot(drawing);
    const std::size_t begin = text.find("a [shape=");
    REQUIRE(begin != std::string::npos);
    return text.substr(begin, text.find("fillcolor", begin) - begin);
  };
  CHECK(form(Node::Kind::allow) != form(Node::Kind::deny));
  CHECK(form(Node::Kind::allow) != form(Node::Kind::reject));
  CHECK(form(Node::Kind::deny) != form(Node::Kind::reject));
}

}  // namespace portpolicy::test
