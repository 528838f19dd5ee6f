#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/filter/filter.h"
#include "compiler/filter/remark.h"

namespace portpolicy::windows::text {

/// All that a rule asks of a packet; what is not there may be anything.
struct Conditions {
  std::optional<Protocol> protocol;
  std::optional<PortSet> local_ports, remote_ports;  ///< of TCP and UDP alone
  std::optional<IcmpSet> icmp_types;                 ///< of ICMP and ICMPv6 alone
  std::optional<AddressSet> local_addresses, remote_addresses;
  std::vector<std::pair<std::string, bool>> opaque;  ///< texts, and whether they are negated
};

/// Which rules win, in this order.
enum class Rank : std::uint8_t {
  switches,   ///< what is decided before any rule is asked
  overrides,  ///< allows that override blocks
  blocks,
  allows,
  defaults,  ///< those that are not the same for all packets
};

/// Makes a filter of rules that come in any order.
class Writer {
 public:
  std::uint32_t origin(std::string name, Span where);
  /// Neither of the two directions but inbound and outbound has rules.
  void add(Direction direction, Rank rank, Verdict verdict, const Conditions& conditions, std::uint32_t origin);
  void not_understood(Span where, std::string text) { remarks_.try_emplace({where.begin, std::move(text)}, where); }

  /// The filter, when all rules are there. A direction without a default has no hook.
  filter::Filter finish(const std::array<std::optional<Verdict>, 2>& defaults);
  /// In the order of the text, each once.
  std::vector<filter::Remark> remarks() const;

 private:
  struct Ranked {
    std::array<std::vector<filter::Rule>, 5> rules;  // by Rank
  };
  filter::OpaqueId opaque(const std::string& text);
  filter::AddressSetId addresses(AddressSet set);
  std::vector<filter::Match> matches(Direction direction, const Conditions& conditions);
  void add_other_family(Direction direction, Rank rank, Verdict verdict, const Conditions& conditions,
                        std::uint32_t origin);

  filter::Filter filter_;
  std::array<Ranked, 2> rules_;  // by Direction
  std::unordered_map<std::string, filter::OpaqueId> opaques_;
  std::map<std::pair<std::uint32_t, std::string>, Span> remarks_;
};

}  // namespace portpolicy::windows::text
