#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "host/nftables/descriptor.h"

namespace portpolicy::host {

/// Why the kernel could not be asked.
struct NotAsked {
  enum class Why {
    not_permitted,  ///< this process gets no network namespace or no rules into it
    no_nft,         ///< the program nft is not installed
    too_large,      ///< more than an unprivileged process can load in one transaction
    refused,        ///< nft or the kernel did not take the script, and says why
  } why;
  std::string message;
};

/// Loads a script for `nft -f` into a network namespace that nothing else sees and that vanishes with the socket which
/// is returned: of NETLINK_NETFILTER, and inside it.
std::expected<Descriptor, NotAsked> load_in_sandbox(std::string_view script);

}  // namespace portpolicy::host
