#pragma once

#include <array>
#include <cstdint>
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

/// The normal form between the rule graph and the targets: chains of rules that are tried from the top.
namespace portpolicy::filter {

using AddressSetId = Id<struct AddressSetTag>;
using LimitId = Id<struct LimitTag>;
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
using Match = std::variant<SourceIn, DestinationIn, InterfaceIn, InterfaceOut, ProtocolIn, SourcePortIn,
                           DestinationPortIn, IcmpTypeIn, StateIn>;

struct Jump {
  ChainId chain;
};  ///< comes back when the chain ends
using Action = std::variant<Verdict, Jump>;

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
  std::vector<Origin> origins;
  std::vector<Chain> chains;
  std::array<std::optional<Hook>, 3> hooks;  ///< by Direction; nothing: the direction is not managed
};

/// What a filter does with one packet: the verdict (nothing: unmanaged) and the rule that gave it (nothing: the end
/// of the chain). Obvious rather than fast.
struct Outcome {
  std::optional<Verdict> verdict;
  std::optional<std::uint32_t> origin;
};
Outcome evaluate(const Filter& filter, const Packet& packet, bool limits_exhausted);

/// The filter as text, for `--print=filter`.
std::string print(const Filter& filter);

}  // namespace portpolicy::filter
