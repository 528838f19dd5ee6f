#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Words of messages.
namespace portpolicy {

/// "a, b and c"; `last` stands before the last one.
template <class Words>
std::string joined(const Words& words, std::string_view last) {
  std::string text;
  std::size_t left = words.size();
  for (const auto& word : words) {
    if (left != words.size()) text += left == 1 ? " " + std::string(last) + " " : ", ";
    text += word;
    --left;
  }
  return text;
}

/// "1 rule", "2 rules".
inline std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace portpolicy
