#include "compiler/syntax/yaml.h"

#include <chrono>
#include <string>

#include "tests/unit/syntax/loaded.h"

namespace portpolicy::test {
namespace {

using syntax::Node;

/// The tree as one line, with the bytes of each node: `{a@[a]: [b@[b]]@[[b]]}`.
struct Parsed {
  explicit Parsed(std::string text, std::size_t values = syntax::max_values) : values_left(values) {
    const FileId file = sources.add("t", std::move(text));
    tree = syntax::read_yaml(sources, file, values_left, diagnostics);
  }
  std::string bytes(Node node) const {
    return std::string(
        sources.text(node.where().file).substr(node.where().begin, node.where().end - node.where().begin));
  }
  Node at(std::initializer_list<std::size_t> path) const {
    Node node = tree->root();
    for (std::size_t index : path) node = *std::next(node.begin(), static_cast<std::ptrdiff_t>(index));
    return node;
  }
  SourceMap sources;
  Diagnostics diagnostics;
  std::size_t values_left;
  std::optional<syntax::Tree> tree;
};

}  // namespace

TEST_CASE("values are taken from what is left") {
  const std::string text = "a: [b, c]\nd: e\n";  // a mapping, two keys, a list, three words
  const Parsed fits(text, 7);
  CHECK(fits.tree.has_value());
  CHECK(fits.values_left == 0);
  const Parsed one_less(text, 6);
  CHECK_FALSE(one_less.tree.has_value());
  CHECK(one_less.values_left == 0);
  const std::vector<Diagnostic> findings = one_less.diagnostics.sorted();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].code == Code::too_large);
  CHECK(findings[0].primary.where.begin == text.find('e'));
}

