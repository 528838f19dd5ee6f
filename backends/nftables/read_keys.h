#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "backends/nftables/read_lexer.h"
#include "backends/nftables/read_values.h"

namespace portpolicy::nft::text {

/// What of a packet is looked at, as far as the model of packets has it.
enum class Field : std::uint8_t {
  source,
  destination,
  ip_protocol,
  l4proto,
  nfproto,
  ethertype,
  source_port,
  destination_port,
  icmp_type,
  icmp_code,
  in_interface,
  out_interface,
  state,
};

struct Key {
  Field field{};
  Type type{};
  std::uint8_t protocol = 0;    ///< of a port; 0: of whatever transport protocol there is (`th`)
  std::optional<Uint128> mask;  ///< `& mask`, of leading bits
};

/// One field, with its mask. Nothing, and the lexer where it was, when it is none that the model has.
std::optional<Key> read_key(Lexer& lexer);
/// Several, with dots between them; nothing unless all are known.
std::optional<std::vector<Key>> read_keys(Lexer& lexer);

}  // namespace portpolicy::nft::text
