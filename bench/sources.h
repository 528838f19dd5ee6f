#pragma once

#include <cstddef>
#include <filesystem>

namespace portpolicy::bench {

/// Writes a policy of so many rules that each allow a port from a prefix, with what it takes to measure it in the kernel:
/// `policy.yaml` without base traffic and `based.yaml` with it, the same rules written plainly (`linear.nft`), a table
/// that only tracks connections (`conntrack.nft`), and packets in the language of kperf: of random rules (`hits.pk`), and to
/// the same ports from elsewhere (`misses.pk`).
void write_sources(bool ipv6, std::size_t count, const std::filesystem::path& folder);

}  // namespace portpolicy::bench
