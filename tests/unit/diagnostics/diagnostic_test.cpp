#include "compiler/diagnostics/diagnostic.h"

#include <doctest/doctest.h>

using namespace portpolicy;

namespace {

std::vector<std::string> messages(const std::vector<Diagnostic>& findings) {
  std::vector<std::string> result;
  for (const Diagnostic& finding : findings) result.push_back(finding.message);
  return result;
}

}  // namespace

TEST_SUITE("diagnostics") {
  TEST_CASE("findings are sorted by file, place and code") {
    Diagnostics diagnostics;
    diagnostics.add(Code::unknown_key, {FileId(1), 0, 4}, "second file");
    diagnostics.add(Code::unknown_name, {FileId(0), 9, 12}, "later name");
    diagnostics.add(Code::unknown_key, {FileId(0), 9, 12}, "later key");
    diagnostics.add(Code::conflict, {FileId(0), 2, 12}, "first");
    CHECK(messages(diagnostics.sorted()) ==
          std::vector<std::string>{"first", "later key", "later name", "second file"});
  }

  TEST_CASE("of findings that say the same at the same place one is kept") {
    Diagnostics diagnostics;
    diagnostics.add(Code::unknown_name, {FileId(0), 1, 2}, "a", "help");
    diagnostics.add(Code::unknown_name, {FileId(0), 1, 2}, "b");
    diagnostics.add(Code::unknown_name, {FileId(0), 1, 2}, "a", "other help");
    const std::vector<Diagnostic> sorted = diagnostics.sorted();
    REQUIRE(messages(sorted) == std::vector<std::string>{"a", "b"});
    CHECK(sorted[0].help == "help");
  }

  TEST_CASE("the severity is the table's unless the finding says otherwise") {
    Diagnostics diagnostics;
    diagnostics.add(Code::expired, {}, "ended");
    CHECK_FALSE(diagnostics.has_errors());
    diagnostics.add({.code = Code::expired, .severity = Severity::error, .message = "ended", .primary = {}});
    CHECK(diagnostics.errors() == 1);
    CHECK(diagnostics.count(Severity::warning) == 1);
    CHECK(diagnostics.count(Severity::note) == 0);
  }
}
