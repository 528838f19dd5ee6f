#include "backends/common/text.h"

namespace portpolicy::backend {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit) {
  std::string result(text.substr(0, limit));
  for (char& c : result) {
    if (c < ' ' || c > '~' || c == '"' || c == '\\') c = '?';
  }
  return result;
}

std::string comment_of(const filter::Origin& origin, std::size_t limit) {
  return printable(origin.place.empty() ? origin.name : origin.name + " " + origin.place, limit);
}

std::string words(std::string_view name, char separator, std::size_t limit) {
  std::string result;
  for (const char c : name) {
    if (is_word(c)) result += c;
    else if (!result.empty() && result.back() != separator) result += separator;
    if (result.size() == limit) break;
  }
  while (!result.empty() && result.back() == separator) result.pop_back();
  return result;
}

}  // namespace portpolicy::backend
