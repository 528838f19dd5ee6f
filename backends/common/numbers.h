#pragma once

#include <cstdint>
#include <string>

#include "compiler/base/address.h"

/// Numbers and addresses, appended to a text; made for millions of them.
namespace portpolicy::backend {

void append_number(std::string& text, std::uint64_t number);
void append_v4(std::string& text, std::uint32_t address);
/// RFC 5952, always in hexadecimal.
void append_v6(std::string& text, Uint128 address);

/// The shortest of value, prefix and `a-b`.
void append_range(std::string& text, Interval<std::uint32_t> range);
void append_range(std::string& text, Interval<Uint128> range);

/// `10.0.0.0/8`; of a single address without the length.
void append_prefix(std::string& text, Prefix prefix);

}  // namespace portpolicy::backend
