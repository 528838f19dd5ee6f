#pragma once

#include <cstdint>
#include <set>

#include "compiler/filter/filter.h"

/// What limits are in the kernel, the same for all targets.
namespace portpolicy::backend {

/// How many sources one limit `per source` can tell apart at a time, for each family. A full table takes about 8 MB of kernel
/// memory.
inline constexpr std::uint32_t source_table_size = 65536;
/// The leading bits of an IPv6 address that make up one source.
inline constexpr int source_bits_v6 = 64;
/// After so many seconds without a packet a source is forgotten: its bucket is sure to be full again, and never sooner than
/// after a minute.
std::uint64_t source_timeout(const Limit& limit);

/// At most so many lines a second are logged for one rule, and so many at once. The verdict does not depend on it.
inline constexpr std::uint32_t log_lines_per_second = 10;
inline constexpr std::uint32_t log_burst = 20;

/// Limits that count packets of both families in one bucket.
std::set<filter::LimitId> shared_by_families(const filter::Filter& filter);

}  // namespace portpolicy::backend
