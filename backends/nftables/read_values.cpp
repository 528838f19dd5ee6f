#include "backends/nftables/read_values.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

Read refuse(const Source& source, const Token& token, std::string message) {
  if (token.kind != Kind::bad) source.refuse(source.extent(token.text), std::move(message));
  return Read::refused;
}

Read read_interface(const Source& source, Lexer& lexer, Interfaces& interfaces, Range& range) {
  const Token token = lexer.next();
  if (token.kind == Kind::number) return Read::unknown;  // an index, which the host gave
  if (!token.is_name()) return refuse(source, token, "nft expects an interface here");
  // An escaped star belongs to the name; the language has no such names.
  if (token.text.find('\\') != std::string_view::npos) return Read::unknown;
  const auto pattern = InterfacePattern::parse(token.text);
  if (!pattern || token.text == "*") return refuse(source, token, "this is no name of an interface");
  range.first = range.last = interfaces.number(*pattern);
  return Read::yes;
}

Read read_value(const Source& source, Lexer& lexer, Type type, Uint128& value) {
  const Token token = lexer.next();
  const bool of_addresses = type == Type::ipv4 || type == Type::ipv6;
  if (token.kind == Kind::address) {
    if (!of_addresses) return refuse(source, token, "nft expects no address here");
    if ((token.family == Family::ipv4) != (type == Type::ipv4))
      return refuse(source, token, "this address is of the other family");
    value = token.value;
    return Read::yes;
  }
  if (token.kind == Kind::number) {
    if (token.value > greatest(type)) return refuse(source, token, "this number is too large here");
    value = token.value;
    return Read::yes;
  }
  if (!token.is_name()) return refuse(source, token, "nft expects a value here");
  const std::optional<std::uint32_t> number = number_named(type, token.text);
  value = number.value_or(0);
  if (number) return Read::yes;
  // What nft asks the host for, it may know: names of hosts, services and protocols.
  if (of_addresses || type == Type::port || type == Type::protocol) return Read::unknown;
  return refuse(source, token, "nft knows no such value");
}

unsigned bits_of(Type type) {
  return type == Type::ipv4 ? 32 : type == Type::ipv6 ? 128 : greatest(type) > 255 ? 16 : 8;
}

}  // namespace

Uint128 greatest(Type type) {
  switch (type) {
    case Type::ipv4:
    case Type::state:
    case Type::interface_name:
    case Type::interface_index:
      return 0xffffffffu;
    case Type::ipv6:
      return ~Uint128{0};
    case Type::port:
    case Type::ethertype:
      return 0xffff;
    case Type::protocol:
    case Type::nfproto:
    case Type::icmp_type:
    case Type::icmp_code:
    case Type::icmpv6_type:
    case Type::icmpv6_code:
      return 0xff;
  }
  std::unreachable();
}

std::optional<Uint128> read_time_span(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::uint32_t milliseconds;
  };
  constexpr std::array<Unit, 5> units{{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
  constexpr Uint128 huge = Uint128{1} << 80;
  Uint128 sum = 0;
  if (text.empty()) return std::nullopt;
  for (auto unit = units.begin(); !text.empty(); ++unit) {
    const std::size_t digits = std::min(text.size(), text.find_first_not_of("0123456789"));
    Uint128 number = 0;
    for (const char digit : text.substr(0, digits))
      number = std::min(huge, number * 10 + static_cast<unsigned>(digit - '0'));
    text.remove_prefix(digits);
    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    unit = std::find_if(unit, units.end(), [&](const Unit& each) { return each.name == name; });
    if (digits == 0 || unit == units.end()) return std::nullopt;
    sum += number * unit->milliseconds;
    text.remove_prefix(name.size());
  }
  return sum;
}

std::uint32_t Interfaces::number(const InterfacePattern& pattern) {
  const auto [known, fresh] = numbers_.emplace(pattern, static_cast<std::uint32_t>(patterns_.size()));
  if (fresh) patterns_.push_back(pattern);
  return known->second;
}

Read read_range(const Source& source, Lexer& lexer, Type type, Interfaces& interfaces, Range& range) {
  if (type == Type::interface_name || type == Type::interface_index)
    return read_interface(source, lexer, interfaces, range);
  const Token first = lexer.peek();
  if (const Read read = read_value(source, lexer, type, range.first); read != Read::yes) return read;
  range.last = range.first;
  if (lexer.take("-")) {
    if (const Read read = read_value(source, lexer, type, range.last); read != Read::yes) return read;
    if (range.last < range.first) return refuse(source, first, "this range ends before it begins");
  } else if (lexer.take("/")) {
    const unsigned bits = bits_of(type);
    const Token length = lexer.next();
    if (length.kind != Kind::number || length.value > bits || type == Type::state)
      return refuse(source, length, "nft expects the length of a prefix here");
    const Uint128 host =
        length.value == 0 ? greatest(type) : (Uint128{1} << (bits - static_cast<unsigned>(length.value))) - 1;
    range.first &= ~host;
    range.last |= host;
  }
  return Read::yes;
}

}  // namespace portpolicy::nft::text
