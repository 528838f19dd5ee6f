#pragma once

#include <cstdint>
#include <string>

#include "tests/host/support/test_bed.h"

/// Traffic of real sockets between the neighbour and the host.
namespace portpolicy::host_tests {

/// Whether an echo request of the neighbour to this IPv6 address of the host is answered.
bool peer_gets_echo_reply(const TestBed& bed, const std::string& address);

enum class Connection : std::uint8_t { made, refused, no_answer };
/// The neighbour connects by TCP to a port on which the host listens.
Connection peer_connects(const TestBed& bed, const std::string& address, std::uint16_t port);

/// What `ip neigh` says where the thread is.
std::string neighbours();

}  // namespace portpolicy::host_tests
