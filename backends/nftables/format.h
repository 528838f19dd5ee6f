#pragma once

#include <cstdint>
#include <string>

#include "compiler/base/address.h"
#include "compiler/base/limit.h"
#include "compiler/base/transport.h"

/// Values as nft writes them, appended to the text; made for millions of elements.
namespace portpolicy::nft {

void append_number(std::string& text, std::uint64_t number);
void append_v4(std::string& text, std::uint32_t address);
/// RFC 5952, always in hexadecimal.
void append_v6(std::string& text, Uint128 address);

/// The shortest of value, prefix and `a-b`.
void append_range(std::string& text, Interval<std::uint32_t> range);
void append_range(std::string& text, Interval<Uint128> range);

/// The mask of a prefix: `255.255.0.0`, `ffff:ffff::`.
void append_mask(std::string& text, Family family, int length);

/// By a word that nft itself knows, else by number: others it looks up in /etc/protocols, which not every host has.
void append_protocol(std::string& text, Protocol protocol);

/// nft's name of an ICMP or ICMPv6 type, else the number.
void append_icmp_type(std::string& text, Family family, std::uint8_t type);

/// `1d12h`, as nft has it: a single number of seconds may not have more than eight digits.
void append_duration(std::string& text, std::uint64_t seconds);

/// `10/minute burst 5 packets`
void append_limit(std::string& text, const Limit& limit);

}  // namespace portpolicy::nft
