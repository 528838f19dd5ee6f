#include "compiler/diagnostics/source_map.h"

#include <doctest/doctest.h>

using namespace portpolicy;

TEST_SUITE("source map") {
  TEST_CASE("lines and columns count from one") {
    SourceMap sources;
    const FileId file = sources.add("policy.yaml", "one\ntwo\n");
    CHECK(sources.position(file, 0) == Position{1, 1});
    CHECK(sources.position(file, 3) == Position{1, 4});
    CHECK(sources.position(file, 4) == Position{2, 1});
    CHECK(sources.position(file, 8) == Position{3, 1});
  }

  TEST_CASE("columns count code points, not bytes") {
    SourceMap sources;
    const FileId file = sources.add("policy.yaml", "# caf\xc3\xa9 x");
    CHECK(sources.position(file, 8) == Position{1, 8});
  }

  TEST_CASE("a byte order mark is not counted") {
    SourceMap sources;
    const FileId file = sources.add("policy.yaml", "\xef\xbb\xbfportpolicy: 1\n");
    CHECK(sources.position(file, 3) == Position{1, 1});
    CHECK(sources.position(file, 4) == Position{1, 2});
  }

  TEST_CASE("columns of a line longer than a block are right on both sides of the block's end") {
    SourceMap sources;
    std::string text = "first\n";
    for (int i = 0; i < 2000; ++i) text += "\xc3\xa9";
    const FileId file = sources.add("policy.yaml", text);
    for (const std::uint32_t characters : {0u, 508u, 509u, 510u, 1021u, 1022u, 2000u}) {
      CHECK(sources.position(file, 6 + 2 * characters) == Position{2, characters + 1});
    }
  }

  TEST_CASE("a text whose size is a multiple of the block has a position at its end") {
    SourceMap sources;
    const FileId file = sources.add("policy.yaml", std::string(2048, 'x'));
    CHECK(sources.position(file, 2048) == Position{1, 2049});
    CHECK(sources.position(file, 5000) == Position{1, 2049});
  }

  TEST_CASE("a line comes without its line break, of either kind") {
    SourceMap sources;
    const FileId file = sources.add("policy.yaml", "one\r\ntwo\nthree");
    CHECK(sources.line(file, 1) == "one");
    CHECK(sources.line(file, 2) == "two");
    CHECK(sources.line(file, 3) == "three");
    CHECK(sources.line(file, 4) == "");
    CHECK(sources.line(file, 0) == "");
  }

  TEST_CASE("an empty file has one empty line") {
    SourceMap sources;
    const FileId file = sources.add("policy.yaml", "");
    CHECK(sources.position(file, 0) == Position{1, 1});
    CHECK(sources.line(file, 1) == "");
  }
}
