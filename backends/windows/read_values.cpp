#include "backends/windows/read_values.h"

#include "compiler/base/decimal.h"

namespace portpolicy::windows::text {

Result<Protocol> read_protocol(std::string_view text) {
  if (text == "TCP") return protocols::tcp;
  if (text == "UDP") return protocols::udp;
  if (text == "ICMPv4") return protocols::icmp;
  if (text == "ICMPv6") return protocols::icmpv6;
  const Result<std::uint32_t> number = parse_decimal(text, 0, 255);
  if (!number) return fail(quoted(text) + " is not `TCP`, `UDP`, `ICMPv4`, `ICMPv6`, `Any` or a number from 0 to 255");
  return Protocol{static_cast<std::uint8_t>(*number)};
}

Result<Interval<std::uint16_t>> read_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const Result<std::uint32_t> first = parse_decimal(text.substr(0, dash), 1, 65535);
  if (!first)
    return fail(quoted(text) + " is not a port from 1 to 65535, or two with `-` between: " + first.error().message);
  if (dash == std::string_view::npos)
    return Interval<std::uint16_t>{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*first)};
  const Result<std::uint32_t> last = parse_decimal(text.substr(dash + 1), 1, 65535);
  if (!last) return fail(quoted(text) + " is not a range of ports: " + last.error().message);
  if (*last < *first) return fail(quoted(text) + " ends before it begins");
  return Interval<std::uint16_t>{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

Result<Interval<std::uint16_t>> read_icmp_type(std::string_view text) {
  const std::size_t colon = text.find(':');
  const Result<std::uint32_t> type = parse_decimal(text.substr(0, colon), 0, 255);
  if (!type) return fail(quoted(text) + " is not an ICMP type from 0 to 255: " + type.error().message);
  const auto value = [&](std::uint32_t code) {
    return icmp_value(static_cast<std::uint8_t>(*type), static_cast<std::uint8_t>(code));
  };
  if (colon == std::string_view::npos) return Interval<std::uint16_t>{value(0), value(255)};
  const Result<std::uint32_t> code = parse_decimal(text.substr(colon + 1), 0, 255);
  if (!code) return fail(quoted(text) + " has no ICMP code from 0 to 255: " + code.error().message);
  return Interval<std::uint16_t>{value(*code), value(*code)};
}

Result<AddressRange> read_addresses(std::string_view text) {
  const Result<AddressRange> range = AddressRange::parse(text);
  if (!range) return range;
  if (text.ends_with("/0")) return fail(quoted(text) + " is refused by Windows: a prefix has one bit at least");
  const bool is_range = text.find('-') != std::string_view::npos;
  if (is_range && range->first == range->last) return fail(quoted(text) + " is a range of one address");
  // Neither `::` nor `::1` may be an end of anything.
  if (range->family == Family::ipv6 && range->first <= 1)
    return fail(quoted(text) + " is refused by Windows: it begins at `::` or `::1`");
  return range;
}

}  // namespace portpolicy::windows::text
