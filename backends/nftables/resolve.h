#pragma once

#include <compare>
#include <utility>
#include <vector>

#include "backends/nftables/arrange.h"
#include "backends/nftables/model.h"

namespace portpolicy::nft {

struct Service {
  Protocol protocol;
  Port port;
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

Resolved resolve(const std::vector<Tabular>& rules, Family family);

}  // namespace portpolicy::nft
