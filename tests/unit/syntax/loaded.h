#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/syntax/load.h"
#include "tests/support/memory_reader.h"

namespace portpolicy::test {

/// A policy loaded from memory, with everything that came of it.
struct Loaded {
  explicit Loaded(MemoryReader reader, const std::string& top = "policy.yaml") {
    auto result = syntax::load(top, reader, sources, diagnostics);
    REQUIRE(result.has_value());
    policy = *std::move(result);
    findings = diagnostics.sorted();
  }
  explicit Loaded(std::string text) : Loaded(MemoryReader({{"policy.yaml", std::move(text)}})) {}

  const syntax::File& top() const { return policy.files[0]; }
  std::string at(Span span) const {
    return std::string(sources.text(span.file).substr(span.begin, span.end - span.begin));
  }

  SourceMap sources;
  Diagnostics diagnostics;
  syntax::Policy policy;
  std::vector<Diagnostic> findings;
};

/// That `text` has one finding, with this code, at exactly these bytes, and that message and help say these words.
inline void expect_one(const std::string& text, Code code, std::string_view place, std::string_view message,
                       std::string_view help = {}) {
  CAPTURE(text);
  const Loaded loaded(text);
  for (const Diagnostic& finding : loaded.findings) INFO(to_string(finding.code) << " " << finding.message);
  REQUIRE(loaded.findings.size() == 1);
  const Diagnostic& finding = loaded.findings[0];
  CHECK(to_string(finding.code) == to_string(code));
  CHECK(loaded.at(finding.primary.where) == place);
  CHECK_MESSAGE(finding.message.find(message) != std::string::npos, finding.message);
  CHECK_MESSAGE(finding.help.find(help) != std::string::npos, finding.help);
}

/// The same for the one rule of a policy.
inline void expect_one_in_rule(std::string_view rule, Code code, std::string_view place, std::string_view message,
                               std::string_view help = {}) {
  expect_one("portpolicy: 1\ninbound:\n  - " + std::string(rule) + "\n  - allow: https\n", code, place, message, help);
}

}  // namespace portpolicy::test
