#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/packet.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/limits.h"
#include "compiler/packets/packet_space.h"

namespace portpolicy::audit {

/// A rule by its place.
struct RuleId {
  filter::ChainId chain;
  std::size_t index = 0;
  friend constexpr auto operator<=>(RuleId, RuleId) = default;
};

/// What a rule does for the packets of one direction. Where it cannot be told, it is needed.
struct Standing {
  enum class Kind : std::uint8_t {
    can_match_nothing,  ///< no packet is what it asks for
    nothing_comes,      ///< no packet that comes to its chain is
    repeated,           ///< rules before it take all its packets, and say the same
    shadowed,           ///< rules before it take all its packets, otherwise
    idle_jump,          ///< nothing is decided for its packets in the chain that it leads to
    unneeded,           ///< without it, what comes later would say the same of all its packets
    needed,
  };
  Kind kind = Kind::needed;
  /// Rules that take its packets, or would; of `nothing_comes` those that lead to its chain.
  std::vector<RuleId> others;
  bool all_named = true;
  bool by_the_end = false;      ///< the end of its chain is among what would decide
  bool disagree = false;        ///< of `shadowed`: a packet gets another verdict than the rule says
  bool same_condition = false;  ///< of the last two: the others have its condition that is not understood
  std::optional<Packet> witness;
};

/// A rule that lets the internet open connections to sensitive services.
struct Exposed {
  RuleId rule;
  Diagnostic finding;
  bool surely = true;
};

/// Rules that come later and disagree with one about packets that it decides, while each has others too.
struct Crossed {
  std::vector<RuleId> others;
  bool all = true;
  Packet witness;  ///< of the first
};

/// What was found for one direction.
struct Survey {
  std::map<RuleId, Standing> rules;  ///< of the chains that packets come to
  std::vector<Exposed> exposed;
  std::optional<Diagnostic> exposed_by_default;
  std::map<RuleId, Crossed> crossed;  ///< where they were asked for
  bool all_compared = true;
};

/// Looks at all rules of one direction, which must have a hook and no circle. `families` are those that the filter speaks of.
/// Throws TooComplex.
Survey survey(PacketSpace& space, const filter::Filter& filter, Direction direction, filter::Families families,
              bool with_crossing = false);

/// Whether it stands for what a chain does at its end, and for no rule.
bool is_policy(const filter::Origin& origin);
/// "`name`", as the reader called the rule.
std::string quoted_name(const filter::Filter& filter, RuleId rule);

}  // namespace portpolicy::audit
