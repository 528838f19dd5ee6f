#include "backends/windows/read_foreign_values.h"

#include "backends/windows/read_values.h"
#include "compiler/base/decimal.h"

namespace portpolicy::windows::text {

std::optional<Protocol> foreign_protocol(std::string_view text) {
  const Result<Protocol> protocol = read_protocol(text);
  return protocol ? std::optional(*protocol) : std::nullopt;
}

std::optional<Interval<std::uint16_t>> foreign_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const Result<std::uint32_t> first = parse_decimal(text.substr(0, dash), 0, 65535);
  const Result<std::uint32_t> last = dash == text.npos ? first : parse_decimal(text.substr(dash + 1), 0, 65535);
  if (!first || !last || *last < *first) return std::nullopt;
  return Interval<std::uint16_t>{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::optional<Interval<std::uint16_t>> foreign_icmp_type(std::string_view text) {
  const Result<Interval<std::uint16_t>> type =
      read_icmp_type(text.ends_with(":*") ? text.substr(0, text.size() - 2) : text);
  return type && text.find(":") == text.rfind(":") ? std::optional(*type) : std::nullopt;
}

std::optional<AddressRange> foreign_addresses(std::string_view text) {
  if (const Result<AddressRange> range = AddressRange::parse(text)) return *range;
  const std::size_t slash = text.find('/');
  if (slash == text.npos) return std::nullopt;
  const Result<Address> first = Address::parse(text.substr(0, slash)), mask = Address::parse(text.substr(slash + 1));
  if (!first || !mask || first->family != Family::ipv4 || mask->family != Family::ipv4) return std::nullopt;
  const Uint128 hosts = mask->bits ^ 0xFFFFFFFF;
  if ((hosts & (hosts + 1)) != 0 || (first->bits & hosts) != 0) return std::nullopt;
  return AddressRange{Family::ipv4, first->bits, first->bits | hosts};
}

}  // namespace portpolicy::windows::text
