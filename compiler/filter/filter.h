#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/id.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/limit.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"
#include "compiler/diagnostics/source_map.h"

/// The normal form between the rule graph and the targets, and what rule sets of others are read into: chains of rules
/// that are tried from the top. What the graph is lowered to has verdicts and jumps only, and nothing opaque.
namespace portpolicy::filter {

using AddressSetId = Id<struct AddressSetTag>;
using LimitId = Id<struct LimitTag>;
using OpaqueId = Id<struct OpaqueTag>;
using ChainId = Id<struct ChainTag>;

struct SourceIn {
  AddressSetId addresses;
};
struct DestinationIn {
  AddressSetId addresses;
};
struct InterfaceIn {
  InterfaceSet interfaces;
};  ///< the interface it came in by
struct InterfaceOut {
  InterfaceSet interfaces;
};  ///< the interface it leaves by
/// One of these protocols, and of the family that the protocol implies (`family_of`).
struct ProtocolIn {
  std::vector<Protocol> protocols;
};
/// Stand only beside a `ProtocolIn` whose protocols all have ports.
struct SourcePortIn {
  PortSet ports;
};
struct DestinationPortIn {
  PortSet ports;
};
/// Stands only beside a `ProtocolIn` of just icmp or just icmpv6.
struct IcmpTypeIn {
  IcmpSet types;
};
struct StateIn {
  StateSet states;
};
/// A condition of a rule set of others that the model does not understand. Of one packet it is true everywhere or false
/// everywhere; which of them, no packet tells.
struct Opaque {
  OpaqueId condition;
  bool negated = false;
};
using Match = std::variant<SourceIn, DestinationIn, InterfaceIn, InterfaceOut, ProtocolIn, SourcePortIn,
                           DestinationPortIn, IcmpTypeIn, StateIn, Opaque>;

struct Jump {
  ChainId chain;
};  ///< comes back when the chain ends
/// Does not come back: when the chain ends, so does the one that this rule stands in.
struct Goto {
  ChainId chain;
};
struct Return {};    ///< ends the chain, as if no rule stood behind this one
struct Continue {};  ///< decides nothing: the rule logs or counts
using Action = std::variant<Verdict, Jump, Goto, Return, Continue>;

/// What a rule was made of, for comments, messages and `explain`.
struct Origin {
  std::string name;   ///< `ssh-staff`, `inbound[0]`, `base:icmp` or `default`
  std::string place;  ///< `policy.yaml:12`; empty where no line of the policy says it
  Span where{};       ///< for messages; of what the policy does not say, its beginning
};

struct Log {
  std::string prefix;  ///< empty: the back end makes one of the origin's name
};

struct Rule {
  std::vector<Match> all_of;     ///< conjunction; empty matches every packet
  std::optional<LimitId> limit;  ///< over it, the rule does not match
  std::optional<Log> log;
  Action action;
  std::uint32_t origin = 0;  ///< into `Filter::origins`
};

struct Chain {
  std::string name;
  std::vector<Rule> rules;
};

/// Where packets of one direction start, and what becomes of those that reach the end.
struct Hook {
  ChainId chain;
  Verdict otherwise = Verdict::deny;
};

struct NamedAddresses {
  std::string name;  ///< of `networks:` or built in; empty for addresses that stand in a rule
  AddressSet addresses;
};

struct NamedLimit {
  std::string name;  ///< of the rule that it limits
  Limit limit;
};

struct Filter {
  std::vector<NamedAddresses> address_sets;
  std::vector<NamedLimit> limits;
  std::vector<std::string> opaques;  ///< the texts of the conditions that are not understood, each once
  std::vector<Origin> origins;
  std::vector<Chain> chains;
  std::array<std::optional<Hook>, 3> hooks;  ///< by Direction; nothing: the direction is not managed
};

/// What a filter does with one packet: the verdict (nothing: unmanaged) and the rule that gave it (nothing: the end
/// of the chain). Obvious rather than fast. No chain may lead back to itself (`calls.h`).
struct Outcome {
  std::optional<Verdict> verdict;
  std::optional<std::uint32_t> origin;
};
/// Which of `Filter::opaques` are true of a packet; all, or none where the filter has none.
using OpaqueTruths = std::vector<bool>;
Outcome evaluate(const Filter& filter, const Packet& packet, bool limits_exhausted, const OpaqueTruths& truths = {});
/// The same with each limit by itself.
Outcome evaluate(const Filter& filter, const Packet& packet, const std::function<bool(LimitId)>& holds,
                 const OpaqueTruths& truths);

/// The filter as text, for `--print=filter`.
std::string print(const Filter& filter);

}  // namespace portpolicy::filter
