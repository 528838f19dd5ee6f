#include "host/nftables/narrow.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace portpolicy::host {
namespace {

constexpr std::size_t most_bytes = 16;

constexpr Uint128 ones(std::size_t bits) {
  return bits >= 128 ? ~Uint128{0} : (Uint128{1} << bits) - 1;
}

/// What the bytes in front of the padding may be.
Numbers without_padding(const Numbers& values, const Bytes& padding) {
  if (padding.empty()) return values;
  const std::size_t bits = 8 * padding.size();
  const Uint128 behind = number(padding);
  std::vector<Interval<Uint128>> left;
  for (const Interval<Uint128>& interval : values.intervals()) {
    // first <= x << bits | behind <= last
    Uint128 first = interval.first >> bits, last = interval.last >> bits;
    if ((interval.first & ones(bits)) > behind) ++first;
    if ((interval.last & ones(bits)) < behind) {
      if (last == 0) continue;
      --last;
    }
    if (first <= last) left.push_back({first, last});
  }
  return Numbers::of(std::move(left));
}

/// The bytes of the register for one value of a field, whose bytes stand in `field`.
Uint128 in_register(const Sources& sources, std::span<const std::uint8_t> field) {
  Uint128 result = 0;
  for (const Source& source : sources)
    result = result << 8 | static_cast<std::uint8_t>((field[source.index] & source.mask) ^ source.flip);
  return result;
}

/// The same for a number whose bytes stand in network order.
Uint128 in_register(const Sources& sources, unsigned value, std::size_t width) {
  std::array<std::uint8_t, 2> field{};
  if (width == 1) field[0] = static_cast<std::uint8_t>(value);
  else field = {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
  return in_register(sources, field);
}

/// The same for a number in the order of this machine.
Uint128 in_register(const Sources& sources, std::uint32_t native) {
  std::array<std::uint8_t, sizeof native> field{};
  std::memcpy(field.data(), &native, sizeof native);
  return in_register(sources, field);
}

/// The mask over the whole field, when the bytes are the first ones of it, in their order and nothing is flipped.
std::optional<Uint128> mask_over_beginning(const Slice& slice) {
  Uint128 mask = 0;
  for (std::size_t i = 0; i < slice.bytes.size(); ++i) {
    const Source& source = slice.bytes[i];
    if (source.index != i || source.flip != 0) return std::nullopt;
    mask = mask << 8 | source.mask;
  }
  return mask << 8 * (width(slice.field) - slice.bytes.size());
}

/// The values of a field of so many bits with `value & mask` in a set, where the mask is that of a prefix of the field.
std::optional<Numbers> by_prefix(const Slice& slice, const Numbers& values) {
  const std::size_t bits = 8 * width(slice.field);
  const std::optional<Uint128> mask = mask_over_beginning(slice);
  if (!mask) return std::nullopt;
  const Uint128 free = ~*mask & ones(bits);  // the bits that the mask takes away
  if ((free & (free + 1)) != 0) return std::nullopt;
  const std::size_t shift = bits - 8 * slice.bytes.size();
  std::vector<Interval<Uint128>> result;
  for (const Interval<Uint128>& interval : values.intervals()) {
    Uint128 first = interval.first << shift;
    const Uint128 last = (interval.last << shift) | free;
    if ((first & free) != 0) {
      if ((first | free) == ones(bits)) continue;
      first = (first | free) + 1;
    }
    if (first <= last) result.push_back({first, last});
  }
  return Numbers::of(std::move(result));
}

/// The values of a field of one or two bytes, each tried.
Numbers by_trial(const Slice& slice, const Numbers& values) {
  const std::size_t bytes = width(slice.field);
  std::vector<Interval<Uint128>> result;
  for (unsigned value = 0; value < 1u << 8 * bytes; ++value)
    if (values.contains(in_register(slice.bytes, value, bytes))) result.push_back({value, value});
  return Numbers::of(std::move(result));
}

std::optional<Numbers> numbers_of(const Slice& slice, const Numbers& values) {
  if (std::optional<Numbers> result = by_prefix(slice, values)) return result;
  if (width(slice.field) > 2) return std::nullopt;
  return by_trial(slice, values);
}

Numbers complement_in(const Numbers& numbers, std::size_t bits) {
  return intersect(complement(numbers), Numbers::of({Uint128{0}, ones(bits)}));
}

template <class T>
IntervalSet<T> narrowed_to(const Numbers& numbers) {
  std::vector<Interval<T>> result;
  result.reserve(numbers.intervals().size());
  for (const Interval<Uint128>& interval : numbers.intervals())
    result.push_back({static_cast<T>(interval.first), static_cast<T>(interval.last)});
  return IntervalSet<T>::of(std::move(result));
}

AddressSet all_of(Family family) {
  AddressSet set;
  if (family == Family::ipv4) set.v4 = IntervalSet<std::uint32_t>::all();
  else set.v6 = IntervalSet<Uint128>::all();
  return set;
}

/// Packets of those families that a number says: one for each.
std::optional<Box> by_family(Box box, const Slice& slice, const Numbers& values, bool negated) {
  const bool ether = slice.field == KernelField::ether_type;
  const std::array<unsigned, 2> of = ether ? std::array{0x0800u, 0x86ddu} : std::array{2u, 10u};
  for (const Family family : families) {
    const unsigned value = of[static_cast<std::size_t>(family)];
    if (values.contains(in_register(slice.bytes, value, width(slice.field))) != negated) continue;
    box.source = intersect(box.source, all_of(family == Family::ipv4 ? Family::ipv6 : Family::ipv4));
  }
  return box;
}

std::optional<Box> by_state(Box box, const Slice& slice, const Numbers& values, bool negated) {
  // linux/netfilter/nf_conntrack_common.h
  constexpr std::pair<std::uint32_t, State> bits[] = {
      {1, State::invalid}, {2, State::established}, {4, State::related}, {8, State::new_}, {64, State::untracked}};
  StateSet states{};
  for (const auto& [bit, state] : bits)
    if (values.contains(in_register(slice.bytes, bit)) != negated) states = states | StateSet::of(state);
  box.states = box.states & states;
  return box;
}

/// The only number of an interface that is the same everywhere is that of `lo`.
std::optional<InterfaceSet> by_index(const Slice& slice, const Numbers& values) {
  constexpr std::uint32_t loopback = 1;
  if (slice.bytes.size() != width(slice.field)) return std::nullopt;
  for (const Source& source : slice.bytes)
    if (source.mask != 255 || source.flip != 0) return std::nullopt;
  const Uint128 in_lo = in_register(slice.bytes, loopback);
  if (values.empty()) return InterfaceSet();
  if (values != Numbers::of({in_lo, in_lo})) return std::nullopt;
  return InterfaceSet::of(InterfacePattern{"lo", false});
}

/// The name in bytes that are filled up with zeros; nothing where a byte stands behind the first zero.
std::optional<std::string> name_in(const std::string& bytes) {
  const std::size_t end = std::min(bytes.find('\0'), bytes.size());
  if (bytes.find_first_not_of('\0', end) != bytes.npos) return std::nullopt;
  return bytes.substr(0, end);
}

std::string bytes_of(Uint128 value, std::size_t count) {
  std::string result(count, '\0');
  for (std::size_t i = count; i-- > 0; value >>= 8) result[i] = static_cast<char>(static_cast<std::uint8_t>(value));
  return result;
}

/// A name, or all that begin alike.
std::optional<InterfacePattern> pattern(const Interval<Uint128>& interval, std::size_t count) {
  std::string first = bytes_of(interval.first, count);
  const std::string last = bytes_of(interval.last, count);
  std::size_t same = 0;
  while (same < count && first[same] == last[same]) ++same;
  const bool begins =
      first.find_first_not_of('\0', same) == first.npos && last.find_first_not_of('\xff', same) == last.npos;
  if (same < count || count < most_bytes) {
    if (!begins) return std::nullopt;
    if (first.find('\0') >= same) return InterfacePattern{first.substr(0, same), true};
    if (same < count) return std::nullopt;
  }
  const std::optional<std::string> name = name_in(first);
  if (!name || name->empty()) return std::nullopt;
  return InterfacePattern{*name, false};
}

std::optional<InterfaceSet> by_name(const Slice& slice, const Numbers& values) {
  if (mask_over_beginning(slice) != ones(128) << 8 * (width(slice.field) - slice.bytes.size())) return std::nullopt;
  std::vector<InterfacePattern> patterns;
  for (const Interval<Uint128>& interval : values.intervals()) {
    const std::optional<InterfacePattern> one = pattern(interval, slice.bytes.size());
    if (!one) return std::nullopt;
    patterns.push_back(*one);
  }
  return InterfaceSet::of(patterns);
}

std::optional<Box> by_interface(Box box, const Slice& slice, const Numbers& values, bool negated) {
  const bool in = slice.field == KernelField::in_name || slice.field == KernelField::in_index;
  const bool named = slice.field == KernelField::in_name || slice.field == KernelField::out_name;
  const std::optional<InterfaceSet> set = named ? by_name(slice, values) : by_index(slice, values);
  if (!set) return std::nullopt;
  InterfaceSet& of = in ? box.in : box.out;
  of = negated ? subtract(of, *set) : intersect(of, *set);
  return box;
}

std::optional<Box> by_number(Box box, const Slice& slice, const Numbers& values, bool negated) {
  std::optional<Numbers> numbers = numbers_of(slice, values);
  if (!numbers) return std::nullopt;
  if (negated) numbers = complement_in(*numbers, 8 * width(slice.field));
  const auto v4 = [&] { return AddressSet{narrowed_to<std::uint32_t>(*numbers), {}}; };
  const auto v6 = [&] { return AddressSet{{}, *numbers}; };
  const auto meet = [](auto& set, const auto& other) { set = intersect(set, other); };
  switch (slice.field) {
    case KernelField::protocol:
      for (unsigned protocol = 0; protocol < 256; ++protocol)
        if (!numbers->contains(protocol)) box.protocols.reset(protocol);
      break;
    case KernelField::source_v4:
      meet(box.source, v4());
      break;
    case KernelField::source_v6:
      meet(box.source, v6());
      break;
    case KernelField::destination_v4:
      meet(box.destination, v4());
      break;
    case KernelField::destination_v6:
      meet(box.destination, v6());
      break;
    case KernelField::source_port:
      meet(box.source_ports, narrowed_to<std::uint16_t>(*numbers));
      break;
    case KernelField::destination_port:
      meet(box.destination_ports, narrowed_to<std::uint16_t>(*numbers));
      break;
    case KernelField::icmp:
      meet(box.icmp, narrowed_to<std::uint16_t>(*numbers));
      break;
    case KernelField::family:
    case KernelField::ether_type:
    case KernelField::state:
    case KernelField::in_name:
    case KernelField::out_name:
    case KernelField::in_index:
    case KernelField::out_index:
      return std::nullopt;
  }
  return box;
}

}  // namespace

Uint128 number(std::span<const std::uint8_t> bytes) {
  Uint128 result = 0;
  for (const std::uint8_t byte : bytes) result = result << 8 | byte;
  return result;
}

std::optional<Box> narrow(const Box& known, const Slice& slice, const Numbers& values, bool negated) {
  if (slice.bytes.size() + slice.padding.size() > most_bytes || slice.bytes.size() > width(slice.field))
    return std::nullopt;
  const Numbers inner = without_padding(values, slice.padding);
  switch (slice.field) {
    case KernelField::family:
    case KernelField::ether_type:
      return by_family(known, slice, inner, negated);
    case KernelField::state:
      return by_state(known, slice, inner, negated);
    case KernelField::in_name:
    case KernelField::out_name:
    case KernelField::in_index:
    case KernelField::out_index:
      return by_interface(known, slice, inner, negated);
    case KernelField::protocol:
    case KernelField::source_v4:
    case KernelField::source_v6:
    case KernelField::destination_v4:
    case KernelField::destination_v6:
    case KernelField::source_port:
    case KernelField::destination_port:
    case KernelField::icmp:
      return by_number(known, slice, inner, negated);
  }
  std::unreachable();
}

}  // namespace portpolicy::host
