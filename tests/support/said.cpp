#include "tests/support/said.h"

#include <stdexcept>

namespace portpolicy::test {

namespace {

template <class Set>
Set read(const Result<Set>& result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *result;
}

AddressSet named(cli::PolicyWords& words, const std::string& word) {
  for (const Family family : families) {
    const std::string name{to_string(family)}, behind = " (" + name + ")";
    if (word == "any " + name) return AddressSet::all(family);
    if (word.ends_with(behind))
      return intersect(named(words, word.substr(0, word.size() - behind.size())), AddressSet::all(family));
  }
  return read(words.networks(word));
}

}  // namespace

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = text.find(separator, begin);
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + separator.size();
  }
}

std::optional<AddressSet> addresses_said(cli::PolicyWords& words, const std::vector<std::string>& said) {
  AddressSet all;
  for (const std::string& word : said) {
    if (word.ends_with(" more")) return std::nullopt;
    const std::size_t except = word.find(" except ");
    AddressSet set = named(words, word.substr(0, except));
    if (except != std::string::npos)
      for (const std::string& left_out : split(std::string_view(word).substr(except + 8), ", "))
        set = subtract(set, named(words, left_out));
    all = unite(all, set);
  }
  return all;
}

InterfaceSet interfaces_said(cli::PolicyWords& words, std::string_view said) {
  InterfaceSet all;
  for (const std::string& term : split(said, ", ")) {
    const std::size_t except = term.find(" except ");
    InterfaceSet set = read(words.interfaces(term.substr(0, except)));
    if (except != std::string::npos)
      for (const std::string& left_out : split(std::string_view(term).substr(except + 8), " and "))
        set = subtract(set, read(words.interfaces(left_out)));
    all = unite(all, set);
  }
  return all;
}

}  // namespace portpolicy::test
