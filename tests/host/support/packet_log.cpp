#include "tests/host/support/packet_log.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace portpolicy::host_tests {
namespace {

constexpr std::uint32_t copied_bytes = 160;
using Buffer = std::array<char, 8192>;

Direction direction_of(std::uint8_t hook) {
  switch (hook) {
    case NF_INET_LOCAL_OUT:
      return Direction::outbound;
    case NF_INET_FORWARD:
      return Direction::forward;
    default:
      return Direction::inbound;
  }
}

int take(const nlattr* attribute, void* into) {
  Logged& logged = *static_cast<Logged*>(into);
  const auto number = [attribute] { return ntohl(mnl_attr_get_u32(attribute)); };
  const auto* data = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
  switch (mnl_attr_get_type(attribute)) {
    case NFULA_PACKET_HDR:
      logged.direction = direction_of(data[offsetof(nfulnl_msg_packet_hdr, hook)]);
      break;
    case NFULA_PREFIX:
      logged.prefix = mnl_attr_get_str(attribute);
      break;
    case NFULA_IFINDEX_INDEV:
      logged.in = number();
      break;
    case NFULA_IFINDEX_OUTDEV:
      logged.out = number();
      break;
    case NFULA_PAYLOAD:
      logged.bytes.assign(data, data + mnl_attr_get_payload_len(attribute));
      break;
    default:
      break;
  }
  return MNL_CB_OK;
}

Logged parse(const nlmsghdr* message) {
  const auto* general = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  Logged logged;
  logged.group = ntohs(general->res_id);
  mnl_attr_parse(message, sizeof *general, take, &logged);
  return logged;
}

}  // namespace

PacketLog::PacketLog(std::uint16_t groups) : socket_(mnl_socket_open(NETLINK_NETFILTER)) {
  if (socket_ == nullptr || mnl_socket_bind(socket_, 0, MNL_SOCKET_AUTOPID) != 0)
    FAIL("nfnetlink: " << std::strerror(errno));
  constexpr int room = 64 << 20;
  ::setsockopt(mnl_socket_get_fd(socket_), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  for (std::uint16_t group = 1; group <= groups; ++group) configure(group);
}

PacketLog::~PacketLog() {
  if (socket_ != nullptr) mnl_socket_close(socket_);
}

/// Every packet is to be reported at once: the kernel would otherwise wait for more.
void PacketLog::configure(std::uint16_t group) {
  Buffer buffer{};
  nlmsghdr* message = mnl_nlmsg_put_header(buffer.data());
  message->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  auto* general = static_cast<nfgenmsg*>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
  general->nfgen_family = AF_UNSPEC;
  general->version = NFNETLINK_V0;
  general->res_id = htons(group);
  const nfulnl_msg_config_cmd bind{NFULNL_CFG_CMD_BIND};
  const nfulnl_msg_config_mode mode{htonl(copied_bytes), NFULNL_COPY_PACKET, 0};
  mnl_attr_put(message, NFULA_CFG_CMD, sizeof bind, &bind);
  mnl_attr_put(message, NFULA_CFG_MODE, sizeof mode, &mode);
  mnl_attr_put_u32(message, NFULA_CFG_QTHRESH, htonl(1));
  if (mnl_socket_sendto(socket_, message, message->nlmsg_len) < 0) FAIL("nflog: " << std::strerror(errno));

  const ssize_t length = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
  const unsigned port = mnl_socket_get_portid(socket_);
  if (length < 0 || mnl_cb_run(buffer.data(), static_cast<std::size_t>(length), 0, port, nullptr, nullptr) < 0)
    FAIL("nflog group " << group << ": " << std::strerror(errno));
}

bool PacketLog::read(int milliseconds, const std::function<bool(const Logged&)>& sink) {
  Buffer buffer{};
  pollfd waiting{mnl_socket_get_fd(socket_), POLLIN, 0};
  while (::poll(&waiting, 1, milliseconds) > 0) {
    const ssize_t length = mnl_socket_recvfrom(socket_, buffer.data(), buffer.size());
    if (length < 0) FAIL("reading nflog: " << std::strerror(errno));
    int left = static_cast<int>(length);
    for (const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      const bool packet = message->nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET);
      if (packet && !sink(parse(message))) return true;
    }
  }
  return false;
}

}  // namespace portpolicy::host_tests
