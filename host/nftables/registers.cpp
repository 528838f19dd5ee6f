#include "host/nftables/registers.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace portpolicy::host {
namespace {

using Of = Source::Of;

constexpr unsigned round_up(unsigned length) {
  return (length + 3) / 4 * 4;
}

std::pair<Of, unsigned> meaning_of(LoadMeta::Key key) {
  using Key = LoadMeta::Key;
  switch (key) {
    case Key::family:
      return {Of::family, 1};
    case Key::ether_type:
      return {Of::ether_type, 2};
    case Key::protocol:
      return {Of::protocol, 1};
    case Key::in_name:
      return {Of::in_name, 16};
    case Key::out_name:
      return {Of::out_name, 16};
    case Key::in_index:
      return {Of::in_index, 4};
    case Key::out_index:
      return {Of::out_index, 4};
  }
  std::unreachable();
}

}  // namespace

/// What is behind the loaded bytes, up to the end of a 4-byte register, becomes zero.
void Registers::fill(Register to, unsigned length, Of of, unsigned first_index) {
  for (unsigned i = 0; i < round_up(length) && to < size && i < size - to; ++i)
    bytes_[to + i] = i < length ? Source{of, first_index + i, 255, 0} : Source{Of::constant, 0, 255, 0};
}

void Registers::load(const LoadMeta& load) {
  const auto [of, length] = meaning_of(load.key);
  fill(load.to, length, of, 0);
}

void Registers::load(const LoadPayload& load) {
  fill(load.to, load.length, load.base == LoadPayload::Base::network ? Of::network : Of::transport, load.offset);
}

void Registers::load(const LoadState& load) {
  fill(load.to, 4, Of::state, 0);
}

void Registers::load(const LoadConstant& load) {
  fill(load.to, static_cast<unsigned>(load.bytes.size()), Of::constant, 0);
  for (std::size_t i = 0; i < load.bytes.size() && load.to < size && i < size - load.to; ++i)
    bytes_[load.to + i].flip = load.bytes[i];
}

/// How long it is cannot be told, so no register behind it is trusted.
void Registers::load_unknown(const std::string& what, Register to) {
  const auto index = static_cast<unsigned>(unknowns_.size());
  unknowns_.push_back(what);
  for (std::size_t i = to; i < size; ++i) bytes_[i] = Source{Of::unknown, index, 255, 0};
}

void Registers::apply(const Bitwise& bitwise) {
  Sources sources = read(bitwise.from, bitwise.mask.size());
  if (sources.empty() || bitwise.flip.size() != bitwise.mask.size())
    return load_unknown("a mask over no register", bitwise.to);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    Source& source = sources[i];
    source.mask &= bitwise.mask[i];
    source.flip = static_cast<std::uint8_t>((source.flip & bitwise.mask[i]) ^ bitwise.flip[i]);
  }
  if (bitwise.to >= size || sources.size() > size - bitwise.to) return;
  std::ranges::copy(sources, bytes_.begin() + bitwise.to);
}

/// Only whole numbers: what is left of the length the kernel does not touch. (nft 1.0.6 asks for numbers of two bytes in a
/// length of one.)
void Registers::apply(const Byteorder& byteorder) {
  const unsigned count = byteorder.size == 0 ? 0 : byteorder.length / byteorder.size;
  const std::size_t length = std::size_t{count} * byteorder.size;
  Sources sources = read(byteorder.from, length);
  const bool fits = byteorder.to < size && length <= size - byteorder.to && sources.size() == length;
  if (byteorder.size == 0 || !fits) return load_unknown("a change of byte order", byteorder.to);
  if constexpr (std::endian::native == std::endian::little)
    for (std::size_t i = 0; i < length; i += byteorder.size)
      std::reverse(sources.begin() + static_cast<std::ptrdiff_t>(i),
                   sources.begin() + static_cast<std::ptrdiff_t>(i + byteorder.size));
  std::ranges::copy(sources, bytes_.begin() + byteorder.to);
}

Sources Registers::read(Register from, std::size_t length) const {
  if (from >= size || length > size - from) return {};
  return {bytes_.begin() + from, bytes_.begin() + static_cast<std::ptrdiff_t>(from + length)};
}

