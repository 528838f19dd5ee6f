#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "tests/host/support/network.h"
#include "tests/host/support/wire.h"

struct mnl_socket;

namespace portpolicy::host_tests {

/// A packet that met a `log group` rule.
struct Logged {
  std::uint16_t group = 0;
  Direction direction = Direction::inbound;
  std::string prefix;
  unsigned in = 0, out = 0;  ///< interface indices; 0: none
  Bytes bytes;               ///< from the IP header on, perhaps cut off
};

/// Receives what `log group N` rules of one network namespace report, in the order in which it happened.
class PacketLog {
 public:
  /// In the namespace that the thread is in, for the groups 1 to `groups`.
  explicit PacketLog(std::uint16_t groups);
  ~PacketLog();
  PacketLog(const PacketLog&) = delete;
  PacketLog& operator=(const PacketLog&) = delete;

  /// Hands out reports until `sink` says that it has enough (false) or nothing has come for `milliseconds`; says
  /// whether `sink` had enough.
  bool read(int milliseconds, const std::function<bool(const Logged&)>& sink);

 private:
  void configure(std::uint16_t group);
  mnl_socket* socket_;
};

}  // namespace portpolicy::host_tests
