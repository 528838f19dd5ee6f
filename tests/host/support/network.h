#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "compiler/base/result.h"

namespace portpolicy::host_tests {

/// A file descriptor that is closed once.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

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
