#include "backends/nftables/read_lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

// A value of this many variables within another, or of so many in one rule, was made to be too large.
constexpr std::size_t deepest_variable = 32;
constexpr std::uint32_t most_expansions = 100'000;

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
constexpr bool in_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.' || c == '/';
}

/// Behind four numbers with dots, or `begin` when none stand there.
const char* scan_ipv4(const char* begin, const char* end, Uint128& value) {
  std::uint32_t bits = 0;
  const char* at = begin;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && (at == end || *at++ != '.')) return begin;
    unsigned number = 0;
    int digits = 0;
    for (; at != end && is_digit(*at) && digits < 3; ++at, ++digits)
      number = number * 10 + static_cast<unsigned>(*at - '0');
    if (digits == 0 || number > 255) return begin;
    bits = bits << 8 | number;
  }
  if (at != end && is_digit(*at)) return begin;
  value = bits;
  return at;
}

/// Up to eight groups of an IPv6 address as they are read.
struct Groups {
  std::array<std::uint16_t, 8> values{};
  int count = 0;
  int gap = -1;  ///< how many stand before `::`

  Uint128 bits() const {
    Uint128 result = 0;
    const int zeros = 8 - count;
    for (int i = 0; i < 8; ++i) {
      const int from = gap < 0 || i < gap ? i : i - zeros;
      const bool in_gap = gap >= 0 && i >= gap && i < gap + zeros;
      result = result << 16 | (in_gap ? 0 : values[static_cast<std::size_t>(from)]);
    }
    return result;
  }
};

/// Behind an IPv6 address, or `begin` when none stands there.
const char* scan_ipv6(const char* begin, const char* end, Uint128& value) {
  Groups groups;
  const char* at = begin;
  if (*at == ':') {
    if (end - at < 2 || at[1] != ':') return begin;
    groups.gap = 0;
    at += 2;
  }
  while (groups.count < 8 && at != end && hex_value(*at) >= 0) {
    if (Uint128 tail = 0; groups.count <= 6 && (groups.count == 6 || groups.gap >= 0)) {
      if (const char* after = scan_ipv4(at, end, tail); after != at) {
        groups.values[static_cast<std::size_t>(groups.count++)] = static_cast<std::uint16_t>(tail >> 16);
        groups.values[static_cast<std::size_t>(groups.count++)] = static_cast<std::uint16_t>(tail);
        at = after;
        break;
      }
    }
    unsigned group = 0;
    int digits = 0;
    for (; at != end && hex_value(*at) >= 0 && digits < 4; ++at, ++digits)
      group = group << 4 | static_cast<unsigned>(hex_value(*at));
    groups.values[static_cast<std::size_t>(groups.count++)] = static_cast<std::uint16_t>(group);
    if (end - at < 2 || *at != ':') break;
    if (at[1] == ':') {
      if (groups.gap >= 0) break;
      groups.gap = groups.count;
      at += 2;
    } else if (hex_value(at[1]) >= 0 && groups.count < 8) {
      ++at;
    } else {
      break;
    }
  }
  if (groups.gap < 0 ? groups.count != 8 : groups.count > 7) return begin;
  value = groups.bits();
  return at;
}

/// Behind a hardware address of six bytes, or `begin`.
const char* scan_hardware(const char* begin, const char* end) {
  const char* at = begin;
  for (int part = 0; part < 6; ++part) {
    if (part > 0 && (at == end || *at++ != ':')) return begin;
    int digits = 0;
    for (; at != end && hex_value(*at) >= 0 && digits < 2; ++at) ++digits;
    if (digits == 0) return begin;
  }
  return at;
}

/// Whether nft writes no space between them.
bool is_joined(const Token& before, const Token& token) {
  const auto is_any = [](const Token& each, std::string_view symbols) {
    return each.kind == Kind::symbol && each.text.size() == 1 && symbols.contains(each.text[0]);
  };
  return is_any(before, "@(/-[") || is_any(token, "),;/-]");
}

bool is_header_base(const Token& token) {
  return token.is("ll") || token.is("nh") || token.is("th") || token.is("ih");
}

