#include "tests/host/support/test_bed.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <sstream>
#include <tuple>

namespace portpolicy::host_tests {
namespace {

// The DSCP field and the mark: where to, and how to be treated.
constexpr unsigned to_host = 1, to_first_interface = 2, untracked_bit = 8, keep_bit = 16;
constexpr unsigned probe_bit = 0x100;
// The groups of the probe's reports.
enum Group : std::uint16_t { before = 1, after, answer_made, answer_left, groups = answer_left };
constexpr std::uint16_t last_id = 60000, sentinel_id = 65000;

std::string mac(std::size_t host, std::size_t cable) {
  return "02:00:00:00:0" + std::to_string(host) + ":0" + std::to_string(cable);
}

template <class... Values>
std::string text(const Values&... values) {
  std::ostringstream out;
  (out << ... << values);
  return out.str();
}

std::string probe_table() {
  std::string map;
  for (unsigned dscp = 1; dscp < 64; ++dscp) map += text(dscp == 1 ? "" : ", ", dscp, " : ", probe_bit | dscp);
  const std::string probed = text("meta mark & ", probe_bit, " == ", probe_bit);
  const std::string finished = text("meta mark & ", probe_bit | keep_bit, " == ", probe_bit);
  const std::string untrack = text("meta mark & ", untracked_bit, " == ", untracked_bit, " notrack\n");
  const auto chain = [](std::string_view name, std::string_view hook, int priority, const std::string& rules) {
    return text("chain ", name, " {\ntype filter hook ", hook, " priority ", priority, "; policy accept;\n", rules,
                "}\n");
  };
  const auto answers = [](Group group) {
    std::string rules;
    for (const char* match :
         {"tcp flags & rst == rst", "icmp type destination-unreachable", "icmpv6 type destination-unreachable"})
      rules += text("meta mark 0 ", match, " log group ", +group, " snaplen 160\n");
    return rules;
  };
  std::string states;
  for (const State state : portpolicy::states)
    states +=
        text("ct state ", to_string(state), " log prefix \"", to_string(state), "\" group ", +before, " snaplen 160\n");
  std::string table = "table inet probe {\nchain report {\n" + states + "}\n";
  table += chain("arriving", "prerouting", -310,
                 text("meta mark set ip dscp map { ", map, " }\nmeta mark set ip6 dscp map { ", map, " }\n", untrack));
  table += chain("leaving", "output", -310, untrack);
  for (const std::string hook : {"input", "forward", "output"}) {
    const bool out = hook == "output";
    table += chain("before_" + hook, hook, -10, (out ? answers(answer_made) : "") + probed + " jump report\n");
    table += chain(
        "after_" + hook, hook, 200,
        text(out ? answers(answer_left) : "", probed, " log group ", +after, " snaplen 160\n", finished, " drop\n"));
  }
  return table + "}\n";
}

void use_one_processor() {
  // The packets of one processor stay in order, so that the last one to be sent is the last to arrive.
  cpu_set_t processors;
  CPU_ZERO(&processors);
  CPU_SET(static_cast<std::size_t>(::sched_getcpu()), &processors);
  ::sched_setaffinity(0, sizeof processors, &processors);
}

void set_for_each_interface(const std::string& family, const std::string& name, const std::string& value) {
  for (const std::string interface : {"all", "default", "lo", "eth0", "eth1", "br-test"})
    set(text(family, "/conf/", interface, "/", name), value);
}

/// Addresses that are really asked for (10.99.0.0/24, fd99::/64) stand only on the first cable. All else goes by
/// gateways whose hardware addresses are known.
void configure_host(const Network& peer) {
  set("ipv4/ip_forward", "1");
  set("ipv6/conf/all/forwarding", "1");
  std::string lines = "link set lo up\n";
  for (std::size_t i = 0; i < TestBed::interfaces.size(); ++i) {
    lines += text("link add ", TestBed::interfaces[i], " address ", mac(1, i), " type veth peer name p", i, " address ",
                  mac(2, i), " netns ", peer.path(), "\nlink set ", TestBed::interfaces[i], " up\n");
  }
  ip("-4", lines);
  for (const char* name : {"rp_filter", "accept_redirects", "send_redirects"})
    set_for_each_interface("ipv4", name, "0");
  for (const char* name : {"accept_local", "route_localnet"}) set_for_each_interface("ipv4", name, "1");
  for (const char* name : {"accept_dad", "dad_transmits", "accept_ra", "accept_redirects"})
    set_for_each_interface("ipv6", name, "0");
  // No answer may be missing because there were many before it.
  set("ipv4/icmp_ratelimit", "0");
  set("ipv4/icmp_msgs_per_sec", "10000000");
  set("ipv4/icmp_msgs_burst", "10000000");
  set("ipv6/icmp/ratelimit", "0");
}

void configure_routes() {
  ip("-4",
     "address add 10.99.0.1/24 dev eth0\naddress add 10.99.1.1/24 dev eth1\naddress add 10.99.2.1/24 dev br-test\n");
  ip("-6",
     "address add fd99::1/64 dev eth0 nodad\naddress add fd99:0:0:1::1/64 dev eth1 nodad\n"
     "address add fd99:0:0:2::1/64 dev br-test nodad\n");
  const auto rule = [](std::size_t route, std::string_view table) {
    return text("rule add pref 10 fwmark ", probe_bit | route, "/", probe_bit | 7, " lookup ", table, "\n");
  };
  // IPv4 answers only in the name of addresses of its table `local`, whatever leads there: it gets them all, and the
  // host's own ones, for packets that are not the probe's, stand in table 90.
  std::string v4 = rule(to_host, "local") + "rule add pref 20 lookup 90\nrule del pref 0\n";
  v4 += "route add local 0.0.0.0/0 dev lo table local\nroute add local 127.0.0.0/8 dev lo table 90\n";
  std::string v6 = rule(to_host, "101") + "route add local ::/0 dev lo table 101\n";
  for (std::size_t i = 0; i < TestBed::interfaces.size(); ++i) {
    const std::string interface = TestBed::interfaces[i];
    const std::size_t route = to_first_interface + i;
    const std::string gateway4 = text("10.99.", i, ".254"), gateway6 = "fe80::fe";
    v4 += text("neigh replace ", gateway4, " lladdr ", mac(2, i), " dev ", interface, " nud permanent\n");
    v6 += text("neigh replace ", gateway6, " lladdr ", mac(2, i), " dev ", interface, " nud permanent\n");
    v4 += text("route add default via ", gateway4, " dev ", interface, " table ", 100 + route, "\n");
    v6 += text("route add default via ", gateway6, " dev ", interface, " table ", 100 + route, "\n");
    v4 += rule(route, text(100 + route)) + text("route add local 10.99.", i, ".1 dev ", interface, " table 90\n");
    v6 += rule(route, text(100 + route));
    if (i != 0) continue;
    v4 += text("route add default via ", gateway4, " dev ", interface, "\n");
    v6 += text("route add default via ", gateway6, " dev ", interface, "\n");
  }
  ip("-4", v4);
  ip("-6", v6);
}

void configure_peer() {
  for (const char* name : {"accept_dad", "dad_transmits", "accept_ra"}) {
    set(text("ipv6/conf/default/", name), "0");
    for (std::size_t i = 0; i < TestBed::interfaces.size(); ++i) set(text("ipv6/conf/p", i, "/", name), "0");
  }
  std::string lines = "link set lo up\n";
  for (std::size_t i = 0; i < TestBed::interfaces.size(); ++i) lines += text("link set p", i, " up\n");
  ip("-4", lines + "address add 10.99.0.2/24 dev p0\naddress add 10.99.0.3/24 dev p0\n");
  ip("-6", "address add fd99::2/64 dev p0 nodad\n");
}

Descriptor packet_socket() {
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket) FAIL("packet socket: " << std::strerror(errno));
  return socket;
}

Descriptor raw_socket(Family family, const std::string& interface, unsigned mark) {
  Descriptor socket(::socket(family == Family::ipv4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW));
  constexpr int on = 1;
  const auto option = [&socket](int level, int name, const void* value, std::size_t size) {
    if (::setsockopt(socket.number(), level, name, value, static_cast<socklen_t>(size)) != 0)
      FAIL("raw socket: " << std::strerror(errno));
  };
  option(SOL_SOCKET, SO_MARK, &mark, sizeof mark);
  option(SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  option(SOL_SOCKET, SO_BINDTODEVICE, interface.c_str(), interface.size());
  if (family == Family::ipv6) option(IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on);
  return socket;
}

bool send_raw(const Descriptor& socket, Address destination, const Bytes& bytes) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_addr.s_addr = htonl(static_cast<std::uint32_t>(destination.bits));
  v6.sin6_family = AF_INET6;
  for (std::size_t i = 0; i < 16; ++i)
    v6.sin6_addr.s6_addr[i] = static_cast<std::uint8_t>(destination.bits >> (120 - 8 * i));
  const bool is4 = destination.family == Family::ipv4;
  const auto* address = is4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  return ::sendto(socket.number(), bytes.data(), bytes.size(), MSG_DONTWAIT, address, is4 ? sizeof v4 : sizeof v6) >= 0;
}

unsigned route_to(const std::string& interface) {
  for (std::size_t i = 0; i < TestBed::interfaces.size(); ++i)
    if (interface == TestBed::interfaces[i]) return to_first_interface + static_cast<unsigned>(i);
  return to_host;
}

std::uint8_t dscp_of(const Shot& shot) {
  unsigned dscp = shot.packet.direction == Direction::inbound ? to_host : route_to(shot.packet.out);
  if (shot.wanted == Wanted::untracked) dscp |= untracked_bit;
  if (shot.keep) dscp |= keep_bit;
  return static_cast<std::uint8_t>(dscp);
}

State state_named(std::string_view name) {
  const auto* found = std::ranges::find(portpolicy::states, name, [](State state) { return to_string(state); });
  return found == portpolicy::states.end() ? State::invalid : *found;
}

}  // namespace

