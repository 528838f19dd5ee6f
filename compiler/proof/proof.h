#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/filter/calls.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/meaning.h"
#include "compiler/graph/graph.h"
#include "compiler/proof/scope.h"

/// Whether an artifact that was read back does with every packet what the policy says: for all packets of section 3 of the
/// design, and for all limits holding or exhausted in every mixture.
namespace portpolicy::proof {

/// A packet that the artifact treats otherwise than the policy, or may do so.
struct Difference {
  Packet packet;
  std::vector<std::pair<std::string, bool>> when;  ///< conditions that matter, and whether they are true
  Decision policy;                                 ///< the policy's verdict and what gave it
  /// The verdicts that the artifact may give, as bits (`filter::bit`). No bit: it leaves the direction alone.
  Value artifact = 0;
  std::optional<std::uint32_t> origin;  ///< of the artifact's rule that decides, where that is known
  bool at_end = false;                  ///< of the artifact, no rule decides: its chain ends
  /// Set where the verdicts are the same, but the packet takes from this limit on one side only.
  std::optional<std::string> limit;
  bool policy_takes = false;  ///< from `limit`, and the artifact does not; else the other way round
  /// Whether the two do differ. Else it cannot be told: what is not understood may make them differ.
  bool certain = true;
};

/// Chains of the artifact call each other in a circle.
using filter::Recursion;
using Failure = std::variant<TooComplex, Recursion>;

/// At most so many differences of one direction are told, each of other rules.
inline constexpr std::size_t most_differences = 20;

/// What differs, in the order of directions; those that are certain first. Empty: the two are equal, for every packet.
/// Of packets of other families nothing is asked.
std::expected<std::vector<Difference>, Failure> compare(const Graph& policy, const filter::Filter& artifact,
                                                        const Scope& scope = whole());

}  // namespace portpolicy::proof
