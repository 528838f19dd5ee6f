#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "backends/common/conditions.h"
#include "compiler/filter/filter.h"

/// Which rules of a chain are looked up together, and in what order the rest stands.
namespace portpolicy::backend {

/// What is merged.
struct MergeLimits {
  std::size_t enumerated_ports = 8;   ///< of one range; a longer one is looked up as a range
  std::size_t ports_of_range = 1024;  ///< a longer one is not merged, lest others cut it into many
  std::size_t tuples_of_rule = 64;    ///< a rule of more addresses times ports stays by itself
  std::size_t rules_crossed = 64;     ///< by one that moves up to others like it
};

/// A rule that asks for nothing but ports of their destination and addresses of one side, and does nothing but decide.
struct Tabular {
  const filter::Rule* rule;
  std::optional<Side> side;  ///< nothing: addresses of all
  const AddressSet* addresses = nullptr;
  const std::vector<Protocol>* protocols;
  const PortSet* ports;
};

/// Rules that stand together: one that is not tabular, or any number that are.
struct Piece {
  const filter::Rule* rule = nullptr;  ///< nothing: `tabular`
  std::vector<Tabular> tabular;        ///< in order; those with addresses ask for the same side
  std::optional<Side> side;
};

/// The rules of the chain that packets of this family can meet. Who meets the pieces in this order gets the verdict of
/// the chain; a rule has been moved over another only where that is so.
std::vector<Piece> arrange(const filter::Filter& filter, const filter::Chain& chain, Family family,
                           const MergeLimits& most, bool merge);

}  // namespace portpolicy::backend
