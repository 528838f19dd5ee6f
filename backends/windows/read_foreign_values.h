#pragma once

#include <optional>
#include <string_view>

#include "compiler/base/address.h"
#include "compiler/base/interval_set.h"
#include "compiler/base/transport.h"

/// Values as Windows lists them, in its own spelling. What is not a value that stands for itself, a keyword or something
/// unheard of, is nothing.
namespace portpolicy::windows::text {

std::optional<Protocol> foreign_protocol(std::string_view text);

/// `80`, `0-65535`
std::optional<Interval<std::uint16_t>> foreign_ports(std::string_view text);

/// `8`, `3:4`, `3:*`
std::optional<Interval<std::uint16_t>> foreign_icmp_type(std::string_view text);

/// An address, a prefix, an IPv4 address with a mask, or `a-b`. Nothing for a mask with gaps, and for host bits, of which
/// nobody says what Windows makes of them.
std::optional<AddressRange> foreign_addresses(std::string_view text);

}  // namespace portpolicy::windows::text
