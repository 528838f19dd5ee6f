#pragma once

#include "compiler/base/address.h"

namespace portpolicy::backend {

/// Calls `visit(Prefix)` for the prefixes that together are the range, ascending.
template <class Visit>
void for_each_prefix(Family family, Interval<Uint128> range, Visit visit) {
  const auto bits = address_bits(family);
  Uint128 at = range.first;
  for (;;) {
    int host_bits = 0;
    const auto last = [&](int hosts) { return hosts == 128 ? ~Uint128{0} : at + ((Uint128{1} << hosts) - 1); };
    while (host_bits < bits && (at >> host_bits & 1) == 0 && last(host_bits + 1) <= range.last &&
           last(host_bits + 1) > at)
      ++host_bits;
    visit(Prefix{{family, at}, bits - host_bits});
    if (last(host_bits) == range.last) return;
    at = last(host_bits) + 1;
  }
}

}  // namespace portpolicy::backend
