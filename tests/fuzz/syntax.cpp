#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "compiler/diagnostics/render.h"
#include "compiler/syntax/load.h"
#include "tests/support/memory_reader.h"

/// Any bytes are a policy or have findings, each at a place inside its file; what comes after a form feed is a list
/// file and a second policy for it to include.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portpolicy;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = std::min(input.find('\f'), size);
  const std::string rest(input.substr(std::min(split + 1, size)));
  test::MemoryReader reader(
      {{"policy.yaml", std::string(input.substr(0, split))}, {"list", rest}, {"other.yaml", rest}, {"<lib>", rest}});
  SourceMap sources;
  Diagnostics diagnostics;
  const auto policy = syntax::load("policy.yaml", reader, sources, diagnostics);
  if (!policy) __builtin_trap();
  for (const Diagnostic& finding : diagnostics.all()) {
    const Span where = finding.primary.where;
    if (where.begin > where.end || where.end > sources.text(where.file).size()) __builtin_trap();
  }
  for (const syntax::File& file : policy->files) {
    for (const auto& rules : file.rules) {
      for (const syntax::Rule& rule : rules) {
        const std::size_t text_size = sources.text(rule.where.file).size();
        if (rule.services.empty() || rule.where.begin >= rule.where.end || rule.where.end > text_size) __builtin_trap();
      }
    }
  }
  render_text(diagnostics.sorted(), sources, Colour::off);
  return 0;
}
