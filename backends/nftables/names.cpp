#include "backends/nftables/names.h"

#include <algorithm>

#include "backends/common/text.h"

namespace portpolicy::nft {
namespace {

/// Far below the 255 bytes that nft takes, so that prefix, number and suffix always fit.
constexpr std::size_t most_name_bytes = 100;

}  // namespace

std::string log_prefix_text(std::string_view text) {
  std::string result = backend::printable(text, most_log_prefix_bytes);
  std::replace(result.begin(), result.end(), '$', '?');
  return result;
}

std::string Identifiers::make(std::string_view prefix, std::string_view name, std::string_view suffix) {
  const std::string stem = std::string(prefix) + backend::words(name, '_', most_name_bytes);
  std::string identifier = stem + std::string(suffix);
  std::uint32_t& last = uses_.try_emplace(identifier, 0).first->second;
  for (++last; last > 1; ++last) {
    identifier = stem + "_" + std::to_string(last) + std::string(suffix);
    // References into an unordered_map stay good when it grows.
    if (uses_.try_emplace(identifier, 1).second) break;
  }
  return identifier;
}

}  // namespace portpolicy::nft
