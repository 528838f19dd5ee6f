#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compiler/base/address.h"
#include "compiler/base/interval_set.h"
#include "compiler/base/limit.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"

/// Values as the programs read them. Numbers may be octal or hexadecimal, as strtoul(3) has them.
namespace portpolicy::iptables::text {

std::optional<std::uint64_t> read_number(std::string_view text, std::uint64_t most);

/// An address with a prefix length or a mask, whose host bits do not matter.
struct Network {
  AddressRange range;
  bool is_range = true;  ///< false: the mask has gaps
};
/// Nothing unless it is written in numbers: then it may be a host name.
std::optional<Network> read_network(std::string_view text, Family family);
std::optional<Uint128> read_address(std::string_view text, Family family);

/// A number or a name that every machine knows. `all` is 0. Nothing: another name, or none at all.
std::optional<std::uint8_t> read_protocol(std::string_view text);

enum class Known : std::uint8_t { yes, not_here, nowhere };
/// `80`, `http`, `80:90`, `:90`, `80:`. Not known here are names of services that not every machine has. A range that ends
/// before it begins holds nothing; old programs took it.
Known read_ports(std::string_view text, char separator, Interval<std::uint16_t>& ports);

/// A type and perhaps its code, as numbers or a name. Nothing: the programs know none such.
std::optional<IcmpSet> read_icmp(std::string_view text, Family family);

std::optional<State> read_state(std::string_view text);

/// `10/minute` without a burst. Nothing when it is no rate of packets.
std::optional<Limit> read_rate(std::string_view text);

/// Whether `text` is the beginning of `name`, without regard to case, as the programs abbreviate.
bool begins(std::string_view name, std::string_view text);

}  // namespace portpolicy::iptables::text
