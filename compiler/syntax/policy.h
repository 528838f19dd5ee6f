#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/base/date.h"
#include "compiler/base/id.h"
#include "compiler/base/interface_set.h"
#include "compiler/base/limit.h"
#include "compiler/base/packet.h"
#include "compiler/base/transport.h"
#include "compiler/diagnostics/code.h"
#include "compiler/diagnostics/source_map.h"

/// A policy as its authors wrote it: every value parsed, no name resolved, every place kept.
namespace portpolicy::syntax {

template <class T>
struct Located {
  T value;
  Span where;
};

using ListFileId = Id<struct ListFileTag>;

/// The contents of a list file, read once however often it is named.
struct ListFile {
  std::string path;
  AddressSet addresses;
};

/// What may stand after `from`, `to`, or a name in `networks`.
struct NetworkExpr {
  struct Name {
    std::string text;
  };
  struct Literal {
    AddressRange range;
  };
  struct List {
    std::vector<NetworkExpr> items;
  };
  struct Except {
    std::vector<NetworkExpr> any, except;
  };
  struct File {
    ListFileId list;
  };
  std::variant<Name, Literal, List, Except, File> value;
  Span where;
};

/// One service, as it may stand after a verdict or a name in `services`.
struct ServiceExpr {
  struct Any {};
  struct Name {
    std::string text;
  };
  struct Ports {
    Protocol protocol;
    Interval<std::uint16_t> ports;
  };  ///< `8080-8090/tcp`
  struct Number {
    Interval<std::uint16_t> ports;
  };  ///< `8080`: tcp
  struct Icmp {
    Protocol protocol;
    IcmpSet types;
  };  ///< `icmp`, `icmp/3:4`
  struct Bare {
    Protocol protocol;
  };  ///< `esp`, `protocol 50`, `tcp`
  std::variant<Any, Name, Ports, Number, Icmp, Bare> value;
  Span where;
};

/// What may stand after `in`, `out`, or a name in `interfaces`. A word may be a name or a literal: the names decide.
struct InterfaceExpr {
  struct Word {
    std::string text;
  };
  struct List {
    std::vector<InterfaceExpr> items;
  };
  struct Except {
    std::vector<InterfaceExpr> any, except;
  };
  std::variant<Word, List, Except> value;
  Span where;
};

template <class Expr>
struct Definition {
  Located<std::string> name;
  Expr value;
};

struct Log {
  std::string prefix;  ///< empty: made from the rule's name
  friend auto operator<=>(const Log&, const Log&) = default;
};

/// `PP312: "public read replica"`
struct Waiver {
  Located<Code> code;
  std::string reason;
};

/// An entry of `inbound`, `outbound` or `forward`.
struct Rule {
  Span where;               ///< the whole entry
  std::uint32_t place = 0;  ///< in its list as written, from 0
  Verdict verdict = Verdict::allow;
  Span verdict_where;                 ///< the key `allow`, `deny` or `reject`
  std::vector<ServiceExpr> services;  ///< never empty
  std::optional<NetworkExpr> from;    ///< also of `only-from`
  bool only_from = false;
  std::optional<NetworkExpr> to;
  std::optional<InterfaceExpr> in, out;
  std::vector<Located<Interval<std::uint16_t>>> source_ports;
  std::optional<Located<std::string>> name;
  std::optional<Located<std::string>> comment, owner, ticket;
  std::optional<Located<Date>> until;
  std::optional<Located<Log>> log;
  std::optional<Located<Limit>> limit;
  std::vector<Located<std::string>> overrides;
  std::vector<Waiver> waive;
};

/// An entry of `tests` or `management`: packets and the verdict that they must get.
struct Claim {
  Span where;
  std::uint32_t place = 0;  ///< in its list as written, from 0
  Verdict verdict = Verdict::allow;
  Span verdict_where;
  std::vector<ServiceExpr> services;
  std::optional<NetworkExpr> from, to;
  std::optional<InterfaceExpr> in, out;
  std::vector<Located<Interval<std::uint16_t>>> source_ports;
  std::optional<Located<std::string>> name, comment;
  std::optional<Located<StateSet>> states;
};

enum class Tier : std::uint8_t { mandatory, normal, baseline };

/// What happens to packets of a direction that no rule matches.
struct Default {
  std::optional<Verdict> verdict;  ///< nothing: unmanaged
  std::optional<Log> log;
  friend bool operator==(const Default&, const Default&) = default;
};

/// The kinds of traffic that are decided before any rule, in this order.
enum class Base : std::uint8_t { loopback, icmp, address, established, invalid };
inline constexpr std::array all_bases{Base::loopback, Base::icmp, Base::address, Base::established, Base::invalid};
std::string_view to_string(Base base);
std::string_view to_string(Tier tier);
struct BaseSet {
  std::uint8_t bits = 0;
  static constexpr BaseSet all() { return {0b11111}; }
  constexpr bool contains(Base base) const { return (bits >> static_cast<unsigned>(base) & 1) != 0; }
  constexpr void insert(Base base) { bits = static_cast<std::uint8_t>(bits | 1u << static_cast<unsigned>(base)); }
  friend bool operator==(BaseSet, BaseSet) = default;
};

/// One policy file.
struct File {
  FileId source;
  bool library = false;  ///< included as `<name>`
  std::string title;     ///< `team/web.yaml` or `<baseline/server>`
  Tier tier = Tier::normal;
  std::vector<Located<std::size_t>> includes;  ///< indices into `Policy::files`
  std::vector<Definition<NetworkExpr>> networks;
  std::vector<Definition<std::vector<ServiceExpr>>> services;
  std::vector<Definition<InterfaceExpr>> interfaces;
  std::array<std::optional<Located<Default>>, 3> defaults;  ///< by Direction
  std::optional<Located<BaseSet>> base;
  std::array<std::vector<Rule>, 3> rules;       ///< by Direction
  std::array<std::optional<Span>, 3> sections;  ///< the keys `inbound`, ..., where present
  std::vector<Claim> management;                ///< inbound
  std::array<std::vector<Claim>, 3> tests;      ///< by Direction
  struct RuleWaivers {
    Located<std::string> rule;
    std::vector<Waiver> waive;
  };
  std::vector<RuleWaivers> waive;  ///< of rules of included files, by name
  /// Names of rules and definitions that were wrong, were reported and are not here; no pass calls them unknown.
  std::vector<std::string> left_out;
  bool incomplete = false;  ///< parts that could define any name were reported and could not be read
};

/// All files of a policy; the first is the one that was asked for, each other one stands once, in the order in
/// which it was first included (depth first).
struct Policy {
  std::vector<File> files;
  std::vector<ListFile> lists;
};

/// What a rule or a claim without a name is called: `inbound[0]` in the first file, else `team/web.yaml:inbound[0]`.
std::string place_name(const Policy& policy, std::size_t file, std::string_view list, std::size_t place);
/// What a rule or a claim of this list is called: its name, else its place.
template <class Entry>
std::string name_of(const Policy& policy, std::size_t file, std::string_view list, const Entry& entry) {
  return entry.name ? entry.name->value : place_name(policy, file, list, entry.place);
}

}  // namespace portpolicy::syntax
