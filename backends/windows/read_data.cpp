#include "backends/windows/read_data.h"

#include <algorithm>
#include <utility>

#include "compiler/base/decimal.h"

namespace portpolicy::windows::text {
namespace {

constexpr std::string_view line_end = "\r\n";

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Parser {
 public:
  Parser(const Source& source, Extent part) : source_(source), at_(part.begin), end_(part.end) {}

  bool data(Data& data) {
    if (!variable("$PolicyDefaults") || !table(data.defaults) || !end_of_line()) return false;
    if (!variable("$PolicyLog") || !table(data.log) || !end_of_line()) return false;
    if (!variable("$PolicyRules") || !expect("@(") || !end_of_line()) return false;
    while (next_is("@{"))
      if (source_.is_hopeless() || !table(data.rules.emplace_back()) || !end_of_line()) return false;
    if (!expect(")") || !end_of_line()) return false;
    return at_ == end_ || refuse("the end of the policy");
  }

 private:
  bool variable(std::string_view name) { return expect(name) && expect("="); }
  bool table(Table& table);
  bool entry(Table& table);
  bool value(Entry& entry);
  bool literal(Entry& entry);

  void pass_blanks() {
    while (at_ < end_ && source_.text()[at_] == ' ') ++at_;
  }
  std::string_view rest() const { return source_.text(extent(at_, end_)); }
  bool next_is(std::string_view token) {
    pass_blanks();
    return rest().starts_with(token);
  }
  bool take(std::string_view token) {
    if (!next_is(token)) return false;
    at_ += token.size();
    return true;
  }
  bool expect(std::string_view token) { return take(token) || refuse("`" + std::string(token) + "`"); }
  bool end_of_line() { return take(line_end) || refuse("the end of the line"); }

  bool refuse(const std::string& expected) const {
    const std::string_view seen = rest().substr(0, rest().find(line_end));
    const std::string what = seen.empty() ? "the line ends" : quoted(seen) + " stands";
    return source_.refuse(
        extent(at_, at_ + std::max<std::size_t>(seen.size(), 1)), what + " where " + expected + " is expected",
        "between its marks a script holds nothing but values as `compile` writes them: compile again");
  }

  const Source& source_;
  std::size_t at_, end_;
};

bool Parser::table(Table& table) {
  pass_blanks();
  table.where = extent(at_, at_ + 2);
  if (!expect("@{") || !end_of_line()) return false;
  while (!take("}"))
    if (!entry(table) || !end_of_line()) return false;
  return true;
}

bool Parser::entry(Table& table) {
  pass_blanks();
  const std::size_t begin = at_;
  while (at_ < end_ && is_letter(source_.text()[at_])) ++at_;
  const Extent where = extent(begin, at_);
  const std::string_view key = source_.text(where);
  if (key.empty()) return refuse("a key or `}`");
  if (table.find(key) != nullptr)
    return source_.refuse(where, "the key " + quoted(key) + " stands twice", "keep one of them");
  Entry entry{key, where, false, {}};
  if (!expect("=") || !value(entry)) return false;
  table.entries.push_back(std::move(entry));
  return true;
}

bool Parser::value(Entry& entry) {
  if (!take("@(")) return literal(entry);
  entry.is_list = true;
  if (next_is(")"))
    return source_.refuse(entry.where,
                          "the list of " + quoted(entry.key) + " is empty, which Windows takes as any value",
                          "leave the key out if any value is meant");
  do {
    if (!entry.values.empty()) take(line_end);
    if (!literal(entry)) return false;
  } while (take(","));
  return expect(")");
}

bool Parser::literal(Entry& entry) {
  if (!next_is("'")) return refuse("a value in single quotes");
  const std::string_view text = source_.text();
  const std::size_t begin = at_++;
  std::string value;
  for (; at_ < end_ && text[at_] != '\r'; ++at_) {
    if (text[at_] != '\'') {
      value += text[at_];
      continue;
    }
    if (at_ + 1 < end_ && text[at_ + 1] == '\'') {
      value += text[at_++];
      continue;
    }
    entry.values.push_back({std::move(value), extent(begin, ++at_)});
    return true;
  }
  return source_.refuse(extent(begin, at_), "the quote does not end on its line", "compile the policy again");
}

}  // namespace

const Entry* Table::find(std::string_view key) const {
  const auto known = std::ranges::find(entries, key, &Entry::key);
  return known == entries.end() ? nullptr : &*known;
}

std::optional<Data> read_data(const Source& source, Extent part) {
  Data data;
  if (!Parser(source, part).data(data)) return std::nullopt;
  return data;
}

}  // namespace portpolicy::windows::text
