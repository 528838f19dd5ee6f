#include "tests/host/support/traffic.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "tests/host/support/process.h"

namespace portpolicy::host_tests {
namespace {

constexpr int patience = 700;  // milliseconds

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress socket_address(const std::string& address, std::uint16_t port) {
  SocketAddress result;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  v4.sin_port = v6.sin6_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    std::memcpy(&result.storage, &v4, result.length = sizeof v4);
  } else {
    REQUIRE(::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1);
    std::memcpy(&result.storage, &v6, result.length = sizeof v6);
  }
  return result;
}

bool ready(const Descriptor& socket, short event) {
  pollfd waiting{socket.number(), event, 0};
  return ::poll(&waiting, 1, patience) > 0;
}

}  // namespace

bool peer_gets_echo_reply(const TestBed& bed, const std::string& address) {
  bed.peer().enter();
  const Descriptor socket(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6));
  icmp6_filter replies;
  ICMP6_FILTER_SETBLOCKALL(&replies);
  ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &replies);
  REQUIRE(::setsockopt(socket.number(), IPPROTO_ICMPV6, ICMP6_FILTER, &replies, sizeof replies) == 0);
  icmp6_hdr request{};
  request.icmp6_type = ICMP6_ECHO_REQUEST;
  const SocketAddress to = socket_address(address, 0);
  REQUIRE(::sendto(socket.number(), &request, sizeof request, 0, to.get(), to.length) == sizeof request);
  bed.host().enter();
  return ready(socket, POLLIN);
}

Connection peer_connects(const TestBed& bed, const std::string& address, std::uint16_t port) {
  const SocketAddress to = socket_address(address, port);
  bed.host().enter();
  const Descriptor listener(::socket(to.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(listener.number(), to.get(), to.length) == 0);
  REQUIRE(::listen(listener.number(), 1) == 0);

  bed.peer().enter();
  const Descriptor client(::socket(to.get()->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int begun = ::connect(client.number(), to.get(), to.length);
  const int failure = errno;
  bed.host().enter();
  if (begun == 0) return Connection::made;
  if (failure == ECONNREFUSED) return Connection::refused;
  REQUIRE(failure == EINPROGRESS);
  if (!ready(client, POLLOUT)) return Connection::no_answer;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(client.number(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0 ? Connection::made : error == ECONNREFUSED ? Connection::refused : Connection::no_answer;
}

std::string neighbours() {
  const Result<Finished> finished = execute({"ip", "neigh"});
  return finished ? finished->output : finished.error().message;
}

}  // namespace portpolicy::host_tests
