#include "compiler/syntax/pattern.h"

#include <array>
#include <vector>

#include "compiler/base/limit.h"
#include "compiler/base/transport.h"
#include "compiler/registry/registry.h"

namespace portpolicy::syntax::pattern {
namespace {

constexpr std::string_view name_form = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";
/// Blanks that `read_text` takes off the end: a block of text ends with a line break.
constexpr std::string_view trailing_blank = "[ \\t\\r\\n]*";

std::string group(std::string_view inside) {
  return "(?:" + std::string(inside) + ")";
}
std::string optional(std::string_view inside) {
  return group(inside) + "?";
}
std::string whole(std::string_view inside) {
  return "^" + group(inside) + "$";
}
/// Not these words.
std::string none_of(std::string_view words) {
  return "(?!" + group(words) + "$)";
}

std::string digits(std::size_t count) {
  if (count == 0) return "";
  return "[0-9]" + (count == 1 ? "" : "{" + std::to_string(count) + "}");
}

std::string alternatives(std::span<const std::string_view> words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += '|';
    for (const char c : word) text += c == '.' ? "\\." : std::string(1, c);
  }
  return text;
}

/// A name of a network or a service. All digits, dots and dashes are read as addresses or ports.
std::string defined_name() {
  const std::string number = "0o[0-7]+|0x[0-9A-Fa-f]+|[0-9]+(?:\\.[0-9]*)?[eE][+-]?[0-9]+";
  return none_of("[0-9.-]*|true|True|TRUE|false|False|FALSE|" + number) + std::string(name_form);
}

std::string port() {
  return group(decimal(1, 65535));
}
std::string port_range() {
  return port() + optional("-" + port());
}

std::string icmp_types(Family family) {
  std::vector<std::string_view> names;
  for (const registry::IcmpName& each : registry::icmp_names(family)) names.push_back(each.name);
  const std::string number = group(decimal(0, 255));
  return group(alternatives(names) + "|" + number + optional(":" + number));
}

std::vector<std::string_view> protocol_names() {
  std::vector<std::string_view> names;
  for (unsigned number = 0; number < 256; ++number) {
    if (const auto known = name_of(Protocol{static_cast<std::uint8_t>(number)})) names.push_back(*known);
  }
  return names;
}

std::string protocols_with_ports() {
  std::vector<std::string_view> names;
  for (const std::string_view each : protocol_names()) {
    if (has_ports(*protocol_named(each))) names.push_back(each);
  }
  return group(alternatives(names));
}

}  // namespace

std::string decimal(std::uint32_t least, std::uint32_t most) {
  const std::string last = std::to_string(most);
  std::string text = least == 0 ? "0|" : "";
  for (std::size_t length = 1; length < last.size(); ++length) text += "[1-9]" + digits(length - 1) + "|";
  // As long as `most`: alike up to one digit, and less there.
  for (std::size_t at = 0; at < last.size(); ++at) {
    const char lowest = at == 0 ? '1' : '0';
    if (last[at] <= lowest) continue;
    const char below = static_cast<char>(last[at] - 1);
    const std::string range = below == lowest ? std::string(1, below) : std::string{'[', lowest, '-', below, ']'};
    text += last.substr(0, at) + range + digits(last.size() - at - 1) + "|";
  }
  return text + last;
}

std::string one_of(std::span<const std::string_view> words) {
  return whole(alternatives(words));
}

std::string name() {
  return whole(std::string(name_form) + std::string(trailing_blank));
}

std::string rule_name() {
  return whole(none_of("(?:default|unmanaged)" + std::string(trailing_blank)) + std::string(name_form) +
               std::string(trailing_blank));
}

std::string interface_name() {
  return whole(name_form);
}

std::string rule() {
  return whole(std::string(name_form) + std::string(trailing_blank) +
               "|[\\s\\S]*(?:inbound|outbound|forward)\\[[0-9]+\\]");
}

std::string network_name() {
  return whole(none_of(alternatives(registry::network_names())) + defined_name());
}

std::string service_name() {
  return whole(none_of("any|all|" + alternatives(protocol_names())) + none_of("0[xX][0-9A-Fa-f]+") + defined_name());
}

std::string network() {
  const std::string byte = group(decimal(0, 255));
  const std::string v4 = byte + "(?:\\." + byte + "){3}";
  const std::string v6 = "[0-9A-Fa-f]*:[0-9A-Fa-f:]*" + optional(v4);
  const auto forms = [](const std::string& address, std::uint32_t bits) {
    return address + optional("/" + group(decimal(0, bits)) + "|-" + address);
  };
  return whole(forms(v4, 32) + "|" + forms(v6, 128) + "|" + defined_name());
}

std::string service() {
  return whole(none_of("all|0[xX][0-9A-Fa-f]+") + defined_name() + "|" + port_range() +
               optional("/" + protocols_with_ports()) + "|icmp/" + icmp_types(Family::ipv4) + "|icmpv6/" +
               icmp_types(Family::ipv6) + "|protocol " + group(decimal(0, 255)));
}

std::string interface() {
  constexpr std::string_view character = "[!#-)+-.0-9;-\\[\\]-~]";  // printable, and none of / : * " backslash
  return whole(std::string(name_form) + "|" + none_of("\\.\\.?") + std::string(character) + "{1,15}\\*?|\\*");
}

std::string ports() {
  return whole(port_range());
}

std::string date() {
  return whole("[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])" + std::string(trailing_blank));
}

std::string limit() {
  constexpr std::array units{Limit::Unit::second, Limit::Unit::minute, Limit::Unit::hour, Limit::Unit::day};
  std::vector<std::string_view> names;
  names.reserve(units.size());
  for (const Limit::Unit unit : units) names.push_back(to_string(unit));
  return whole(" *" + group(decimal(1, Limit::max_rate)) + "/" + group(alternatives(names)) +
               optional(" +burst +" + group(decimal(1, Limit::max_burst))) + optional(" +per +source") +
               std::string(trailing_blank));
}

std::string log() {
  return "^(?!(?:true|false)$)[ !#%&(-\\[\\]-_a-~]{1,32}$";  // printable, and none of " ' ` backslash $
}

std::string text() {
  return "[^ \\t\\r\\n]";
}

std::string path() {
  return "^(?!/)[\\s\\S]*[^ \\t\\r\\n]";
}

}  // namespace portpolicy::syntax::pattern
