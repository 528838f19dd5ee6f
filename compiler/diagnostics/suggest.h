#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace portpolicy {

/// The candidate that `word` most likely was meant to be: at most a third of its length, and at most two, edits away
/// (Damerau-Levenshtein, case ignored); the first of equally near ones.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

/// "did you mean `x`?" or nothing at all.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace portpolicy