bool is_bit_operator(const Token& token) {
  return token.is("&") || token.is("|") || token.is("^") || token.is("and") || token.is("or") || token.is("xor");
}

std::string number_text(std::uint64_t number, bool as_bits) {
  if (!as_bits) return std::to_string(number);
  std::array<char, 18> text{'0', 'x'};
  return {text.data(), std::to_chars(text.data() + 2, text.data() + text.size(), number, 16).ptr};
}

}  // namespace

Lexer::Lexer(const Source& source, const Definitions& definitions, Extent extent, Newlines newlines)
    : source_(&source), definitions_(&definitions), newlines_(newlines) {
  const std::string_view text = source.text(extent);
  frame_ = {text.data(), text.data() + text.size()};
  position_ = last_end_ = token_end_ = extent.begin;
  advance();
}

Token Lexer::next() {
  last_end_ = token_end_;
  Token token = token_;
  advance();
  return token;
}

bool Lexer::take(std::string_view what) {
  if (!token_.is(what)) return false;
  next();
  return true;
}

void Lexer::jump_to(std::uint32_t position) {
  if (!outer_.empty()) {
    frame_ = outer_.front();
    outer_.clear();
  }
  frame_.at = source_->text().data() + position;
  last_end_ = token_end_ = position;
  advance();
}

std::string Lexer::text_up_to(const Lexer& other) const {
  std::string text;
  const auto there = [&](const Lexer& lexer) {
    return lexer.frame_.at == other.frame_.at && lexer.outer_.size() == other.outer_.size() &&
           lexer.token_.text.data() == other.token_.text.data();
  };
  Token before;
  int raw = 0;  // how many commas of `@th,16,16` are still to come
  for (Lexer copy = *this; !there(copy) && !copy.at_end(); before = copy.next()) {
    const Token& token = copy.peek();
    const bool in_raw = raw > 0 && (token.is(",") || before.is(","));
    if (!text.empty() && !in_raw && !is_joined(before, token)) text += ' ';
    if (before.is("@") && is_header_base(token)) raw = 2;
    else if (raw > 0 && before.is(",")) --raw;
    // `0x05` is 5, and quotes around a word mean nothing.
    const bool quotes = token.kind == Kind::quoted && !std::ranges::all_of(token.text, in_word);
    if (token.kind == Kind::number && token.value <= UINT64_MAX)
      text += number_text(static_cast<std::uint64_t>(token.value), is_bit_operator(before));
    else text += quotes ? '"' + std::string(token.text) + '"' : std::string(token.text);
  }
  return text;
}

void Lexer::advance() {
  if (outer_.empty()) {
    skip_spaces();
    position_ = static_cast<std::uint32_t>(frame_.at - source_->text().data());
  }
  token_ = read();
  if (outer_.empty()) token_end_ = static_cast<std::uint32_t>(frame_.at - source_->text().data());
}

/// Also goes back from the value of a variable that ends. False at the end of everything.
bool Lexer::skip_spaces() {
  for (;;) {
    if (frame_.at == frame_.end) {
      if (outer_.empty()) return false;
      frame_ = outer_.back();
      outer_.pop_back();
      continue;
    }
    const char c = *frame_.at;
    const bool continued = c == '\\' && frame_.end - frame_.at > 1 && frame_.at[1] == '\n';
    if (c == ' ' || c == '\t' || c == '\r') ++frame_.at;
    else if (continued) frame_.at += 2;
    else if (c == '\n' && (newlines_ == Newlines::are_spaces || !outer_.empty())) ++frame_.at;
    else if (c == '#') frame_.at = std::find(frame_.at, frame_.end, '\n');
    else return true;
  }
}

Token Lexer::make(Token::Kind kind, const char* begin, const char* end) {
  frame_.at = end;
  Token token;
  token.kind = kind;
  token.text = {begin, static_cast<std::size_t>(end - begin)};
  return token;
}

Token Lexer::bad(const char* begin, const char* end, std::string message) {
  Token token = make(Kind::bad, begin, end);
  source_->refuse(source_->extent(token.text), std::move(message));
  return token;
}

