#include "backends/nftables/names.h"

#include <algorithm>

namespace portpolicy::nft {
namespace {

/// Far below the 255 bytes that nft takes, so that prefix, number and suffix always fit.
constexpr std::size_t most_name_bytes = 100;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// `team/web.yaml:inbound[0]` -> `team_web_yaml_inbound_0`.
std::string words(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (is_word(c)) result += c;
    else if (!result.empty() && result.back() != '_') result += '_';
    if (result.size() == most_name_bytes) break;
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  return result;
}

}  // namespace

std::string comment_text(std::string_view text, std::size_t limit) {
  std::string result(text.substr(0, limit));
  for (char& c : result) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\') c = '?';
  }
  return result;
}

std::string log_prefix_text(std::string_view text) {
  std::string result = comment_text(text, most_log_prefix_bytes);
  std::replace(result.begin(), result.end(), '$', '?');
  return result;
}

std::string Identifiers::make(std::string_view prefix, std::string_view name, std::string_view suffix) {
  const std::string stem = std::string(prefix) + words(name);
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
