#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/packets/box.h"
#include "host/nftables/held.h"

namespace portpolicy::host {

/// Where a byte of a register comes from, and so which byte of which field of a packet it is.
struct Source {
  enum class Of : std::uint8_t {
    constant,
    unknown,
    family,
    ether_type,
    protocol,
    in_name,
    out_name,
    in_index,
    out_index,
    state,
    network,   ///< header, from its beginning
    transport  ///< header, from its beginning
  };
  Of of = Of::unknown;
  unsigned index = 0;  ///< which byte of it; of what is unknown, which unknown it is
  std::uint8_t mask = 255;
  std::uint8_t flip = 0;  ///< the byte in the register is `byte & mask ^ flip`; of a constant, it is `flip`
};
using Sources = std::vector<Source>;

/// The registers of one rule, byte by byte.
class Registers {
 public:
  void load(const LoadMeta& load);
  void load(const LoadPayload& load);
  void load(const LoadState& load);
  void load(const LoadConstant& load);
  void load_unknown(const std::string& what, Register to);
  void forget_all() { bytes_ = {}; }
  void apply(const Bitwise& bitwise);
  void apply(const Byteorder& byteorder);

  /// Empty when the registers have no such bytes.
  Sources read(Register from, std::size_t length) const;
  const std::string& unknown(unsigned index) const { return unknowns_[index]; }

 private:
  static constexpr std::size_t size = 64;
  void fill(Register to, unsigned length, Source::Of of, unsigned first_index);

  std::array<Source, size> bytes_{};
  std::vector<std::string> unknowns_{"something that is not known"};
};

/// A field of packets as the kernel's expressions see it.
enum class KernelField : std::uint8_t {
  family,
  ether_type,
  protocol,
  source_v4,
  source_v6,
  destination_v4,
  destination_v6,
  source_port,
  destination_port,
  icmp,  ///< type and code
  in_name,
  out_name,
  in_index,
  out_index,
  state
};
/// In bytes.
std::size_t width(KernelField field);

/// Bytes of one field, one after the other, and constant bytes behind them.
struct Slice {
  KernelField field = KernelField::family;
  Sources bytes;
  Bytes padding;
};

/// The byte's field, given what is known of the packet; the second is the byte's place in that field. Nothing for a constant
/// or where the header of the packet is not known to have such a field.
std::optional<std::pair<KernelField, unsigned>> field_of(const Source& source, const Box& known);

/// These bytes as fields. Nothing where one of them is none, or a constant stands in front of the fields.
std::optional<std::vector<Slice>> slices(std::span<const Source> sources, const Box& known);

/// Whether these packets are all of one family.
std::optional<Family> only_family(const Box& box);

}  // namespace portpolicy::host