Token Lexer::read() {
  if (!skip_spaces()) return {};
  const char* const begin = frame_.at;
  const char c = *begin;
  if (c == '\n') return make(Kind::newline, begin, begin + 1);
  if (c == '$') return expand();
  if (c == '"') {
    const char* const close = std::find(begin + 1, frame_.end, '"');
    if (close == frame_.end) return bad(begin, begin + 1, "this quote is never closed");
    Token token = make(Kind::quoted, begin + 1, close);
    frame_.at = close + 1;
    return token;
  }
  if (is_digit(c) || hex_value(c) >= 0 || c == ':') {
    Uint128 value = 0;
    if (const char* end = scan_ipv6(begin, frame_.end, value); end != begin) {
      Token token = make(Kind::address, begin, end);
      token.value = value;
      token.family = Family::ipv6;
      return token;
    }
    if (const char* end = scan_hardware(begin, frame_.end); end != begin) return make(Kind::word, begin, end);
  }
  if (is_digit(c)) return read_number(begin);
  if (is_letter(c) || c == '_') return read_word(begin);
  const char second = frame_.end - begin > 1 ? begin[1] : '\0';
  const bool with_equals = second == '=' && (c == '=' || c == '!' || c == '<' || c == '>');
  if (with_equals || (second == c && (c == '<' || c == '>'))) return make(Kind::symbol, begin, begin + 2);
  if (std::string_view("{}()[],;:.-/*@=<>!&|^+~").find(c) != std::string_view::npos)
    return make(Kind::symbol, begin, begin + 1);
  return bad(begin, begin + 1, "nft has no such character here");
}

Token Lexer::read_word(const char* begin) {
  const char* end = std::find_if_not(begin, frame_.end, in_word);
  if (frame_.end - end > 1 && end[0] == '\\' && end[1] == '*') end += 2;
  else if (end != frame_.end && *end == '*') ++end;
  return make(Kind::word, begin, end);
}

/// A number, an IPv4 address, or a span of time such as `1h30m`.
Token Lexer::read_number(const char* begin) {
  Uint128 value = 0;
  if (const char* end = scan_ipv4(begin, frame_.end, value); end != begin) {
    Token token = make(Kind::address, begin, end);
    token.value = value;
    return token;
  }
  constexpr Uint128 huge = static_cast<Uint128>(1) << 120;
  const bool hex = begin[0] == '0' && frame_.end - begin > 2 && (begin[1] == 'x' || begin[1] == 'X');
  const unsigned base = hex ? 16 : *begin == '0' ? 8 : 10;  // as in C
  const char* at = begin + (hex ? 2 : 0);
  bool fits = true;
  for (; at != frame_.end && (hex ? hex_value(*at) >= 0 : is_digit(*at)); ++at) {
    const auto digit = static_cast<unsigned>(hex_value(*at));
    fits = fits && digit < base && value < huge;
    value = fits ? value * base + digit : value;
  }
  if (!hex && at != frame_.end && (is_letter(*at) || *at == '_'))
    return make(Kind::word, begin,
                std::find_if_not(at, frame_.end, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; }));
  if (!fits) return bad(begin, at, "this is no number");
  Token token = make(Kind::number, begin, at);
  token.value = value;
  return token;
}

/// Goes on in the value of a variable.
Token Lexer::expand() {
  const char* const begin = frame_.at;
  const char* const end = std::find_if_not(begin + 1, frame_.end, in_word);
  const std::string_view name(begin + 1, static_cast<std::size_t>(end - begin - 1));
  const Definition* definition = definitions_->find(name, source_->extent({begin, 1}).begin);
  if (definition == nullptr) return bad(begin, end, "`$" + std::string(name) + "` is not defined");
  if (outer_.size() == deepest_variable || ++expansions_ == most_expansions)
    return bad(begin, end, "`$" + std::string(name) + "` leads through too many other variables");
  frame_.at = end;
  outer_.push_back(frame_);
  const std::string_view value = source_->text(definition->value);
  frame_ = {value.data(), value.data() + value.size()};
  return read();
}

}  // namespace portpolicy::nft::text
