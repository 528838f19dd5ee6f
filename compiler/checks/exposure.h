#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/packets/packet_space.h"
#include "compiler/registry/registry.h"

namespace portpolicy::checks {

/// Which sensitive services the internet can reach (PP312). Throws TooComplex.
class Exposure {
 public:
  Exposure(PacketSpace& space, Direction direction) : space_(space), direction_(direction) {}

  /// Adds a finding with this help when `allowed`, which `who` allows at `where`, has packets from the internet that open
  /// a connection to a sensitive service.
  void look_at(Span where, const std::string& who, std::string help, const Diagram& allowed,
               std::vector<Diagnostic>& findings);

 private:
  /// A sensitive service, and the packets of the internet that open a connection to it.
  struct Sensitive {
    const registry::Service& service;
    Diagram packets;
  };
  void make();

  PacketSpace& space_;
  Direction direction_;
  std::vector<Sensitive> services_;
  std::optional<Diagram> any_;  // the packets of all of them; made when first needed
};

}  // namespace portpolicy::checks
