#include "compiler/base/packet.h"

#include <utility>

namespace portpolicy {
namespace {

std::string protocol_text(const Packet& packet) {
  std::string text = to_string(packet.protocol);
  if (has_icmp(packet)) {
    text += "/" + std::to_string(packet.icmp_type) + ":" + std::to_string(packet.icmp_code);
  }
  return text;
}

std::string end_text(Address address, Protocol protocol, Port port) {
  std::string text = to_string(address);
  if (!has_ports(protocol)) return text;
  const std::string number = std::to_string(port.number());
  return address.family == Family::ipv6 ? "[" + text + "]:" + number : text + ":" + number;
}

}  // namespace

std::string_view to_string(Direction direction) {
  switch (direction) {
    case Direction::inbound:
      return "inbound";
    case Direction::outbound:
      return "outbound";
    case Direction::forward:
      return "forward";
  }
  std::unreachable();
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return "allow";
    case Verdict::deny:
      return "deny";
    case Verdict::reject:
      return "reject";
  }
  std::unreachable();
}

std::string_view to_string(State state) {
  switch (state) {
    case State::new_:
      return "new";
    case State::established:
      return "established";
    case State::related:
      return "related";
    case State::invalid:
      return "invalid";
    case State::untracked:
      return "untracked";
  }
  std::unreachable();
}

std::string to_string(const Packet& packet) {
  std::string text = protocol_text(packet) + " " + end_text(packet.source, packet.protocol, packet.source_port) +
                     " -> " + end_text(packet.destination, packet.protocol, packet.destination_port);
  if (!packet.in.empty()) text += " in " + packet.in;
  if (!packet.out.empty()) text += " out " + packet.out;
  if (packet.state != State::new_) text += " (" + std::string(to_string(packet.state)) + ")";
  return text;
}

}  // namespace portpolicy
