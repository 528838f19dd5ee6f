#include "tests/support/mutant.h"

#include <doctest/doctest.h>

#include <utility>

namespace portpolicy::test {

Mutant mutant_of(const std::string& text, const std::vector<std::size_t>& places, Random& random) {
  for (;;) {
    Mutant mutant{text, random.one_of(places)};
    const char other = text[random.one_of(places)];
    switch (random.below(4)) {
      case 0:
        mutant.text[mutant.where] = other;
        break;
      case 1:
        mutant.text.erase(mutant.where, 1);
        break;
      case 2:
        mutant.text.insert(mutant.where, 1, other);
        break;
      default:
        if (mutant.where + 1 < text.size()) std::swap(mutant.text[mutant.where], mutant.text[mutant.where + 1]);
    }
    if (mutant.text != text) return mutant;
  }
}

std::string line_at(const std::string& text, std::size_t at) {
  const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

Judgement judge(const Graph& policy, cli::Target target, const std::string& text) {
  SourceMap sources;
  Diagnostics diagnostics;
  const FileId artifact = sources.add("mutant", text);
  Judgement judgement{Fate::refused, cli::read_rules(target, {artifact}, std::nullopt, sources, diagnostics)};
  if (!judgement.rules) {
    CHECK(diagnostics.has_errors());
    return judgement;
  }
  const auto equality = cli::compare_with_policy(policy, *judgement.rules, cli::Kind::script, diagnostics);
  judgement.fate = equality == cli::Equality::equal       ? Fate::equal
                   : equality == cli::Equality::different ? Fate::different
                                                          : Fate::cannot_tell;
  CHECK(diagnostics.has_errors() == (judgement.fate != Fate::equal));
  return judgement;
}

std::string Fates::text() const {
  return std::to_string(count[0]) + " refused, " + std::to_string(count[1]) + " different, " +
         std::to_string(count[2]) + " cannot tell, " + std::to_string(count[3]) + " equal";
}

}  // namespace portpolicy::test
