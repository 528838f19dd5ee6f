#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/artifact.h"
#include "tests/support/random_policy.h"

/// Artifacts with one character changed, and what comes of them.
namespace portpolicy::test {

struct Mutant {
  std::string text;
  std::size_t where = 0;
};

/// One of these places changed: another character, none, one more, or two that change places.
Mutant mutant_of(const std::string& text, const std::vector<std::size_t>& places, Random& random);

/// The line of a text that this place is in.
std::string line_at(const std::string& text, std::size_t at);

enum class Fate : std::uint8_t { refused, different, cannot_tell, equal };

struct Judgement {
  Fate fate = Fate::refused;
  std::optional<cli::ForeignRules> rules;
};
/// Reads an artifact of this kind and compares it with the policy. Holds that there is an error unless it is equal.
Judgement judge(const Graph& policy, cli::Target target, const std::string& text);

/// How many came to each end.
struct Fates {
  std::array<std::size_t, 4> count{};
  void add(Fate fate) { ++count[static_cast<std::size_t>(fate)]; }
  std::size_t all() const { return count[0] + count[1] + count[2] + count[3]; }
  std::size_t caught() const { return all() - count[static_cast<std::size_t>(Fate::equal)]; }
  std::string text() const;
};

}  // namespace portpolicy::test
