#include "compiler/compile.h"

#include <sha2.h>

#include <array>
#include <utility>

#include "compiler/checks/checks.h"
#include "compiler/graph/lower.h"
#include "compiler/syntax/load.h"

namespace portpolicy {

std::expected<Compiled, FileReader::Failure> compile(const std::string& path, FileReader& reader, const Host& host,
                                                     Thoroughness thoroughness, SourceMap& sources,
                                                     Diagnostics& diagnostics) {
  auto policy = syntax::load(path, reader, sources, diagnostics);
  if (!policy) return std::unexpected(std::move(policy.error()));
  Compiled compiled{std::move(*policy), {}, {}, {}};
  compiled.graph = build(compiled.policy, host, diagnostics);
  // What a policy means is only asked of one that can be read without doubt.
  if (diagnostics.has_errors()) return compiled;
  checks::conflicting(compiled.graph, diagnostics);
  checks::matching_nothing(compiled.graph, diagnostics);
  if (!diagnostics.has_errors()) {
    checks::effects(compiled.graph, thoroughness == Thoroughness::errors, diagnostics);
    compiled.outcomes = checks::claims(compiled.graph, diagnostics);
  }
  if (thoroughness != Thoroughness::errors) {
    checks::empty_parts(compiled.policy, compiled.graph, diagnostics);
    checks::icmp_answers(compiled.policy, compiled.graph, diagnostics);
    checks::unused(compiled.policy, diagnostics);
    checks::ending_soon(compiled.policy, host, diagnostics);
  }
  checks::waive(compiled.policy, thoroughness != Thoroughness::errors, diagnostics);
  if (!diagnostics.has_errors()) compiled.filter = lower(compiled.graph, sources);
  return compiled;
}

std::string revision(const SourceMap& sources) {
  SHA2_CTX context;
  SHA256Init(&context);
  const auto take = [&](std::string_view bytes) {
    const std::string length = std::to_string(bytes.size()) + ":";
    SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(length.data()), length.size());
    SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  };
  for (std::size_t i = 0; i < sources.size(); ++i) {
    take(sources.title(FileId{i}));
    take(sources.text(FileId{i}));
  }
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256Final(digest.data(), &context);
  std::string text;
  for (std::size_t i = 0; i < 8; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace portpolicy
