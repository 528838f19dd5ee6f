#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line_library.h"
#include "cli/io.h"

/// An option that takes one of a closed list of words has these as its type name: `text|json`. Placeholders such as FILE
/// have no small letters. So the words stand in one place: help shows them there, the command line is judged by them,
/// and the manual and the completions are made from them.
namespace portpolicy::cli {

/// The type name of an option that takes one of these, which are words or have a `to_string`.
template <class Words>
std::string choice_of(const Words& words) {
  std::string joined;
  for (const auto& word : words) {
    joined += joined.empty() ? "" : "|";
    if constexpr (requires { to_string(word); }) joined += to_string(word);
    else joined += word;
  }
  return joined;
}

/// The words that the option may be given; none when it takes others than those of a list.
std::vector<std::string> choices(const CLI::Option& option);

/// Says when an option of the command was given a word that it does not take; the exit code then.
std::optional<int> refuse_other_words(const CLI::App& command, Io& io);

}  // namespace portpolicy::cli
