#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/host/support/network.h"
#include "tests/host/support/packet_log.h"
#include "tests/host/support/wire.h"

/// A host under test and its neighbour, each in a network namespace of its own, joined by three cables. The host
/// takes packets to and from any address: where each is to go (to the host itself or out by an interface) stands in
/// its DSCP field, which no policy looks at, and is put into a mark that chooses a routing table.
///
/// A table `probe` of the test's own reports each packet before and after priority 0, and throws it away at the end,
/// before it could change what connection tracking knows or make the host answer. So one packet never changes the
/// fate of the next, and any answer is that of a `reject`.
namespace portpolicy::host_tests {

/// What connection tracking is to make of a packet.
enum class Wanted : std::uint8_t { fresh, untracked, reply, related, stray };

/// A packet that is to be sent.
struct Shot {
  Packet packet;
  Wanted wanted = Wanted::fresh;
  bool keep = false;  ///< goes on after the probe: it may open a connection
  Carriage carriage;
};

/// What became of it.
struct Outcome {
  bool arrived = false;          ///< was seen before priority 0
  Packet seen;                   ///< as sent, with the direction, interfaces and state that the kernel saw
  bool passed = false;           ///< was seen after it
  Answer answer = Answer::none;  ///< was made
  bool answer_left = false;      ///< and was itself let out
};
/// "passed", "dropped", "rejected by tcp reset", ...
std::string to_string(const Outcome& outcome);

class TestBed {
 public:
  TestBed();
  ~TestBed();
  TestBed(const TestBed&) = delete;
  TestBed& operator=(const TestBed&) = delete;

  static constexpr std::array interfaces{"eth0", "eth1", "br-test"};

  /// A packet with an id of its own.
  Shot shot(const Packet& packet, Wanted wanted = Wanted::fresh);
  /// The same, and it is let go on at the end.
  Shot opening(const Packet& packet);
  /// The answer to a packet that was let go on, coming in by `in` or leaving by `out`.
  Shot reply_to(const Shot& opener, Direction direction, const std::string& in, const std::string& out);

  /// Sends the packets that must have gone before, for those shots that are to be replies or related. No policy may
  /// be loaded.
  void prepare(std::span<Shot> shots);
  std::vector<Outcome> send(std::span<const Shot> shots);
  Outcome send(const Shot& shot) { return send(std::span(&shot, 1)).front(); }
  Outcome send(const Packet& packet) { return send(shot(packet)); }

  const Network& host() const { return host_; }
  const Network& peer() const { return peer_; }

 private:
  struct Sockets;
  void transmit(const Shot& shot);
  void collect(std::span<const Shot> shots, std::vector<Outcome>& outcomes);

  Network host_, peer_;
  std::unique_ptr<Sockets> sockets_;
  std::unique_ptr<PacketLog> log_;
  std::uint16_t next_id_ = 2;
};

}  // namespace portpolicy::host_tests
