#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "compiler/base/result.h"
#include "host/nftables/descriptor.h"

namespace portpolicy::host_tests {

using host::Descriptor;

/// A network namespace of our own; it vanishes with its last user.
class Network {
 public:
  /// A new one; the thread is inside it afterwards.
  static Result<Network> make();
  /// The thread goes into it. Sockets stay where they were made.
  void enter() const;
  /// A path by which `ip` finds it.
  std::string path() const;

 private:
  explicit Network(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

/// Why namespaces and firewalls cannot be had here; empty when they can. Tried in a child process.
std::string why_not_permitted();

/// Writes a file of /proc/sys/net of the namespace that the thread is in; false if there is no such setting here.
bool set(std::string_view name, std::string_view value);
/// Runs `ip` or `nft` in the namespace that the thread is in; the running test fails with its words if it fails.
void ip(const std::string& family, const std::string& lines);
void nft(const std::string& script);
std::string nft_list();

}  // namespace portpolicy::host_tests
