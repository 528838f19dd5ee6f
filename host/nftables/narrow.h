#pragma once

#include <optional>
#include <span>

#include "compiler/base/address.h"
#include "compiler/base/interval_set.h"
#include "compiler/packets/box.h"
#include "host/nftables/registers.h"

namespace portpolicy::host {

/// Values of some bytes, read as one number in network order.
using Numbers = IntervalSet<Uint128>;

/// At most 16 bytes.
Uint128 number(std::span<const std::uint8_t> bytes);

/// Those packets of `known` for which the bytes of the slice and its padding, as one number, are in `values`; or are not, when
/// negated. Nothing where no box says that.
std::optional<Box> narrow(const Box& known, const Slice& slice, const Numbers& values, bool negated);

}  // namespace portpolicy::host
