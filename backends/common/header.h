#pragma once

#include <string>

namespace portpolicy::backend {

/// What the first lines of an artifact say of its origin. Nothing here may differ between two runs on one policy.
struct Header {
  std::string version;   ///< of portpolicy
  std::string policy;    ///< the path of the top file
  std::string revision;  ///< a digest of all files of the policy
  std::string registry;  ///< the version of the built-in registries
};

}  // namespace portpolicy::backend
