#pragma once

#include <cstddef>
#include <expected>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/packets/box.h"

/// "Who can reach this?": not what becomes of one packet, but of all that open a connection (state new or untracked) and do
/// not use the loopback interface, by what decides them.
namespace portpolicy::review {

/// Which packets are asked about.
struct Question {
  Direction direction = Direction::inbound;
  std::vector<Transport> services;  ///< as of a selector: empty is every protocol
  AddressSet from = AddressSet::all(), to = AddressSet::all();
  InterfaceSet in = InterfaceSet::all(), out = InterfaceSet::all();
  PortSet source_ports = PortSet::all();
};

/// Packets that have the same answer.
struct Access {
  Decision decision;    ///< while limits hold
  Decision over_limit;  ///< once all limits are exhausted; the same, when `decision` is of no limited rule
  /// Apart from one another; source and destination of one family. Protocols, ports and types are those of the service.
  std::vector<Box> packets;
};

/// Services that have the same answer in everything.
struct Reached {
  std::vector<Transport> services;  ///< each in its own family, where it has one
  Box asked;                        ///< what was asked of them, in the fields that a box of `Access::packets` has
  std::vector<Access> access;       ///< in the order in which they decide; together all packets asked about, each once
  bool anything_allowed() const;
};

struct Reach {
  bool managed = true;
  std::vector<Reached>
      reached;  ///< what rules allow first, all the other protocols last; none: there is no such packet
};

/// For each service asked about, who decides what. Of protocols that imply a family only that family is asked about.
std::expected<Reach, TooComplex> reach(const Graph& graph, const Question& question);

}  // namespace portpolicy::review
