#include "cli/single_service.h"

#include <vector>

#include "cli/policy_words.h"

namespace portpolicy::cli {

namespace {

/// `53/udp`, `icmp/8:0-255`, `esp`, as far as it helps to choose.
std::string candidate(const Transport& transport) {
  const std::string protocol = to_string(transport.protocol);
  if (has_ports(transport.protocol) && !transport.ports.is_all()) return to_string(transport.ports) + "/" + protocol;
  if (transport.icmp.is_all() || transport.icmp.empty()) return protocol;
  return protocol + "/" + std::to_string(transport.icmp.intervals().front().first >> 8);
}

Result<void> set_icmp(Packet& packet, const IcmpSet& types, std::string_view service) {
  const Interval<std::uint16_t> first = types.intervals().front();
  const bool one_type = types.intervals().size() == 1 && first.first >> 8 == first.last >> 8;
  if (!one_type) return fail("`" + std::string(service) + "` has several types; write one, as in `icmp/echo-request`");
  packet.icmp_type = static_cast<std::uint8_t>(first.first >> 8);
  packet.icmp_code = static_cast<std::uint8_t>(first.first & 0xff);
  return {};
}

}  // namespace

Result<void> set_service(Packet& packet, std::string_view service, const syntax::Policy& policy) {
  auto transports = PolicyWords(policy).service(service);
  if (!transports) return std::unexpected(transports.error());
  const std::string name = "`" + std::string(service) + "`";
  if (transports->empty()) return fail(name + " is every service; name one");
  std::erase_if(*transports, [&packet](const Transport& transport) {
    return family_of(transport.protocol).value_or(packet.family()) != packet.family();
  });
  if (transports->empty()) {
    return fail("there is no " + name + " over " + std::string(to_string(packet.family())));
  }
  const Transport& transport = transports->front();
  const std::vector<Interval<std::uint16_t>>& ports = transport.ports.intervals();
  const bool one_port = ports.size() == 1 && ports.front().first == ports.front().last;
  if (transports->size() > 1) {
    std::string candidates;
    for (const Transport& each : *transports) candidates += (candidates.empty() ? "" : ", ") + candidate(each);
    return fail(name + " has several uses: " + candidates + "; name one");
  }
  packet.protocol = transport.protocol;
  if (has_ports(transport.protocol)) {
    const std::string example = transport.ports.is_all() ? "443" : std::to_string(ports.front().first);
    if (!one_port) {
      return fail(name + " has several ports; write one, as in `" + example + "/" + to_string(transport.protocol) +
                  "`");
    }
    packet.destination_port = Port(ports.front().first);
  }
  if (family_of(transport.protocol) && transport.protocol != protocols::igmp) {
    return set_icmp(packet, transport.icmp, service);
  }
  return {};
}

}  // namespace portpolicy::cli
