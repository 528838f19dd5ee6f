#pragma once

#include <optional>
#include <string>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/file_reader.h"
#include "compiler/syntax/policy.h"

namespace portpolicy::syntax {

/// What a policy may be at most (docs/language.md, Sizes).
inline constexpr std::size_t max_policy_bytes = 32u << 20;  ///< of each policy file, and of all together
inline constexpr std::size_t max_list_bytes = 64u << 20;
inline constexpr std::size_t max_all_lists_bytes = 128u << 20;
inline constexpr std::size_t max_files = 65;  ///< the top file and 64 includes
inline constexpr std::size_t max_depth = 32;
inline constexpr std::size_t max_rules = 200'000;
inline constexpr std::size_t max_list_prefixes = 2'000'000;

/// Reads the policy at `path` with all that it includes. What is wrong in a file goes to `diagnostics` and the rest is
/// read on, so that one mistake yields one message; a result is there whenever the top file could be read.
std::expected<Policy, FileReader::Failure> load(const std::string& path, FileReader& reader, SourceMap& sources,
                                                Diagnostics& diagnostics);

}  // namespace portpolicy::syntax
