#pragma once

#include <optional>
#include <string_view>

#include "compiler/base/address.h"
#include "compiler/base/interval_set.h"
#include "compiler/base/result.h"
#include "compiler/base/transport.h"

/// Values as the cmdlets of Windows take them. What Windows would refuse, or take as something wider, is an error.
namespace portpolicy::windows::text {

/// `TCP`, `UDP`, `ICMPv4`, `ICMPv6` or a number. `Any` is none.
Result<Protocol> read_protocol(std::string_view text);

/// `80` or `8000-8010`, from 1 on.
Result<Interval<std::uint16_t>> read_ports(std::string_view text);

/// A type, or a type and a code: `8`, `3:4`.
Result<Interval<std::uint16_t>> read_icmp_type(std::string_view text);

/// An address, a prefix or `a-b`.
Result<AddressRange> read_addresses(std::string_view text);

}  // namespace portpolicy::windows::text
