#pragma once

#include <string>

#include "backends/nftables/model.h"

namespace portpolicy::nft {

/// What the first lines of the script say of its origin. Nothing here may differ between two runs on one policy.
struct Header {
  std::string version;   ///< of portpolicy
  std::string policy;    ///< the path of the top file
  std::string revision;  ///< a digest of all files of the policy
  std::string registry;  ///< the version of the built-in registries
};

/// The script for `nft -f`. Loading it removes, in the same transaction, every table that portpolicy may have left
/// behind, so that it can be loaded any number of times.
std::string print(const Ruleset& ruleset, const Header& header);

}  // namespace portpolicy::nft