/// Those through which packets come (of the peer, but of the host for `lo`) and through which the host sends.
struct TestBed::Sockets {
  Descriptor peer, loopback;
  std::map<std::string, unsigned> peer_index;       ///< of the cable's other end, by the host's interface
  std::map<unsigned, std::string> host_interfaces;  ///< by index
  std::map<std::tuple<Family, std::string, std::uint8_t>, Descriptor> raw;
};

TestBed::TestBed()
    : host_(Network::make().value()), peer_(Network::make().value()), sockets_(std::make_unique<Sockets>()) {
  use_one_processor();
  host_.enter();
  configure_host(peer_);
  configure_routes();
  nft(probe_table());
  set("netfilter/nf_conntrack_tcp_loose", "0");
  set("netfilter/nf_conntrack_checksum", "0");  // connection tracking computes that of UDP-Lite as if it were UDP
  log_ = std::make_unique<PacketLog>(groups);
  sockets_->loopback = packet_socket();
  for (const std::string name : {"lo", "eth0", "eth1", "br-test"})
    sockets_->host_interfaces[::if_nametoindex(name.c_str())] = name;
  peer_.enter();
  configure_peer();
  sockets_->peer = packet_socket();
  for (std::size_t i = 0; i < interfaces.size(); ++i)
    sockets_->peer_index[interfaces[i]] = ::if_nametoindex(text("p", i).c_str());
  host_.enter();
}

