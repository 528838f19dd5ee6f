#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/filter/filter.h"
#include "host/nftables/sandbox.h"

namespace portpolicy::host {

/// What a kernel makes of a script for `nft -f`.
struct Asked {
  /// Origins are the comment of each rule, or its handle, and its chain; there is one limit for each limit statement, each
  /// named limit and each set with limits by source.
  filter::Filter filter;
  /// What the kernel does there is not understood; the filter asks an opaque condition for each. Nothing is said of the
  /// script while this is not empty.
  std::vector<std::string> not_understood;
  std::vector<std::string> tables;  ///< `inet portpolicy`, in the order in which they were made
};

/// Loads the script into a network namespace that nothing else sees and reads back what the kernel then holds. Neither the
/// rules that are in force nor this process are touched. Works without privileges where the system has user namespaces for
/// all; then a script may not be larger than about 200 KB of netlink messages.
std::expected<Asked, NotAsked> ask_kernel(std::string_view script);

}  // namespace portpolicy::host