namespace {

double seconds_to_refuse(const std::string& text, Code code) {
  const auto begin = std::chrono::steady_clock::now();
  const Loaded loaded(text);
  REQUIRE(loaded.findings.size() == 1);
  CHECK(to_string(loaded.findings[0].code) == to_string(code));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST_CASE("a scalar knows its place and its value") {
  const Parsed parsed("é: 10.0.0.0/8 # c\nq: \"a\\\"b\"\ns: 'it''s'\nm: two\n  lines\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.bytes(parsed.at({0})) == "é");
  CHECK(parsed.bytes(parsed.at({1})) == "10.0.0.0/8");
  CHECK(!parsed.at({1}).quoted());
  CHECK(parsed.bytes(parsed.at({3})) == "\"a\\\"b\"");
  CHECK(parsed.at({3}).text() == "a\"b");
  CHECK(parsed.at({3}).quoted());
  CHECK(parsed.bytes(parsed.at({5})) == "'it''s'");
  CHECK(parsed.at({5}).text() == "it's");
  CHECK(parsed.bytes(parsed.at({7})) == "two\n  lines");
  CHECK(parsed.at({7}).text() == "two lines");
}

TEST_CASE("sequences and mappings end where their text ends") {
  const Parsed parsed("a: [x, [y , z], ] # ]\nb: {k: v, n: {} , }\nc:\n  - d: e\n    f: [g]\n  - h\n# end\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.bytes(parsed.at({1})) == "[x, [y , z], ]");
  CHECK(parsed.bytes(parsed.at({1, 1})) == "[y , z]");
  CHECK(parsed.bytes(parsed.at({3})) == "{k: v, n: {} , }");
  CHECK(parsed.bytes(parsed.at({3, 3})) == "{}");
  CHECK(parsed.at({3, 3}).childless());
  CHECK(parsed.bytes(parsed.at({5})) == "- d: e\n    f: [g]\n  - h");
  CHECK(parsed.bytes(parsed.at({5, 0})) == "d: e\n    f: [g]");
  CHECK(parsed.at({5}).size() == 2);
}

TEST_CASE("brackets and comments inside a flow collection do not end it") {
  const Parsed parsed("a: [ # ] not here\n  'b]', # nor ] here\n  c\n  ]\nd: [k: v, \"q\":r]\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.bytes(parsed.at({1})) == "[ # ] not here\n  'b]', # nor ] here\n  c\n  ]");
  CHECK(parsed.bytes(parsed.at({3})) == "[k: v, \"q\":r]");
  CHECK(parsed.bytes(parsed.at({3, 0})) == "k: v");
}

TEST_CASE("a block of text ends with its last line") {
  const Parsed parsed("a: |\n  one\n\n   two\n\n# comment\nb: >-\n  x\n  y\nc: |2\n   p\n  q\nd: 1\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.bytes(parsed.at({1})) == "|\n  one\n\n   two");
  CHECK(parsed.at({1}).text() == "one\n\n two\n");
  CHECK(parsed.bytes(parsed.at({3})) == ">-\n  x\n  y");
  CHECK(parsed.at({3}).text() == "x y");
  CHECK(parsed.bytes(parsed.at({5})) == "|2\n   p\n  q");
  CHECK(parsed.at({5}).quoted());
}

TEST_CASE("a null stands at the sign that it should follow") {
  const Parsed parsed("a:\nb: ~\nc: [x,,y]\nd:\n  -\n  - z\ne: {k: , l}\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.at({1}).is_null());
  CHECK(parsed.at({1}).where() == Span{FileId(0), 1, 2});
  CHECK(parsed.bytes(parsed.at({3})) == "~");
  CHECK(parsed.at({5, 1}).is_null());
  CHECK(parsed.bytes(parsed.at({5, 1})) == ",");
  CHECK(parsed.bytes(parsed.at({7, 0})) == "-");
  CHECK(parsed.bytes(parsed.at({9, 1})) == ":");
  CHECK(parsed.bytes(parsed.at({9})) == "{k: , l}");
}

TEST_CASE("lines may end with a carriage return and a line feed") {
  const Parsed parsed("a: 1\r\nb: |\r\n  x\r\n  y\r\nc: [d,\r\n  e]\r\n");
  REQUIRE(parsed.tree);
  CHECK(parsed.bytes(parsed.at({1})) == "1");
  CHECK(parsed.bytes(parsed.at({3})) == "|\r\n  x\r\n  y");
  CHECK(parsed.bytes(parsed.at({5})) == "[d,\r\n  e]");
}

TEST_CASE("a byte order mark is not part of the text") {
  const Loaded loaded("\xEF\xBB\xBFportpolicy: 2\n");
  REQUIRE(loaded.findings.size() == 1);
  CHECK(loaded.at(loaded.findings[0].primary.where) == "2");
}

TEST_CASE("anchors, aliases, tags and merge keys are refused where they stand") {
  expect_one("a: &x 1", Code::anchor_or_alias, "&x", "anchors and aliases are not part");
  expect_one("a: !!str &x 1", Code::anchor_or_alias, "&x", "anchors and aliases are not part");
  expect_one("a: &x [*x]", Code::anchor_or_alias, "&x", "anchors and aliases are not part");
  expect_one("a: *x", Code::anchor_or_alias, "*x", "anchors and aliases are not part");
  expect_one("in: *", Code::anchor_or_alias, "*", "a bare `*` is an alias", "\"*\"");
  expect_one("a: !!str 1", Code::tag, "!!str", "tags are not part");
  expect_one("a: ! 1", Code::tag, "!", "tags are not part");
  expect_one("from: !10.0.0.0/8", Code::tag, "!10.0.0.0/8", "tags are not part", "except");
  expect_one("portpolicy: 1\n<<: {a: 1}\n", Code::anchor_or_alias, "<<", "merge keys");
}

TEST_CASE("a key is one word and stands once") {
  expect_one("portpolicy: 1\n[a, b]: c\n", Code::wrong_kind, "[a, b]", "a key is one word, not a list");
  expect_one("portpolicy: 1\ndefaults: {inbound: deny,,outbound: deny}\n", Code::empty_value, ",", "a key is missing");
  const Loaded loaded("portpolicy: 1\ntier: normal\ntier: baseline\n");
  REQUIRE(loaded.findings.size() == 1);
  CHECK(loaded.findings[0].code == Code::duplicate_key);
  CHECK(loaded.findings[0].primary.where.begin == 27);
  REQUIRE(loaded.findings[0].related.size() == 1);
  CHECK(loaded.findings[0].related[0].where.begin == 14);
  expect_one("portpolicy: 1\nnetworks: {a: 10.0.0.1, a: 10.0.0.2}\n", Code::duplicate_key, "a", "a second time");
}

TEST_CASE("one document a file") {
  expect_one("portpolicy: 1\n---\nb: 2\n", Code::several_documents, "---", "a second document");
  expect_one("portpolicy: 1\n...\nb: 2\n", Code::several_documents, "...", "a second document");
  expect_one(",", Code::yaml_syntax, ",", "unexpected `,`");
  expect_one(", a", Code::yaml_syntax, ",", "unexpected `,`");
  expect_one("\"a\",\"b\"", Code::yaml_syntax, ",", "unexpected `,`");
  expect_one("- a\nb: 1", Code::yaml_syntax, "b:", "does not line up");
  expect_one("%FOO bar\n---\nportpolicy: 1\n", Code::yaml_syntax, "%FOO", "directives");
  expect_one("%YAML 2.0\n---\nportpolicy: 1\n", Code::yaml_syntax, "%YAML", "directives");
  CHECK(Loaded("%YAML 1.2\n---\nportpolicy: 1\n...\n").findings.empty());
}

TEST_CASE("an open quote is reported at the quote, once") {
  for (const std::string text : {"a: \"x\nb: 3\n", "a: \"x\n", "a: \"x", "a: \"x\nb: \"y\"\nc: \"z\"\n",
                                 "a: \"x\\\n  y\"\n", "a: [\"x]\n", "a: \"x\n\n\n  \n"}) {
    expect_one(text, Code::unclosed_quote, "\"", "not closed on its line");
  }
  expect_one("a: 'x\nb: it's\nc: 1\n", Code::unclosed_quote, "'", "not closed on its line");
  const Loaded loaded("a: it's \"fine\"\nb: 'ok'\nc: \"open\nd: 1");
  REQUIRE(loaded.findings.size() == 1);
  CHECK(loaded.findings[0].primary.where.begin == 26);
}

TEST_CASE("what yaml-cpp refuses is said in our words at the true place") {
  expect_one("a:\n\tb: 1", Code::yaml_syntax, "\t", "a tab cannot indent");
  expect_one("a: 1\n  \tb: 1", Code::yaml_syntax, "\t", "a tab cannot indent");
  expect_one("a: [1, 2\nb: 3\n", Code::yaml_syntax, "[", "not closed", "`]`");
  expect_one("a: {x: 1\nb: 3\n", Code::yaml_syntax, "{", "not closed", "`}`");
  expect_one("a: [{b: c}, [d\n", Code::yaml_syntax, "[", "not closed");
  expect_one("a: 1\n b: 2", Code::yaml_syntax, "b", "indented deeper");
  expect_one("- allow: ssh\n    from: x", Code::yaml_syntax, "from", "indented deeper");
  expect_one("a: b: c", Code::yaml_syntax, ":", "a second `: `");
  expect_one("allow ssh\nfrom: x", Code::yaml_syntax, "allow ssh", "has no `: `");
  expect_one("a: ]", Code::yaml_syntax, "]", "closes nothing");
  expect_one("a: [b, c]]", Code::yaml_syntax, "]", "closes nothing");
  expect_one("a: @x", Code::yaml_syntax, "@", "cannot begin with `@`", "quotes");
  expect_one("a: \"\\q\"", Code::yaml_syntax, "\\q", "not an escape");
  expect_one("a: \"x\" y", Code::yaml_syntax, "y", "unexpected `y`");
  expect_one("a: - b", Code::yaml_syntax, "-", "a list item");
  expect_one("a: {b: 1 c: 2}", Code::yaml_syntax, "c", "a comma is missing");
  expect_one("a: [{b: c} d]", Code::yaml_syntax, "d", "a comma is missing");
}

TEST_CASE("bytes that no policy needs are refused") {
  using namespace std::string_literals;
  expect_one("a: \xC3\x28", Code::invalid_utf8, "\xC3", "0xc3");
  expect_one("a: \xED\xA0\x80", Code::invalid_utf8, "\xED", "0xed");
  expect_one("a: \xF5", Code::invalid_utf8, "\xF5", "0xf5");
  expect_one("a: \xE2\x82", Code::invalid_utf8, "\xE2", "0xe2");
  expect_one(
      "\xFF\xFE"
      "a\0"s,
      Code::invalid_utf8, "\xFF\xFE", "UTF-16");
  expect_one("a: x\0y"s, Code::yaml_syntax, "\0"s, "control character 0x00");
  expect_one("a: \x1B[31m", Code::yaml_syntax, "\x1B", "control character 0x1b");
  expect_one("a: \xC2\x9B", Code::yaml_syntax, "\xC2\x9B", "control character 0x9b");
  expect_one("a: x\rb: y", Code::yaml_syntax, "\r", "control character 0x0d");
}

TEST_CASE("hostile texts end quickly with one finding") {
  CHECK(seconds_to_refuse(std::string(100000, '['), Code::too_deep) < 2);
  CHECK(seconds_to_refuse(std::string(1 << 20, '{'), Code::too_deep) < 2);
  CHECK(seconds_to_refuse("a: " + std::string(40, '[') + std::string(40, ']'), Code::too_deep) < 2);
  std::string steps;
  for (std::size_t i = 0; i < 2000; ++i) steps += std::string(i, ' ') + "a:\n";
  CHECK(seconds_to_refuse(steps, Code::too_deep) < 2);
  std::string dashes;
  for (int i = 0; i < 300000; ++i) dashes += "- ";
  CHECK(seconds_to_refuse(dashes, Code::too_deep) < 2);
  CHECK(seconds_to_refuse("a: [" + std::string(3 << 20, ',') + "]", Code::too_large) < 2);
  std::string laughs = "a: &a [lol, lol]\n";
  for (char c = 'b'; c < 'j'; ++c) laughs += std::string(1, c) + ": &" + c + " [*" + static_cast<char>(c - 1) + "]\n";
  CHECK(seconds_to_refuse(laughs, Code::anchor_or_alias) < 2);
}

TEST_CASE("32 levels are not too deep") {
  const Parsed parsed(std::string(32, '[') + "x" + std::string(32, ']'));
  CHECK(parsed.tree);
  CHECK(!Parsed(std::string(33, '[') + "x" + std::string(33, ']')).tree);
}

}  // namespace
}  // namespace portpolicy::test