TestBed::~TestBed() = default;

Shot TestBed::shot(const Packet& packet, Wanted wanted) {
  Shot shot{packet, wanted, false, {}};
  // Two ids, for the packet that may have to go before has its own.
  shot.carriage.id = next_id_;
  next_id_ = next_id_ >= last_id ? 2 : static_cast<std::uint16_t>(next_id_ + 2);
  shot.carriage.reply = wanted == Wanted::reply;
  shot.carriage.stray = wanted == Wanted::stray;
  return shot;
}

Shot TestBed::opening(const Packet& packet) {
  Shot opener = shot(packet);
  opener.keep = true;
  return opener;
}

Shot TestBed::reply_to(const Shot& opener, Direction direction, const std::string& in, const std::string& out) {
  Packet packet = opener_of(opener.packet);
  packet.direction = direction;
  packet.in = in;
  packet.out = out;
  if (packet.protocol == protocols::icmp) packet.icmp_type = 0;
  if (packet.protocol == protocols::icmpv6) packet.icmp_type = 129;
  Shot reply{packet, Wanted::reply, false, {}};
  reply.carriage.id = static_cast<std::uint16_t>(opener.carriage.id + 1);
  reply.carriage.reply = true;
  return reply;
}

/// The packets that went before pass through the host, whatever the direction of those that follow: the host itself
/// must not answer them.
void TestBed::prepare(std::span<Shot> shots) {
  std::vector<Shot> openers;
  for (Shot& shot : shots) {
    if (shot.wanted != Wanted::reply && shot.wanted != Wanted::related) continue;
    Shot opener{opener_of(shot.packet), Wanted::fresh, true, {}};
    opener.carriage.id = static_cast<std::uint16_t>(shot.carriage.id - 1);
    opener.packet.direction = Direction::forward;
    opener.packet.in = "eth1";
    opener.packet.out = "eth0";
    if (shot.wanted == Wanted::related) {
      opener.packet.protocol = protocols::udp;
      opener.packet.source_port = opener.packet.destination_port = Port(9);
      shot.carriage.quoted = to_bytes(opener.packet, opener.carriage);
    }
    openers.push_back(std::move(opener));
  }
  send(openers);
}

