#include "compiler/diagnostics/render.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

using namespace portpolicy;

namespace {

/// One file, and findings at words of it.
struct Page {
  explicit Page(std::string text) : file(sources.add("policy.yaml", std::move(text))) {}

  Span at(std::string_view word) const {
    const std::size_t begin = sources.text(file).find(word);
    REQUIRE(begin != std::string_view::npos);
    return {file, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + word.size())};
  }
  std::string show(const Diagnostic& finding) const { return render_text({finding}, sources, Colour::off); }
  std::string show(Span where) const {
    return show({.code = Code::unknown_name, .severity = Severity::error, .message = "m", .primary = {where, ""}});
  }

  SourceMap sources;
  FileId file;
};

Packet ssh_packet() {
  Packet packet;
  packet.source = *Address::parse("10.1.0.1");
  packet.destination = *Address::parse("192.0.2.1");
  packet.protocol = protocols::tcp;
  packet.source_port = Port(40000);
  packet.destination_port = Port(22);
  return packet;
}

}  // namespace

TEST_SUITE("render text") {
  TEST_CASE("a finding shows both places, the packet and the help") {
    const Page page("inbound:\n  - {name: all, allow: ssh}\n  - {name: lab, deny: ssh}\n");
    const std::string text = page.show({.code = Code::conflict,
                                        .severity = Severity::error,
                                        .message = "rule `lab` never matches",
                                        .primary = {page.at("name: lab"), "this one"},
                                        .related = {{page.at("name: all"), "`all` takes all of it"}},
                                        .help = "move it above `all`",
                                        .witness = ssh_packet()});
    CHECK(text ==
          "policy.yaml:3:6: error[PP301]: rule `lab` never matches\n"
          "   |\n"
          " 3 |   - {name: lab, deny: ssh}\n"
          "   |      ^^^^^^^^^ this one\n"
          "policy.yaml:2:6: note: `all` takes all of it\n"
          "   |\n"
          " 2 |   - {name: all, allow: ssh}\n"
          "   |      ^^^^^^^^^\n"
          "   = packet: tcp 10.1.0.1:40000 -> 192.0.2.1:22\n"
          "   = help: move it above `all`\n");
  }

  TEST_CASE("several findings are parted by an empty line") {
    const Page page("a b\n");
    const Diagnostic a{.code = Code::tag, .severity = Severity::error, .message = "x", .primary = {page.at("a"), ""}};
    const Diagnostic b{.code = Code::tag, .severity = Severity::note, .message = "y", .primary = {page.at("b"), ""}};
    CHECK(render_text({a, b}, page.sources, Colour::off) ==
          "policy.yaml:1:1: error[PP105]: x\n   |\n 1 | a b\n   | ^\n\n"
          "policy.yaml:1:3: note[PP105]: y\n   |\n 1 | a b\n   |   ^\n");
    CHECK(render_text({}, page.sources, Colour::off).empty());
  }

  TEST_CASE("the gutter is as wide as the largest line number of the finding") {
    const Page page("one\n\n\n\n\n\n\n\n\nten\n");
    const std::string text = page.show({.code = Code::tag,
                                        .severity = Severity::error,
                                        .message = "m",
                                        .primary = {page.at("one"), ""},
                                        .related = {{page.at("ten"), "n"}}});
    CHECK(text ==
          "policy.yaml:1:1: error[PP105]: m\n    |\n  1 | one\n    | ^^^\n"
          "policy.yaml:10:1: note: n\n    |\n 10 | ten\n    | ^^^\n");
  }

  TEST_CASE("a tab is four columns and the carets stay under their word") {
    const Page page("\ta:\tword\n");
    CHECK(page.show(page.at("word")) ==
          "policy.yaml:1:5: error[PP201]: m\n   |\n 1 |     a:    word\n   |           ^^^^\n");
  }

  TEST_CASE("multibyte and wide characters before and in the span keep the carets in place") {
    const Page accents("# \xc3\xa9\xc3\xa9 word");
    CHECK(accents.show(accents.at("word")).ends_with("   |      ^^^^\n"));
    const Page wide("# \xe6\xbc\xa2 word");
    CHECK(wide.show(wide.at("word")).ends_with("   |      ^^^^\n"));
    CHECK(wide.show(wide.at("\xe6\xbc\xa2")).ends_with("   |   ^^\n"));
    const Page combining("# e\xcc\x81 word");
    CHECK(combining.show(combining.at("word")).ends_with("   |     ^^^^\n"));
  }

  TEST_CASE("what steers a terminal is escaped in the line, and the carets move with it") {
    const Page page("a\x1b[31m word\n");
    CHECK(page.show(page.at("word")) ==
          "policy.yaml:1:8: error[PP201]: m\n   |\n 1 | a\\x1b[31m word\n   |           ^^^^\n");
  }

  TEST_CASE("path, message, label, note, packet and help are escaped") {
    SourceMap sources;
    const FileId file = sources.add("p\x1b.yaml", "text");
    Packet packet = ssh_packet();
    packet.in = "eth\x1b";
    const std::string text = render_text({{.code = Code::tag,
                                           .severity = Severity::error,
                                           .message = "m\x1b",
                                           .primary = {{file, 0, 1}, "l\x1b"},
                                           .related = {{{file, 0, 2}, "n\x1b"}},
                                           .help = "h\x1b",
                                           .witness = packet}},
                                         sources, Colour::off);
    CHECK(text.find('\x1b') == std::string::npos);
    for (const char* part : {"p\\x1b.yaml", "m\\x1b", "l\\x1b", "n\\x1b", "h\\x1b", "eth\\x1b"}) {
      CAPTURE(part);
      CHECK(text.find(part) != std::string::npos);
    }
  }

  TEST_CASE("a span over several lines is cut at the end of its first line") {
    const Page page("  - allow: ssh\n    from: any\n");
    CHECK(page.show({page.file, 4, 28}) ==
          "policy.yaml:1:5: error[PP201]: m\n   |\n 1 |   - allow: ssh\n   |     ^^^^^^^^^^\n");
  }

  TEST_CASE("an empty span at the end of a line gets one caret behind it") {
    const Page page("from:\nx\n");
    CHECK(page.show({page.file, 5, 5}) == "policy.yaml:1:6: error[PP201]: m\n   |\n 1 | from:\n   |      ^\n");
  }

  TEST_CASE("a finding of the whole file shows no line") {
    const Page page("portpolicy: 1\n");
    CHECK(page.show({page.file, 0, 0}) == "policy.yaml:1:1: error[PP201]: m\n");
  }

  TEST_CASE("a byte order mark is not shown") {
    const Page page("\xef\xbb\xbfword\n");
    CHECK(page.show(page.at("word")) == "policy.yaml:1:1: error[PP201]: m\n   |\n 1 | word\n   | ^^^^\n");
  }

  TEST_CASE("a long line is cut to a window around the span") {
    const Page page(std::string(5000, 'a') + " word " + std::string(5000, 'b'));
    const std::string text = page.show(page.at("word"));
    CHECK(text.find(" 1 | ...aaaa") != std::string::npos);
    CHECK(text.find("a word b") != std::string::npos);
    CHECK(text.find("bbb...\n") != std::string::npos);
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      CHECK(end - begin <= 110);
      begin = end + 1;
    }
    const std::size_t shown = text.find("word") - text.find("...");
    const std::size_t carets = text.find("^^^^");
    CHECK(carets - text.rfind("   | ", carets) - 5 == shown);
    CHECK(text.find("^^^^^") == std::string::npos);
  }

  TEST_CASE("a long line that begins with the span is cut only behind it") {
    const Page page("word " + std::string(5000, 'b'));
    CHECK(page.show(page.at("word")).find(" 1 | word bbb") != std::string::npos);
  }

  TEST_CASE("a span longer than the window is underlined as far as it is shown") {
    const Page page(std::string(5000, 'x'));
    CHECK(page.show({page.file, 0, 5000}).ends_with("   | " + std::string(100, '^') + "\n"));
  }

  TEST_CASE("help of several lines keeps them, under one another") {
    const Page page("x\n");
    const std::string text = page.show({.code = Code::tag,
                                        .severity = Severity::error,
                                        .message = "m",
                                        .primary = {page.at("x"), ""},
                                        .help = "write\n  - allow: ssh"});
    CHECK(text.ends_with("   = help: write\n             - allow: ssh\n"));
  }

  TEST_CASE("colours come only when asked for, and take nothing away") {
    const Page page("a\n");
    const std::vector<Diagnostic> findings{
        {.code = Code::tag, .severity = Severity::warning, .message = "m", .primary = {page.at("a"), "l"}}};
    std::string coloured = render_text(findings, page.sources, Colour::on);
    CHECK(coloured.find("\x1b[1;33mwarning[PP105]\x1b[0m") != std::string::npos);
    for (std::size_t begin; (begin = coloured.find('\x1b')) != std::string::npos;) {
      coloured.erase(begin, coloured.find('m', begin) + 1 - begin);
    }
    CHECK(coloured == render_text(findings, page.sources, Colour::off));
  }
}

