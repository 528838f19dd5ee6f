#include "cli/choices.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cctype>

#include "cli/usage.h"

namespace portpolicy::cli {

std::vector<std::string> choices(const CLI::Option& option) {
  const std::string list = option.get_type_name();
  std::vector<std::string> words;
  if (std::ranges::none_of(list, [](unsigned char letter) { return std::islower(letter) != 0; })) return words;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find('|', begin), list.size());
    words.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::optional<int> refuse_other_words(const CLI::App& command, Io& io) {
  for (const CLI::Option* option : command.get_options()) {
    const std::vector<std::string> words = choices(*option);
    if (words.empty()) continue;
    for (const std::string& given : option->results()) {
      if (std::ranges::find(words, given) != words.end()) continue;
      const std::vector<std::string_view> views(words.begin(), words.end());
      return bad_choice(io, command.get_name(), option->get_name(), given, views);
    }
  }
  return std::nullopt;
}

}  // namespace portpolicy::cli
