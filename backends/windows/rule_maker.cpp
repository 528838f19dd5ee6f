#include "backends/windows/rule_maker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "backends/windows/domain.h"

namespace portpolicy::windows {
namespace {

/// Pieces of a list that are short enough. A list of all values is one piece.
template <class T>
std::vector<IntervalSet<T>> pieces_of(const IntervalSet<T>& set) {
  if (set.is_all() || set.intervals().size() <= most_entries) return {set};
  std::vector<IntervalSet<T>> pieces;
  const auto& all = set.intervals();
  for (std::size_t at = 0; at < all.size(); at += most_entries) {
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(at + most_entries, all.size()));
    pieces.push_back(IntervalSet<T>::of(std::vector(all.begin() + static_cast<std::ptrdiff_t>(at), end)));
  }
  return pieces;
}

std::vector<AddressSet> pieces_of(const AddressSet& set) {
  const std::size_t entries = set.v4.intervals().size() + set.v6.intervals().size();
  if (set.is_all() || entries <= most_entries) return {set};
  std::vector<AddressSet> pieces;
  if (!set.v4.empty())
    for (const auto& v4 : pieces_of(set.v4)) pieces.push_back({v4, {}});
  if (!set.v6.empty())
    for (const auto& v6 : pieces_of(set.v6)) pieces.push_back({{}, v6});
  return pieces;
}

/// How many entries it takes to write ICMP types down: one for a type with all its codes, else one for each code.
std::size_t entries_of(Interval<std::uint16_t> types) {
  std::size_t entries = 0;
  for (std::uint32_t at = types.first; at <= types.last;) {
    const bool whole = at % 256 == 0 && at + 255 <= types.last;
    at += whole ? 256 : 1;
    ++entries;
  }
  return entries;
}

std::vector<IcmpSet> icmp_pieces_of(const IcmpSet& set) {
  if (set.is_all()) return {set};
  std::vector<IcmpSet> pieces;
  std::vector<Interval<std::uint16_t>> piece;
  std::size_t entries = 0;
  const auto end_piece = [&] {
    if (!piece.empty()) pieces.push_back(IcmpSet::of(std::exchange(piece, {})));
    entries = 0;
  };
  // An interval of more than 1,000 entries cannot be: it has whole types but for 255 codes at each end.
  for (const auto& interval : set.intervals()) {
    if (entries + entries_of(interval) > most_entries) end_piece();
    piece.push_back(interval);
    entries += entries_of(interval);
  }
  end_piece();
  return pieces;
}

/// Both sides so that the rule matches no packet of another family, and with as few conditions as that takes.
struct Sides {
  AddressSet local, remote;
};

std::optional<Sides> sides_of(const Box& box, std::optional<Protocol> protocol, Direction direction) {
  Sides sides{box.destination, box.source};
  if (direction == Direction::outbound) std::swap(sides.local, sides.remote);
  const std::optional<Family> implied = protocol ? family_of(*protocol) : std::nullopt;
  const auto clear = [&](Family family) {
    for (AddressSet* side : {&sides.local, &sides.remote})
      *side = intersect(*side, AddressSet::all(other_family(family)));
  };
  for (const Family family : families)
    if ((implied && *implied != family) || sides.local.empty(family) || sides.remote.empty(family)) clear(family);
  if (sides.local.empty()) return std::nullopt;
  const bool one_family = sides.local.v4.empty() || sides.local.v6.empty();
  if (one_family) {
    const Family family = sides.local.v4.empty() ? Family::ipv6 : Family::ipv4;
    const bool whole_local = sides.local.is_all(family), whole_remote = sides.remote.is_all(family);
    if (whole_local) sides.local = AddressSet::all();
    const bool is_icmp = protocol == protocols::icmp || protocol == protocols::icmpv6;  // of one family to Windows, too
    if (whole_remote && (!whole_local || is_icmp)) sides.remote = AddressSet::all();
  }
  for (AddressSet* side : {&sides.local, &sides.remote}) {
    if (side->is_all()) continue;
    *side = nameable(*side);
    if (side->empty()) return std::nullopt;
  }
  return sides;
}

bool have_a_family(const AddressSet& local, const AddressSet& remote) {
  return std::ranges::any_of(families, [&](Family family) { return !local.empty(family) && !remote.empty(family); });
}

void add_conditions(const Box& box, std::optional<Protocol> protocol, Direction direction,
                    std::vector<Conditions>& all) {
  const std::optional<Sides> sides = sides_of(box, protocol, direction);
  if (!sides) return;
  PortSet local = nameable(box.destination_ports), remote = nameable(box.source_ports);
  if (local.empty() || remote.empty()) return;
  if (direction == Direction::outbound) std::swap(local, remote);
  for (const PortSet& local_ports : pieces_of(local))
    for (const PortSet& remote_ports : pieces_of(remote))
      for (const IcmpSet& icmp : icmp_pieces_of(box.icmp))
        for (const AddressSet& here : pieces_of(sides->local))
          for (const AddressSet& there : pieces_of(sides->remote))
            if (have_a_family(here, there)) all.push_back({protocol, local_ports, remote_ports, icmp, here, there});
}

}  // namespace

std::vector<Conditions> conditions_of(const Box& box, Direction direction) {
  std::vector<Conditions> all;
  if (box.protocols.all()) {
    add_conditions(box, std::nullopt, direction, all);
    return all;
  }
  for (std::size_t number = 0; number < box.protocols.size(); ++number)
    if (box.protocols.test(number)) add_conditions(box, Protocol{static_cast<std::uint8_t>(number)}, direction, all);
  return all;
}

ProtocolSet named_one_by_one(const Box& box) {
  constexpr std::size_t many = 16;  // more than anybody lists in a rule: it is all but some
  if (box.protocols.all() || box.protocols.count() <= many) return {};
  ProtocolSet others = box.protocols;
  for (const Protocol protocol : {protocols::tcp, protocols::udp, protocols::icmp, protocols::icmpv6})
    others.reset(protocol.number);
  return others;
}

}  // namespace portpolicy::windows
