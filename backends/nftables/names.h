#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

/// Texts of a policy made fit for an nft script: identifiers, comments and log prefixes.
namespace portpolicy::nft {

/// What the kernel takes at most, without the NUL.
inline constexpr std::size_t most_comment_bytes = 127;
inline constexpr std::size_t most_log_prefix_bytes = 127;

/// As `printable`, and without `$`, which nft takes for a variable in a log prefix, quoted or not.
std::string log_prefix_text(std::string_view text);

/// Makes identifiers out of names, each one once.
class Identifiers {
 public:
  /// `<prefix><name><suffix>` with only letters, digits and `_`, cut to a length that nft takes; a number follows the
  /// name where another name has led to the same identifier.
  std::string make(std::string_view prefix, std::string_view name, std::string_view suffix = {});

 private:
  std::unordered_map<std::string, std::uint32_t> uses_;  ///< of each identifier: the last number that followed it
};

}  // namespace portpolicy::nft
