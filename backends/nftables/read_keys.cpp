#include "backends/nftables/read_keys.h"

#include <array>
#include <bit>

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

struct Name {
  std::string_view header, field;
  Key key;
};
constexpr std::array names{
    Name{"ip", "saddr", {Field::source, Type::ipv4, 0, {}}},
    Name{"ip", "daddr", {Field::destination, Type::ipv4, 0, {}}},
    Name{"ip", "protocol", {Field::ip_protocol, Type::protocol, 0, {}}},
    Name{"ip6", "saddr", {Field::source, Type::ipv6, 0, {}}},
    Name{"ip6", "daddr", {Field::destination, Type::ipv6, 0, {}}},
    Name{"tcp", "sport", {Field::source_port, Type::port, 6, {}}},
    Name{"tcp", "dport", {Field::destination_port, Type::port, 6, {}}},
    Name{"udp", "sport", {Field::source_port, Type::port, 17, {}}},
    Name{"udp", "dport", {Field::destination_port, Type::port, 17, {}}},
    Name{"sctp", "sport", {Field::source_port, Type::port, 132, {}}},
    Name{"sctp", "dport", {Field::destination_port, Type::port, 132, {}}},
    Name{"dccp", "sport", {Field::source_port, Type::port, 33, {}}},
    Name{"dccp", "dport", {Field::destination_port, Type::port, 33, {}}},
    Name{"udplite", "sport", {Field::source_port, Type::port, 136, {}}},
    Name{"udplite", "dport", {Field::destination_port, Type::port, 136, {}}},
    Name{"th", "sport", {Field::source_port, Type::port, 0, {}}},
    Name{"th", "dport", {Field::destination_port, Type::port, 0, {}}},
    Name{"icmp", "type", {Field::icmp_type, Type::icmp_type, 1, {}}},
    Name{"icmp", "code", {Field::icmp_code, Type::icmp_code, 1, {}}},
    Name{"icmpv6", "type", {Field::icmp_type, Type::icmpv6_type, 58, {}}},
    Name{"icmpv6", "code", {Field::icmp_code, Type::icmpv6_code, 58, {}}},
    Name{"ct", "state", {Field::state, Type::state, 0, {}}},
    Name{"meta", "l4proto", {Field::l4proto, Type::protocol, 0, {}}},
    Name{"meta", "nfproto", {Field::nfproto, Type::nfproto, 0, {}}},
    Name{"meta", "protocol", {Field::ethertype, Type::ethertype, 0, {}}},
    Name{"meta", "iifname", {Field::in_interface, Type::interface_name, 0, {}}},
    Name{"meta", "oifname", {Field::out_interface, Type::interface_name, 0, {}}},
    Name{"meta", "iif", {Field::in_interface, Type::interface_index, 0, {}}},
    Name{"meta", "oif", {Field::out_interface, Type::interface_index, 0, {}}},
};

/// Of the fields that need no `meta` before them.
std::string_view without_meta(std::string_view word) {
  for (const std::string_view known : {"iifname", "oifname", "iif", "oif"})
    if (word == known) return known;
  return {};
}

bool has_leading_bits_only(Uint128 mask, Type type) {
  const Uint128 host = greatest(type) & ~mask;
  return (host & (host + 1)) == 0;
}

/// Behind a field that may have one. False when it is a mask that the model does not have.
bool read_mask(Lexer& lexer, Key& key) {
  if (!lexer.peek().is("&") && !lexer.peek().is("and")) return true;
  if (key.type != Type::ipv4 && key.type != Type::ipv6) return false;
  lexer.next();
  const Token mask = lexer.next();
  const bool is_mask = (mask.kind == Kind::address && (mask.family == Family::ipv4) == (key.type == Type::ipv4)) ||
                       (mask.kind == Kind::number && mask.value <= greatest(key.type));
  if (!is_mask || !has_leading_bits_only(mask.value, key.type)) return false;
  key.mask = mask.value;
  return true;
}

std::optional<Key> key_named(Lexer& lexer) {
  const Token first = lexer.next();
  if (first.kind != Kind::word) return std::nullopt;
  std::string_view header = first.text, field = without_meta(first.text);
  if (!field.empty()) header = "meta";
  for (const Name& name : names) {
    if (name.header != header) continue;
    if (field.empty()) field = lexer.peek().kind == Kind::word ? lexer.peek().text : std::string_view("-");
    if (name.field != field) continue;
    if (first.text == header) lexer.next();
    return name.key;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Key> read_key(Lexer& lexer) {
  const Lexer before = lexer;
  std::optional<Key> key = key_named(lexer);
  if (key && read_mask(lexer, *key)) return key;
  lexer = before;
  return std::nullopt;
}

std::optional<std::vector<Key>> read_keys(Lexer& lexer) {
  std::vector<Key> keys;
  const Lexer before = lexer;
  do {
    const std::optional<Key> key = read_key(lexer);
    if (!key) {
      lexer = before;
      return std::nullopt;
    }
    keys.push_back(*key);
  } while (lexer.take("."));
  return keys;
}

}  // namespace portpolicy::nft::text
