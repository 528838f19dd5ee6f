#include "backends/nftables/format.h"

#include <array>
#include <cassert>
#include <string_view>

namespace portpolicy::nft {
namespace {

std::string_view name_of_protocol(Protocol protocol) {
  switch (protocol.number) {
    case 1:
      return "icmp";
    case 2:
      return "igmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 33:
      return "dccp";
    case 50:
      return "esp";
    case 51:
      return "ah";
    case 58:
      return "icmpv6";
    case 108:
      return "comp";
    case 132:
      return "sctp";
    case 136:
      return "udplite";
    default:
      return {};
  }
}

std::string_view name_of_icmp_type(std::uint8_t type) {
  switch (type) {
    case 0:
      return "echo-reply";
    case 3:
      return "destination-unreachable";
    case 4:
      return "source-quench";
    case 5:
      return "redirect";
    case 8:
      return "echo-request";
    case 9:
      return "router-advertisement";
    case 10:
      return "router-solicitation";
    case 11:
      return "time-exceeded";
    case 12:
      return "parameter-problem";
    case 13:
      return "timestamp-request";
    case 14:
      return "timestamp-reply";
    case 15:
      return "info-request";
    case 16:
      return "info-reply";
    case 17:
      return "address-mask-request";
    case 18:
      return "address-mask-reply";
    default:
      return {};
  }
}

std::string_view name_of_icmpv6_type(std::uint8_t type) {
  switch (type) {
    case 1:
      return "destination-unreachable";
    case 2:
      return "packet-too-big";
    case 3:
      return "time-exceeded";
    case 4:
      return "parameter-problem";
    case 128:
      return "echo-request";
    case 129:
      return "echo-reply";
    case 130:
      return "mld-listener-query";
    case 131:
      return "mld-listener-report";
    case 132:
      return "mld-listener-done";
    case 133:
      return "nd-router-solicit";
    case 134:
      return "nd-router-advert";
    case 135:
      return "nd-neighbor-solicit";
    case 136:
      return "nd-neighbor-advert";
    case 137:
      return "nd-redirect";
    case 138:
      return "router-renumbering";
    case 141:
      return "ind-neighbor-solicit";
    case 142:
      return "ind-neighbor-advert";
    case 143:
      return "mld2-listener-report";
    default:
      return {};
  }
}
}  // namespace

void append_mask(std::string& text, Family family, int length) {
  const int zeros = address_bits(family) - length;
  const Uint128 mask = zeros == 128 ? 0 : ~Uint128{0} >> zeros << zeros;
  if (family == Family::ipv4) append_v4(text, static_cast<std::uint32_t>(mask));
  else append_v6(text, mask);
}

void append_protocol(std::string& text, Protocol protocol) {
  const std::string_view name = name_of_protocol(protocol);
  if (name.empty()) append_number(text, protocol.number);
  else text += name;
}

void append_icmp_type(std::string& text, Family family, std::uint8_t type) {
  const std::string_view name = family == Family::ipv4 ? name_of_icmp_type(type) : name_of_icmpv6_type(type);
  if (name.empty()) append_number(text, type);
  else text += name;
}

void append_duration(std::string& text, std::uint64_t seconds) {
  struct Unit {
    std::uint64_t seconds;
    char letter;
  };
  static constexpr std::array<Unit, 4> units{{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  const std::size_t start = text.size();
  for (const Unit unit : units) {
    assert(unit.seconds != 0);
    if (seconds < unit.seconds && (unit.seconds != 1 || text.size() != start)) continue;
    append_number(text, seconds / unit.seconds);
    text += unit.letter;
    seconds %= unit.seconds;
  }
}

void append_limit(std::string& text, const Limit& limit) {
  append_number(text, limit.rate);
  text += '/';
  text += to_string(limit.unit);
  text += " burst ";
  append_number(text, limit.burst);
  text += " packets";
}

}  // namespace portpolicy::nft
