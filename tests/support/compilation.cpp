#include "tests/support/compilation.h"

#include <utility>

#include "tests/support/memory_reader.h"

namespace portpolicy::test {

Compilation compile_texts(const std::map<std::string, std::string>& texts, Thoroughness thoroughness) {
  MemoryReader reader(texts);
  const Host host{*parse_date("2026-11-22")};
  Compilation result;
  auto compiled = compile("policy.yaml", reader, host, thoroughness, result.sources, result.diagnostics);
  result.compiled = std::move(compiled).value();
  return result;
}

Compilation compile_text(const std::string& text, Thoroughness thoroughness) {
  return compile_texts({{"policy.yaml", text}}, thoroughness);
}

}  // namespace portpolicy::test
