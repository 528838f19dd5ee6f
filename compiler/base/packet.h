#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/base/address.h"
#include "compiler/base/transport.h"

namespace portpolicy {

enum class Direction : std::uint8_t { inbound, outbound, forward };
inline constexpr std::array directions{Direction::inbound, Direction::outbound, Direction::forward};
std::string_view to_string(Direction direction);

/// What a rule or a default does with a packet. `reject` answers the sender, `deny` is silent.
enum class Verdict : std::uint8_t { allow, deny, reject };
std::string_view to_string(Verdict verdict);

/// What connection tracking says of a packet (nft(8), `ct state`).
enum class State : std::uint8_t { new_, established, related, invalid, untracked };
inline constexpr std::array states{State::new_, State::established, State::related, State::invalid, State::untracked};
std::string_view to_string(State state);

/// A set of states, one bit each.
struct StateSet {
  std::uint8_t bits = 0;
  static constexpr StateSet all() { return {0b11111}; }
  static constexpr StateSet of(State state) { return {static_cast<std::uint8_t>(1u << static_cast<unsigned>(state))}; }
  constexpr bool contains(State state) const { return (bits & of(state).bits) != 0; }
  friend constexpr StateSet operator|(StateSet a, StateSet b) { return {static_cast<std::uint8_t>(a.bits | b.bits)}; }
  friend constexpr StateSet operator&(StateSet a, StateSet b) { return {static_cast<std::uint8_t>(a.bits & b.bits)}; }
  friend constexpr StateSet operator-(StateSet a, StateSet b) { return {static_cast<std::uint8_t>(a.bits & ~b.bits)}; }
  friend constexpr auto operator<=>(StateSet, StateSet) = default;
};
/// Of packets that open a connection; connection tracking may have been told to leave them alone.
inline constexpr StateSet opening_states = StateSet::of(State::new_) | StateSet::of(State::untracked);

/// One packet as a filter hook at priority 0 sees it: after reassembly, after destination translation, before
/// source translation. Source and destination are of one family.
struct Packet {
  Direction direction = Direction::inbound;
  std::string in;  ///< interface; empty: not known, matched by no pattern but `*`
  std::string out;
  Address source;
  Address destination;
  Protocol protocol;
  Port source_port;       ///< 0 where the protocol has none
  Port destination_port;  ///< 0 where the protocol has none
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  State state = State::new_;

  Family family() const { return source.family; }
  friend bool operator==(const Packet&, const Packet&) = default;
};
/// Whether it has an ICMP type and code: ICMP over IPv4, ICMPv6 over IPv6. (Protocol 1 over IPv6 is no ICMP.)
inline bool has_icmp(const Packet& packet) {
  return packet.protocol == (packet.family() == Family::ipv4 ? protocols::icmp : protocols::icmpv6);
}
/// One line for people: `tcp 10.0.0.1:40000 -> 192.0.2.1:22 in eth0 (established)`; what is as usual
/// (state new, an interface that is not known) is left out.
std::string to_string(const Packet& packet);

}  // namespace portpolicy
