#pragma once

#include <cstdint>
#include <string>

#include "backends/common/numbers.h"
#include "compiler/base/address.h"
#include "compiler/base/limit.h"
#include "compiler/base/transport.h"

/// Values as nft writes them, appended to the text.
namespace portpolicy::nft {

using backend::append_number;
using backend::append_range;
using backend::append_v4;
using backend::append_v6;

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
