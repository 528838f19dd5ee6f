#include "backends/nftables/alternatives.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace portpolicy::nft {
namespace {

/// The longest interface name.
constexpr std::size_t most_interface_bytes = 15;

/// nft refuses 15 bytes and a `*`, which can only mean the one name.
InterfacePattern shortened(InterfacePattern pattern) {
  if (pattern.text.size() >= most_interface_bytes) pattern.wildcard = false;
  return pattern;
}

/// In a set nft turns `br-*` into the interval from `br-` up to `br.`, joins it with an interval that begins there, and
/// can then no longer list what it made. Such neighbours must stand in different sets.
bool touch(const InterfacePattern& a, const InterfacePattern& b) {
  if (!a.wildcard) return false;
  std::string end = a.text;
  end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end == b.text;
}

/// As few sets as possible without neighbours; `patterns` is ascending.
std::vector<std::vector<InterfacePattern>> sets_of(const std::vector<InterfacePattern>& patterns) {
  std::vector<std::vector<InterfacePattern>> sets;
  for (const InterfacePattern& pattern : patterns) {
    const auto free = std::find_if(sets.begin(), sets.end(), [&](const std::vector<InterfacePattern>& set) {
      return std::none_of(set.begin(), set.end(), [&](const InterfacePattern& other) {
        return touch(other, pattern) || touch(pattern, other);
      });
    });
    if (free == sets.end()) sets.push_back({pattern});
    else free->push_back(pattern);
  }
  return sets;
}

bool is_writable(const InterfacePattern& pattern) {
  // nft has no escape for a quote, and reads `\` before `*` and a last `*` as signs of its own.
  const bool strange = std::any_of(pattern.text.begin(), pattern.text.end(), [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  });
  return !strange && (pattern.wildcard || !pattern.text.ends_with('*'));
}

template <class T>
IntervalSet<T> set_of(const std::vector<T>& values) {
  std::vector<Interval<T>> intervals;
  intervals.reserve(values.size());
  for (const T value : values) intervals.push_back({value, value});
  return IntervalSet<T>::of(std::move(intervals));
}

}  // namespace

std::vector<Matches> interface_alternatives(Side side, const InterfaceSet& interfaces) {
  if (interfaces.is_all()) return {{}};
  std::vector<InterfacePattern> plain;
  std::vector<Matches> with_exceptions;
  for (const InterfaceSet::Term& term : interfaces.terms()) {
    const InterfacePattern pattern = shortened(term.pattern);
    if (term.except.empty()) {
      plain.push_back(pattern);
      continue;
    }
    Matches matches;
    if (!pattern.text.empty()) matches.push_back(InterfaceIn{side, false, {pattern}});
    std::vector<InterfacePattern> except;
    except.reserve(term.except.size());
    for (const InterfacePattern& inner : term.except) except.push_back(shortened(inner));
    for (auto& set : sets_of(except)) matches.push_back(InterfaceIn{side, true, std::move(set)});
    with_exceptions.push_back(std::move(matches));
  }
  std::vector<Matches> result;
  for (auto& set : sets_of(plain)) result.push_back({InterfaceIn{side, false, std::move(set)}});
  std::move(with_exceptions.begin(), with_exceptions.end(), std::back_inserter(result));
  return result;
}

std::optional<InterfacePattern> unwritable(const std::vector<Matches>& alternatives) {
  for (const Matches& matches : alternatives) {
    for (const Match& match : matches) {
      const auto* interfaces = std::get_if<InterfaceIn>(&match);
      if (interfaces == nullptr) continue;
      for (const InterfacePattern& pattern : interfaces->patterns) {
        if (!is_writable(pattern)) return pattern;
      }
    }
  }
  return std::nullopt;
}

std::vector<Matches> icmp_alternatives(Family family, const IcmpSet& types) {
  std::array<std::vector<Interval<std::uint8_t>>, 256> codes_of_type;
  for (const Interval<std::uint16_t>& interval : types.intervals()) {
    for (unsigned type = interval.first >> 8; type <= unsigned{interval.last} >> 8; ++type) {
      const unsigned first = std::max<unsigned>(interval.first, type << 8);
      const unsigned last = std::min<unsigned>(interval.last, type << 8 | 0xff);
      codes_of_type[type].push_back({static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(last)});
    }
  }
  // Types that go with the same codes share a rule.
  std::vector<std::pair<IntervalSet<std::uint8_t>, std::vector<std::uint8_t>>> groups;
  for (unsigned type = 0; type < codes_of_type.size(); ++type) {
    if (codes_of_type[type].empty()) continue;
    const auto codes = IntervalSet<std::uint8_t>::of(std::move(codes_of_type[type]));
    auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& other) { return other.first == codes; });
    if (group == groups.end()) group = groups.insert(group, {codes, {}});
    group->second.push_back(static_cast<std::uint8_t>(type));
  }
  std::vector<Matches> result;
  for (const auto& [codes, members] : groups) {
    Matches matches{IcmpIn{IcmpIn::Field::type, family, set_of(members)}};
    if (!codes.is_all()) matches.push_back(IcmpIn{IcmpIn::Field::code, family, codes});
    result.push_back(std::move(matches));
  }
  return result;
}

}  // namespace portpolicy::nft
