#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/id.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/limit.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/filter/filter.h"
#include "compiler/syntax/policy.h"

/// The rule graph: rules with every name resolved, and which rule comes before which.
namespace portpolicy {

using syntax::Base;
using syntax::BaseSet;
using syntax::Tier;

using filter::AddressSetId;
using filter::NamedAddresses;
using syntax::Log;
using InterfaceSetId = Id<struct InterfaceSetTag>;

/// One protocol and, where it has them, its destination ports or ICMP types; all of them when nothing narrows it.
struct Transport {
  Protocol protocol;
  PortSet ports = PortSet::all();
  IcmpSet icmp = IcmpSet::all();
  friend bool operator==(const Transport&, const Transport&) = default;
};

/// The packets that a rule, a claim or a test speaks of.
struct Selector {
  AddressSetId source, destination;   ///< 0: all
  InterfaceSetId in, out;             ///< 0: all
  std::vector<Transport> transports;  ///< any of these; empty: every protocol
  PortSet source_ports = PortSet::all();
};

/// A node of the graph.
struct Rule {
  std::string name;  ///< its own, else its place: `inbound[0]`, `team/web.yaml:inbound[0]`
  Span where;
  Verdict verdict = Verdict::allow;
  Selector packets;
  std::optional<Limit> limit;
  std::optional<Log> log;
  std::uint32_t file = 0;   ///< index into `Policy::files`
  std::uint32_t place = 0;  ///< in that file's list of this direction
  Tier tier = Tier::normal;
  bool library = false;    ///< of the library: what it could say better is not for its reader to mend
  bool ends = false;       ///< has an `until`: what it does it does not do for ever
  bool says_more = false;  ///< has `only-from`, or a part in `overrides`: without it more changes than its verdicts
};
/// A rule of this direction as its author wrote it.
inline const syntax::Rule& written(const syntax::Policy& policy, const Rule& rule, Direction direction) {
  return policy.files[rule.file].rules[static_cast<std::size_t>(direction)][rule.place];
}

/// Which rule of one direction comes before which. Implied by tier, file and place, never stored pair by pair; what
/// `overrides` adds is stored once for each rule that has one.
class Precedence {
 public:
  bool before(const Rule& a, const Rule& b) const;

  /// For each file, the first place from which on its rules come later; `none` where none do.
  using Reach = std::vector<std::uint32_t>;
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  /// A place in a file from which on, going up, the reach is this one.
  struct Step {
    std::uint32_t place;
    Reach reach;
  };
  /// For each tier and file, steps with ascending places; the last one has the place `none`.
  std::array<std::vector<std::vector<Step>>, 3> steps;
};

/// The rules of one direction.
struct Section {
  bool managed = false;
  Verdict otherwise = Verdict::deny;  ///< the default
  std::optional<Log> log;             ///< of the default
  std::optional<Span> default_where;
  std::vector<Rule> rules;  ///< in an order that respects the precedence
  Precedence precedence;
};

/// What must be so in every version of the policy.
struct Claim {
  enum class Kind : std::uint8_t { test, management, only_from } kind = Kind::test;
  Direction direction = Direction::inbound;
  Verdict verdict = Verdict::allow;
  Selector packets;
  StateSet states = opening_states;
  Span where;
  std::string name;
  Tier tier = Tier::normal;  ///< of the file that it stands in
  bool library = false;      ///< as of rules
};

struct Graph {
  std::vector<NamedAddresses> address_sets;  ///< the first is `any`
  std::vector<InterfaceSet> interface_sets;  ///< the first is all
  BaseSet base = BaseSet::all();
  std::array<Section, 3> sections;  ///< by Direction
  std::vector<Claim> claims;

  const Section& section(Direction direction) const { return sections[static_cast<std::size_t>(direction)]; }
};

/// Whether the packet is one of those that the selector speaks of. Says nothing of direction and state.
bool matches(const Graph& graph, const Selector& selector, const Packet& packet);

/// The kind of base traffic that decides this packet, if it is on and does.
std::optional<Base> base_traffic(const Graph& graph, const Packet& packet);
/// allow, but deny for `invalid`.
Verdict verdict_of(Base base);
using syntax::to_string;

/// The verdict of one packet and what gave it. Limits either all hold or are all exhausted.
struct Decision {
  std::optional<Verdict> verdict;  ///< nothing: unmanaged
  std::optional<Base> base;        ///< base traffic decided
  const Rule* rule = nullptr;      ///< this rule decided; neither: the default did
};
enum class Limits : std::uint8_t { hold, exhausted };
/// The meaning of a policy without conflicts: slow, and obviously right.
Decision evaluate(const Graph& graph, const Packet& packet, Limits limits = Limits::hold);
/// The same with each limit by itself: `holds` is asked of the rules that have one.
Decision evaluate(const Graph& graph, const Packet& packet, const std::function<bool(const Rule&)>& holds);

/// The graph as text, for `--print=graph`.
std::string print(const Graph& graph, const SourceMap& sources);

}  // namespace portpolicy