std::size_t width(KernelField field) {
  switch (field) {
    case KernelField::family:
    case KernelField::protocol:
      return 1;
    case KernelField::ether_type:
    case KernelField::source_port:
    case KernelField::destination_port:
    case KernelField::icmp:
      return 2;
    case KernelField::source_v4:
    case KernelField::destination_v4:
    case KernelField::in_index:
    case KernelField::out_index:
    case KernelField::state:
      return 4;
    case KernelField::source_v6:
    case KernelField::destination_v6:
    case KernelField::in_name:
    case KernelField::out_name:
      return 16;
  }
  std::unreachable();
}

std::optional<Family> only_family(const Box& box) {
  const auto has = [&](Family family) { return !box.source.empty(family) && !box.destination.empty(family); };
  if (has(Family::ipv4) == has(Family::ipv6)) return std::nullopt;
  return has(Family::ipv4) ? Family::ipv4 : Family::ipv6;
}

namespace {

using Place = std::optional<std::pair<KernelField, unsigned>>;

struct Part {
  unsigned begin, end;
  KernelField field;
};

Place among(std::span<const Part> parts, unsigned index) {
  for (const Part& part : parts)
    if (part.begin <= index && index < part.end) return std::pair{part.field, index - part.begin};
  return std::nullopt;
}

// An IPv6 packet's next header is not its protocol where it has extension headers, so it is no field.
Place in_network_header(unsigned index, const Box& known) {
  static constexpr Part v4[] = {
      {9, 10, KernelField::protocol}, {12, 16, KernelField::source_v4}, {16, 20, KernelField::destination_v4}};
  static constexpr Part v6[] = {{8, 24, KernelField::source_v6}, {24, 40, KernelField::destination_v6}};
  const std::optional<Family> family = only_family(known);
  if (!family) return std::nullopt;
  return *family == Family::ipv4 ? among(v4, index) : among(v6, index);
}

Place in_transport_header(unsigned index, const Box& known) {
  static constexpr Part ports[] = {{0, 2, KernelField::source_port}, {2, 4, KernelField::destination_port}};
  static constexpr Part icmp[] = {{0, 2, KernelField::icmp}};
  if (known.protocols.none()) return std::nullopt;
  bool all_have_ports = true;
  for (unsigned number = 0; number < known.protocols.size(); ++number)
    if (known.protocols.test(number) && !has_ports({static_cast<std::uint8_t>(number)})) all_have_ports = false;
  if (all_have_ports) return among(ports, index);
  const std::optional<Family> family = only_family(known);
  if (!family || known.protocols.count() != 1) return std::nullopt;
  const Protocol wanted = *family == Family::ipv4 ? protocols::icmp : protocols::icmpv6;
  return known.protocols.test(wanted.number) ? among(icmp, index) : std::nullopt;
}

}  // namespace

Place field_of(const Source& source, const Box& known) {
  switch (source.of) {
    case Of::constant:
    case Of::unknown:
      return std::nullopt;
    case Of::family:
      return std::pair{KernelField::family, source.index};
    case Of::ether_type:
      return std::pair{KernelField::ether_type, source.index};
    case Of::protocol:
      return std::pair{KernelField::protocol, source.index};
    case Of::in_name:
      return std::pair{KernelField::in_name, source.index};
    case Of::out_name:
      return std::pair{KernelField::out_name, source.index};
    case Of::in_index:
      return std::pair{KernelField::in_index, source.index};
    case Of::out_index:
      return std::pair{KernelField::out_index, source.index};
    case Of::state:
      return std::pair{KernelField::state, source.index};
    case Of::network:
      return in_network_header(source.index, known);
    case Of::transport:
      return in_transport_header(source.index, known);
  }
  std::unreachable();
}

std::optional<std::vector<Slice>> slices(std::span<const Source> sources, const Box& known) {
  std::vector<Slice> result;
  for (const Source& source : sources) {
    if (source.of == Of::constant) {
      if (result.empty()) return std::nullopt;
      result.back().padding.push_back(source.flip);
      continue;
    }
    const Place place = field_of(source, known);
    if (!place) return std::nullopt;
    const bool another = result.empty() || result.back().field != place->first || !result.back().padding.empty();
    if (another) result.push_back({place->first, {}, {}});
    result.back().bytes.push_back({source.of, place->second, source.mask, source.flip});
  }
  return result;
}

}  // namespace portpolicy::host
