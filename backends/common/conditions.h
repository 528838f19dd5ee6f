#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/filter/filter.h"

/// What the writers of all targets ask about the rules of a filter.
namespace portpolicy::backend {

enum class Side : std::uint8_t { source, destination };

/// What becomes of a packet.
enum class Answer : std::uint8_t {
  accept,
  drop,
  reset,             ///< a TCP reset; of TCP only
  admin_prohibited,  ///< an ICMP error that says so
};

/// All that a rule of the filter asks of a packet, one condition a field. Arrays go by `Side`.
struct Conditions {
  /// Addresses of the filter, or what several matches on one side leave of them; neither: all.
  struct Addresses {
    std::optional<filter::AddressSetId> id;
    std::optional<AddressSet> narrowed;
  };
  std::array<Addresses, 2> addresses;
  std::array<InterfaceSet, 2> interfaces{InterfaceSet::all(), InterfaceSet::all()};
  std::optional<std::vector<Protocol>> protocols;  ///< ascending; nothing: all
  std::array<PortSet, 2> ports{PortSet::all(), PortSet::all()};
  IcmpSet icmp = IcmpSet::all();
  StateSet states = StateSet::all();

  bool has_ports() const { return !ports[0].is_all() || !ports[1].is_all(); }
};

Conditions conditions_of(const filter::Filter& filter, const filter::Rule& rule);

/// The addresses of one side; nullptr: all.
const AddressSet* addresses_of(const filter::Filter& filter, const Conditions& conditions, Side side);

/// Those of the protocols that a packet of this family can have under the conditions; nothing: all.
std::optional<std::vector<Protocol>> protocols_of(const Conditions& conditions, Family family);

/// The families whose packets can meet the conditions; none when no packet can.
std::vector<Family> families_of(const filter::Filter& filter, const Conditions& conditions);

/// Whether the conditions ask the same of both families, so that one rule can stand for both.
bool alike_in_both_families(const filter::Filter& filter, const Conditions& conditions);

/// How much of the packets is TCP, which is rejected in a way of its own.
enum class TcpShare { none, some, all };
TcpShare tcp_share(const Conditions& conditions);

bool is_reject(const filter::Rule& rule);

/// What a verdict comes to for packets of which so many are TCP; not for a reject of some, which needs two rules.
Answer answer_of(Verdict verdict, TcpShare tcp);

}  // namespace portpolicy::backend
