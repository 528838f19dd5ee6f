#include "backends/windows/read_json.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "compiler/base/decimal.h"

namespace portpolicy::windows::text {
namespace {

constexpr std::size_t deepest = 16;
constexpr std::size_t most_values = 2'000'000;  // of about 50,000 rules
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
const std::string export_again = "export the rules again, and bring the file over whole";

/// Tells how far the parser has read, which it does not tell itself while all is well.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** read) : at_(at), read_(read) {}
  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *read_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    Cursor before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

 private:
  const char* at_;
  const char** read_;
};

/// Is called by the parser whenever it has read something.
class Builder {
 public:
  Builder(const Source& source, const char*& read) : source_(source), read_(read) {
    if (source.text().starts_with(byte_order_mark)) last_end_ = byte_order_mark.size();
  }
  std::optional<Json> take() { return std::move(root_); }

  bool null() { return scalar(Json::Kind::null); }
  bool boolean(bool value) { return scalar(Json::Kind::flag, {}, value); }
  bool number_integer(std::int64_t) { return scalar(Json::Kind::number); }
  bool number_unsigned(std::uint64_t) { return scalar(Json::Kind::number); }
  bool number_float(double, const std::string&) { return scalar(Json::Kind::number); }
  bool string(std::string& value) { return scalar(Json::Kind::text, std::move(value)); }
  bool binary(const nlohmann::json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Json::Kind::object); }
  bool start_array(std::size_t) { return open(Json::Kind::list); }
  bool end_array() { return close(); }
  bool end_object() { return no_key_twice() && close(); }
  bool key(std::string& key) {
    key_ = std::move(key);
    last_end_ = read();
    return true;
  }
  bool parse_error(std::size_t, const std::string& token, const nlohmann::json::exception&) {
    const std::size_t at = read();
    const bool is_mark = token.size() == 1 && std::string_view("{}[],:").find(token[0]) != std::string_view::npos;
    const bool at_end = source_.text().find_first_not_of(" \t\r\n", at) == std::string_view::npos;
    const bool is_whole = root_ && open_.empty();
    if (at_end && !is_mark && !is_whole) return source_.refuse(extent(at, at), "the JSON ends too early", export_again);
    return source_.refuse(extent(at == 0 ? 0 : at - 1, at), "what stands here is not JSON", export_again);
  }

 private:
  std::size_t read() const { return static_cast<std::size_t>(read_ - source_.text().data()); }

  /// Where the value is to be built; nothing when there are too many.
  Json* add(Json::Kind kind) {
    if (++count_ > most_values) {
      source_.refuse({0, 0}, "there are more than 2,000,000 values, which is more than any firewall has", export_again);
      return nullptr;
    }
    Json& value = open_.empty() ? root_.emplace() : open_.back()->inside.emplace_back();
    value.kind = kind;
    value.key = std::exchange(key_, {});
    const std::size_t begin = source_.text().find_first_not_of(" \t\r\n:,", last_end_);
    value.where = extent(begin, read());
    last_end_ = read();
    return &value;
  }
  bool scalar(Json::Kind kind, std::string text = {}, bool flag = false) {
    Json* value = add(kind);
    if (value == nullptr) return false;
    value->text = std::move(text);
    value->flag = flag;
    // Only behind the next character a number is known to end.
    if (kind == Json::Kind::number)
      value->where.end = static_cast<std::uint32_t>(
          std::min(source_.text().find_first_of(" \t\r\n,]}", value->where.begin), source_.text().size()));
    return true;
  }
  bool open(Json::Kind kind) {
    Json* value = add(kind);
    if (value == nullptr) return false;
    open_.push_back(value);
    if (open_.size() <= deepest) return true;
    return source_.refuse(value->where, "values stand in each other more than 16 deep", export_again);
  }
  bool close() {
    last_end_ = read();
    open_.back()->where.end = static_cast<std::uint32_t>(last_end_);
    open_.pop_back();
    return true;
  }
  bool no_key_twice() const {
    std::vector<const Json*> members;
    for (const Json& member : open_.back()->inside) members.push_back(&member);
    std::ranges::stable_sort(members, {}, &Json::key);
    const auto twice = std::ranges::adjacent_find(members, {}, &Json::key);
    if (twice == members.end()) return true;
    return source_.refuse((*std::next(twice))->where,
                          "the member " + quoted(std::string_view((*twice)->key)) + " stands twice", export_again);
  }

  const Source& source_;
  const char*& read_;
  std::optional<Json> root_;
  std::vector<Json*> open_;  // in each other
  std::string key_;
  std::size_t last_end_ = 0;  // of what was read before the value
  std::size_t count_ = 0;
};

bool is_utf16(std::string_view text) {
  return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") || text.substr(0, 2).find('\0') != text.npos;
}

}  // namespace

const Json* Json::find(std::string_view member) const {
  const auto known = std::ranges::find(inside, member, &Json::key);
  return known == inside.end() ? nullptr : &*known;
}

std::string_view to_string(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::null:
      return "`null`";
    case Json::Kind::flag:
      return "`true` or `false`";
    case Json::Kind::number:
      return "a number";
    case Json::Kind::text:
      return "a text";
    case Json::Kind::list:
      return "a list";
    case Json::Kind::object:
      return "an object";
  }
  std::unreachable();
}

std::optional<Json> read_json(const Source& source) {
  const std::string_view text = source.text();
  if (is_utf16(text)) {
    source.refuse({0, 0}, "the text is UTF-16, and JSON is UTF-8",
                  "write it with `Export-Rules.ps1 -Path FILE`; what Windows PowerShell redirects with `>` is UTF-16");
    return std::nullopt;
  }
  const char* read = text.data();
  Builder builder(source, read);
  const Cursor begin(text.data(), &read), end(text.data() + text.size(), &read);
  if (!nlohmann::json::sax_parse(begin, end, &builder)) return std::nullopt;
  return builder.take();
}

}  // namespace portpolicy::windows::text
