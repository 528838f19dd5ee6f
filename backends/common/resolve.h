#pragma once

#include <compare>
#include <optional>
#include <utility>
#include <vector>

#include "backends/common/arrange.h"

namespace portpolicy::backend {

/// Ports that all rules treat alike, of one protocol.
struct Service {
  Protocol protocol;
  Interval<std::uint16_t> ports;
  bool is_range() const { return ports.first != ports.last; }
  friend auto operator<=>(const Service&, const Service&) = default;
};

/// What rules that are tried from the top come to, without an order: for each service, addresses that stand apart,
/// and what becomes of all others.
struct Resolved {
  struct Entry {
    Service service;
    Interval<Uint128> addresses;
    Answer answer;
  };
  using Answers = std::vector<std::pair<Service, Answer>>;
  std::vector<Entry> entries;  ///< ascending
  Answers open;                ///< ascending, services without entries, for all addresses
  Answers rest;                ///< ascending, services with entries, for all other addresses
};

/// Services stand apart. Nothing where ranges of ports and single ports cut each other into too many.
std::optional<Resolved> resolve(const std::vector<Tabular>& rules, Family family, const MergeLimits& most);

}  // namespace portpolicy::backend
