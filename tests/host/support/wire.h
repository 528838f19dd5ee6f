#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/base/packet.h"

namespace portpolicy::host_tests {

using Bytes = std::vector<std::uint8_t>;

/// What a packet carries besides the fields that a policy knows.
struct Carriage {
  std::uint16_t id = 1;   ///< by which the packet and the answer to it are recognized
  std::uint8_t dscp = 0;  ///< tells the test's own chains how to treat it
  std::uint8_t hop_limit = 64;
  bool reply = false;  ///< the second packet of an exchange
  bool stray = false;  ///< TCP: neither opens a connection nor belongs to one
  Bytes quoted;        ///< ICMP errors: the packet that is complained about; empty: one of no flow
};

/// The bytes from the IP header on, with correct checksums.
Bytes to_bytes(const Packet& packet, const Carriage& carriage);
/// The packet that `packet` would be a reply to: source and destination exchanged, echo requests for echo replies.
Packet opener_of(const Packet& packet);
/// Whether this is the ICMP of its family.
bool is_icmp(const Packet& packet);
/// Whether this is an ICMP or ICMPv6 message that quotes a packet.
bool is_icmp_error(const Packet& packet);

/// What can be read in an answer that the host gives.
enum class Answer : std::uint8_t { none, tcp_reset, prohibited, other };
struct Seen {
  std::uint16_t id = 0;
  Answer answer = Answer::none;  ///< `none`: this is no answer but a packet
};
/// Reads the bytes of an answer: a TCP reset or an ICMP error, and the id of the packet it answers.
std::optional<Seen> read_answer(const Bytes& bytes);
/// The id of a packet made by `to_bytes`.
std::optional<std::uint16_t> read_id(const Bytes& bytes);

}  // namespace portpolicy::host_tests