TEST_SUITE("escape") {
  TEST_CASE("text that people read stays as it is") {
    CHECK(escaped("caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80 \\ `x`") ==
          "caf\xc3\xa9 \xe6\xbc\xa2 \xf0\x9f\x98\x80 \\ `x`");
  }

  TEST_CASE("controls, bidirectional overrides and invisible characters are shown as numbers") {
    CHECK(escaped(std::string_view("\0\t\n\r\x1b\x7f", 6)) == "\\x00\\t\\n\\r\\x1b\\x7f");
    CHECK(escaped("\xc2\x9b") == "\\u009b");
    CHECK(escaped("\xe2\x80\xae") == "\\u202e");
    CHECK(escaped("\xe2\x81\xa6") == "\\u2066");
    CHECK(escaped("\xe2\x80\x8b") == "\\u200b");
    CHECK(escaped("\xef\xbb\xbf") == "\\ufeff");
    CHECK(escaped("\xf3\xa0\x81\x81") == "\\U000e0041");
  }

  TEST_CASE("bytes that are not UTF-8 are shown one by one") {
    CHECK(escaped("\xff") == "\\xff");
    CHECK(escaped("\xc3") == "\\xc3");
    CHECK(escaped("\xc0\xaf") == "\\xc0\\xaf");
    CHECK(escaped("\xe0\x80\x80") == "\\xe0\\x80\\x80");
    CHECK(escaped("\xed\xa0\x80") == "\\xed\\xa0\\x80");
    CHECK(escaped("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
    CHECK(escaped("\xc3(") == "\\xc3(");
  }
}

TEST_SUITE("summary") {
  TEST_CASE("it counts each severity and leaves out what is not there") {
    const Diagnostic error{.code = Code::tag, .severity = Severity::error, .message = "", .primary = {}};
    const Diagnostic warning{.code = Code::tag, .severity = Severity::warning, .message = "", .primary = {}};
    const Diagnostic note{.code = Code::tag, .severity = Severity::note, .message = "", .primary = {}};
    CHECK(summary({error, warning, error}) == "2 errors, 1 warning");
    CHECK(summary({note}) == "1 note");
    CHECK(summary({}).empty());
  }
}

TEST_SUITE("render json") {
  TEST_CASE("a finding has the fixed form on one line") {
    const Page page("inbound:\n  - allow: ssh\n    from: x\n");
    const std::string text = render_json({{.code = Code::conflict,
                                           .severity = Severity::error,
                                           .message = "m",
                                           .primary = {{page.file, 13, 34}, "unused"},
                                           .related = {{page.at("from"), "there"}},
                                           .help = "h",
                                           .witness = ssh_packet()}},
                                         page.sources);
    CHECK(text ==
          R"({"format_version":1,"findings":[{"code":"PP301","severity":"error","message":"m","file":"policy.yaml",)"
          R"("line":2,"column":5,"end_line":3,"end_column":11,)"
          R"("related":[{"message":"there","file":"policy.yaml","line":3,"column":5}],)"
          R"("witness":{"direction":"inbound","source":"10.1.0.1","destination":"192.0.2.1","protocol":"tcp",)"
          R"("source_port":40000,"destination_port":22,"state":"new"},"help":"h"}]})"
          "\n");
  }

  TEST_CASE("a finding without packet and related places says so") {
    const Page page("x");
    const auto json = nlohmann::json::parse(
        render_json({{.code = Code::tag, .severity = Severity::note, .message = "m", .primary = {page.at("x"), ""}}},
                    page.sources));
    CHECK(json["findings"][0]["witness"].is_null());
    CHECK(json["findings"][0]["related"] == nlohmann::json::array());
    CHECK(json["findings"][0]["severity"] == "note");
  }

  TEST_CASE("no findings are an empty list") {
    CHECK(render_json({}, SourceMap()) == "{\"format_version\":1,\"findings\":[]}\n");
  }

  TEST_CASE("bytes that are not UTF-8 are replaced and the rest stays") {
    const Page page("x");
    const std::string text = render_json(
        {{.code = Code::tag, .severity = Severity::note, .message = "a\xff\"b", .primary = {page.at("x"), ""}}},
        page.sources);
    CHECK(nlohmann::json::parse(text)["findings"][0]["message"] == "a\xef\xbf\xbd\"b");
  }
}
