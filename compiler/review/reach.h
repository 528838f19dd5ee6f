#pragma once

#include <expected>
#include <optional>
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

/// What one decider decides.
struct Access {
  Decision decision;  ///< while limits hold
  /// Apart from one another; source and destination of one family. Protocols, ports and types are those of the service.
  std::vector<Box> packets;
  /// Of a rule with a limit: what decides these packets once all limits are exhausted. Empty for others.
  std::vector<Access> over_limit{};
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

/// For each service asked about, who decides what. Of protocols that imply a family only that family is asked about. The
/// budget is in proportion to the rules unless one is given.
std::expected<Reach, TooComplex> reach(const Graph& graph, const Question& question,
                                       std::optional<DiagramBudget> budget = {});

}  // namespace portpolicy::review