std::vector<Outcome> TestBed::send(std::span<const Shot> shots) {
  std::vector<Outcome> outcomes(shots.size());
  for (std::size_t i = 0; i < shots.size(); ++i) outcomes[i].seen = shots[i].packet;
  // The kernel's queue of arriving packets is finite.
  constexpr std::size_t at_once = 250;
  for (std::size_t begin = 0; begin < shots.size(); begin += at_once) {
    for (const Shot& shot : shots.subspan(begin, std::min(at_once, shots.size() - begin))) transmit(shot);
    collect(shots, outcomes);
  }
  return outcomes;
}

void TestBed::transmit(const Shot& shot) {
  Carriage carriage = shot.carriage;
  carriage.dscp = dscp_of(shot);
  const Bytes bytes = to_bytes(shot.packet, carriage);
  if (shot.packet.direction == Direction::outbound) {
    const auto key = std::tuple(shot.packet.family(), shot.packet.out, carriage.dscp);
    auto found = sockets_->raw.find(key);
    if (found == sockets_->raw.end())
      found = sockets_->raw.emplace(key, raw_socket(shot.packet.family(), shot.packet.out, probe_bit | carriage.dscp))
                  .first;
    send_raw(found->second, shot.packet.destination, bytes);
    return;
  }
  const bool loopback = shot.packet.in == "lo";
  Bytes frame(12);  // hardware addresses, as `mac` has them
  if (!loopback) {
    const auto cable = static_cast<std::uint8_t>(route_to(shot.packet.in) - to_first_interface);
    frame = {2, 0, 0, 0, 1, cable, 2, 0, 0, 0, 2, cable};
  }
  const std::uint16_t type = shot.packet.family() == Family::ipv4 ? ETHERTYPE_IP : ETHERTYPE_IPV6;
  frame.push_back(static_cast<std::uint8_t>(type >> 8));
  frame.push_back(static_cast<std::uint8_t>(type));
  frame.insert(frame.end(), bytes.begin(), bytes.end());
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(type);
  address.sll_ifindex = static_cast<int>(loopback ? 1 : sockets_->peer_index.at(shot.packet.in));
  const Descriptor& socket = loopback ? sockets_->loopback : sockets_->peer;
  if (::sendto(socket.number(), frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&address), sizeof address) <
      0)
    FAIL("packet socket: " << std::strerror(errno));
}

void TestBed::collect(std::span<const Shot> shots, std::vector<Outcome>& outcomes) {
  std::map<std::uint16_t, Outcome*> by_id;
  for (std::size_t i = 0; i < shots.size(); ++i) by_id[shots[i].carriage.id] = &outcomes[i];
  const auto interface = [this](unsigned index) {
    return index == 0 ? std::string() : sockets_->host_interfaces[index];
  };
  const auto note = [&](const Logged& logged) {
    const bool answer = logged.group >= answer_made;
    const Seen seen = answer ? read_answer(logged.bytes).value_or(Seen{}) : Seen{read_id(logged.bytes).value_or(0)};
    if (seen.id == sentinel_id && logged.group == before) return false;
    const auto found = by_id.find(seen.id);
    if (found == by_id.end()) return true;
    Outcome& outcome = *found->second;
    switch (logged.group) {
      case before:
        outcome.arrived = true;
        outcome.seen.direction = logged.direction;
        outcome.seen.in = interface(logged.in);
        outcome.seen.out = interface(logged.out);
        outcome.seen.state = state_named(logged.prefix);
        break;
      case after:
        outcome.passed = true;
        break;
      case answer_made:
        outcome.answer = seen.answer;
        break;
      default:
        outcome.answer_left = true;
        break;
    }
    return true;
  };
  // A last packet, reported before any policy can stop it, says that all others have been through.
  Packet last;
  last.in = "eth0";
  last.source = Address::parse("10.99.0.2").value();
  last.destination = Address::parse("10.99.0.1").value();
  last.protocol = protocols::udp;
  Shot sentinel{last, Wanted::fresh, false, {}};
  sentinel.carriage.id = sentinel_id;
  for (int attempt = 0; attempt < 3; ++attempt) {
    transmit(sentinel);
    if (log_->read(1000, note)) return;
  }
  FAIL("packets do not reach the host any more");
}

std::string to_string(const Outcome& outcome) {
  if (!outcome.arrived) return "did not arrive";
  const std::string answer = outcome.answer == Answer::tcp_reset    ? " by tcp reset"
                             : outcome.answer == Answer::prohibited ? " as prohibited"
                                                                    : " in an unknown way";
  if (outcome.passed) return outcome.answer == Answer::none ? "passed" : "passed, but was rejected" + answer;
  return outcome.answer == Answer::none ? "dropped" : "rejected" + answer;
}

}  // namespace portpolicy::host_tests
