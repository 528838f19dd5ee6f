#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace portpolicy::bench {

/// What measuring in the kernel needs.
struct KernelBench {
  std::string program;                 ///< portpolicy
  std::filesystem::path kperf_source;  ///< the folder of kperf
  std::filesystem::path folder;        ///< for what is made on the way
  std::function<std::filesystem::path(const std::string& kind, std::size_t count)> make;
};

/// What a policy of many rules adds to a packet, beside the same rules written plainly and beside a table that only tracks
/// connections. Skips itself with the reason where it cannot be measured.
void measure_kernel(const KernelBench& bench, bool quick);

}  // namespace portpolicy::bench
