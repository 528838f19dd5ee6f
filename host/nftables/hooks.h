#pragma once

#include <optional>
#include <vector>

#include "compiler/base/address.h"
#include "compiler/filter/filter.h"
#include "host/nftables/write_rule.h"

namespace portpolicy::host {

/// A base chain in a filter.
struct BaseChain {
  filter::ChainId chain;
  bool drops = false;                  ///< its policy
  std::optional<Family> of;            ///< the family that it sees, if it is one
  std::optional<std::uint32_t> doubt;  ///< instead of what is in it: the opaque condition under which it stops a packet
};

/// Joins the base chains of one hook, in the order in which packets meet them: what one accepts goes on to the next.
filter::Hook join(filter::Filter& filter, AddressSets& sets, const std::vector<BaseChain>& chains);

/// Takes out the chains that no hook leads to, and the opaque conditions and limits that no rule asks.
void prune(filter::Filter& filter);

}  // namespace portpolicy::host
