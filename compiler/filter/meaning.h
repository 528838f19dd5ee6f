#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/packet.h"
#include "compiler/filter/calls.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/limits.h"
#include "compiler/packets/interface_classes.h"
#include "compiler/packets/packet_space.h"

/// What a filter does with every packet of one direction: a map from packets to the set of verdicts that are possible.
///
/// Where the packet alone decides, the set is one verdict. It may be more where a limit or an opaque condition has a
/// part in it. A verdict outside of the set never happens, so a verdict that stands alone is sure. A verdict in the set does
/// happen for some answers of the limits and the opaque conditions, unless one of them that is not tracked is asked more
/// than once on the packet's way: each time is then taken by itself, and the set may be too large, never too small.
namespace portpolicy::filter {

/// Values of a meaning: one bit for each verdict. No bit: the direction is not managed.
constexpr Value bit(Verdict verdict) {
  return static_cast<Value>(1u << static_cast<unsigned>(verdict));
}

/// Of limits that are not tracked: all exhausted, so that limited rules never match; all holding; or each either way, each
/// time that it is asked.
enum class LimitWorld : std::uint8_t { exhausted, hold, either };

/// Which conditions that no packet tells are tracked: true or false of a packet once and for all, so that `x` and `not x`
/// exclude each other and two filters can be compared. Opaque conditions are known by their texts, limits by their keys.
/// Each takes a level of a diagram behind those of packets, and diagrams may grow with it; what is not tracked is taken
/// either way each time.
class Tracked {
 public:
  Tracked() = default;
  /// These limits, and the opaque conditions of these filters behind them; not all where diagrams have no room for so many.
  explicit Tracked(std::span<const Filter* const> filters, std::span<const LimitKeys* const> limits = {});

  bool has_limits() const { return !limits_.empty(); }
  bool has_all_limits() const { return has_all_limits_; }
  std::optional<Diagrams::Level> level(const std::string& opaque) const;
  /// Whether the limit holds.
  std::optional<Diagrams::Level> level(const LimitKey& limit) const;
  /// Whether it is looked for who asks the limit (`asking`).
  std::optional<Diagrams::Level> level_of_asking(const LimitKey& limit) const;

  enum class Kind : std::uint8_t { holds, asking, opaque };
  struct Condition {
    Kind kind;
    std::string text;
  };
  /// What stands behind a level that one of the above gave.
  const Condition& at(Diagrams::Level level) const { return conditions_[level - PacketSpace::beyond_packets]; }
  /// The level from which on there are opaque conditions.
  Diagrams::Level first_opaque() const { return first_opaque_; }

 private:
  std::optional<Diagrams::Level> add(Kind kind, std::string text);

  std::map<std::string, Diagrams::Level> opaques_;
  std::map<LimitKey, Diagrams::Level> limits_;  // whether it holds; behind it, whether it is looked for
  std::vector<Condition> conditions_;
  bool has_all_limits_ = true;
  Diagrams::Level first_opaque_ = PacketSpace::beyond_packets;
};

/// Every set of interfaces that the filter speaks of.
std::vector<const InterfaceSet*> interface_sets(const Filter& filter);
/// The interfaces that the filters speak of.
InterfaceClasses interface_classes(std::span<const Filter* const> filters);

/// The meaning. The interfaces of the space are those of the filter, and perhaps more. Inbound packets leave by no interface
/// that has a name, and outbound ones came in by none. Each chain is looked at once, however often it is called.
/// Throws TooComplex.
std::expected<Diagram, Recursion> meaning(const Filter& filter, Direction direction, PacketSpace& space,
                                          LimitWorld limits, const Tracked& tracked);

/// Which packets ask which limits: every packet that comes to one takes from it, whatever becomes of the packet. Values are
/// sets of `asks`, where a packet comes to a limit that is looked for, and `decides`, where it gets a verdict and has come to
/// none. Only limits that are tracked are looked for. Throws TooComplex.
inline constexpr Value asks = 1, decides = 2;
std::expected<Diagram, Recursion> asking(const Filter& filter, Direction direction, PacketSpace& space,
                                         const Tracked& tracked);

/// A meaning without tracked conditions: of each packet all verdicts that are possible whatever is true of it.
Diagram bounds(PacketSpace& space, const Diagram& meaning);
/// 1 for the packets that surely, or possibly, get this verdict; silent for all others.
Diagram surely(PacketSpace& space, const Diagram& meaning, Verdict verdict);
Diagram possibly(PacketSpace& space, const Diagram& meaning, Verdict verdict);

/// Of two meanings, 1 for the packets to which they surely, or perhaps, give different verdicts; silent for all others. What
/// tracked conditions have to do with it stands at their levels.
Diagram surely_different(PacketSpace& space, const Diagram& one, const Diagram& other);
Diagram perhaps_different(PacketSpace& space, const Diagram& one, const Diagram& other);

/// A packet to which two meanings may give different verdicts.
struct Difference {
  Packet packet;
  std::vector<std::pair<std::string, bool>> when;  ///< tracked conditions that matter, and whether they are true
  Value one = 0, other = 0;                        ///< the verdicts that are possible there
  /// Whether the verdicts do differ. Else it cannot be told: what is not known may make them differ.
  bool certain() const { return (one & other) == 0; }
};
/// Nothing when two meanings of one space and with the same conditions tracked give every packet the same verdict, and this
/// is certain. A difference that is certain goes before others.
std::optional<Difference> difference(PacketSpace& space, const Tracked& tracked, const Diagram& one,
                                     const Diagram& other, Direction direction);

}  // namespace portpolicy::filter
