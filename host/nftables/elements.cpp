#include "host/nftables/elements.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

namespace portpolicy::host {
namespace {

using Key = Interval<Uint128>;

struct Element {
  std::vector<Key> parts;
  const HeldVerdict* verdict;
};

std::optional<std::vector<Element>> concatenations(const HeldSet& set, std::span<const std::size_t> sizes) {
  const std::size_t whole = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  std::vector<Element> result;
  result.reserve(set.elements.size());
  for (const HeldElement& held : set.elements) {
    if (held.others) continue;
    if (held.ends || held.key.size() != whole || (!held.last.empty() && held.last.size() != whole)) return std::nullopt;
    Element element{{}, &held.verdict};
    std::size_t at = 0;
    for (const std::size_t size : sizes) {
      const Uint128 first = number(std::span(held.key).subspan(at, size));
      const Uint128 last = held.last.empty() ? first : number(std::span(held.last).subspan(at, size));
      if (last < first) return std::nullopt;
      element.parts.push_back({first, last});
      at += size;
    }
    result.push_back(std::move(element));
  }
  return result;
}

/// The kernel looks for the last element that is not behind the key; one that ends intervals holds nothing. So each element
/// reaches up to the next one.
std::optional<std::vector<Element>> intervals(const HeldSet& set, std::size_t size) {
  struct Bound {
    Uint128 at;
    const HeldElement* held;
  };
  std::vector<Bound> bounds;
  bounds.reserve(set.elements.size());
  for (const HeldElement& held : set.elements) {
    if (held.others) continue;
    if (held.key.size() != size || !held.last.empty()) return std::nullopt;
    bounds.push_back({number(held.key), &held});
  }
  // Where one interval ends and the next one begins, the beginning counts.
  std::ranges::sort(bounds, {}, [](const Bound& bound) { return std::pair{bound.at, bound.held->ends}; });
  const auto same = std::ranges::unique(bounds, {}, &Bound::at);
  bounds.erase(same.begin(), same.end());
  const Uint128 max = size >= sizeof(Uint128) ? ~Uint128{0} : (Uint128{1} << 8 * size) - 1;
  std::vector<Element> result;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (bounds[i].held->ends) continue;
    const Uint128 last = i + 1 < bounds.size() ? bounds[i + 1].at - 1 : max;
    result.push_back({{{bounds[i].at, last}}, &bounds[i].held->verdict});
  }
  return result;
}

int compare(const Numbers& a, const Numbers& b) {
  if (&a.intervals() == &b.intervals()) return 0;
  const auto order = std::lexicographical_compare_three_way(a.intervals().begin(), a.intervals().end(),
                                                            b.intervals().begin(), b.intervals().end());
  return order < 0 ? -1 : order > 0 ? 1 : 0;
}

/// Whether the groups differ in this part alone, and otherwise which comes first.
int compare_but(const KeyGroup& a, const KeyGroup& b, std::size_t part) {
  if (a.verdict != b.verdict) return a.verdict < b.verdict ? -1 : 1;
  for (std::size_t i = 0; i < a.parts.size(); ++i)
    if (const int order = i == part ? 0 : compare(a.parts[i], b.parts[i])) return order;
  return 0;
}

std::vector<KeyGroup> merged(std::vector<KeyGroup> groups, std::size_t part) {
  std::ranges::stable_sort(groups, [&](const KeyGroup& a, const KeyGroup& b) { return compare_but(a, b, part) < 0; });
  std::vector<KeyGroup> result;
  for (std::size_t begin = 0; begin < groups.size();) {
    std::vector<Key> values;
    std::size_t end = begin;
    for (; end < groups.size() && compare_but(groups[begin], groups[end], part) == 0; ++end) {
      const std::vector<Key>& more = groups[end].parts[part].intervals();
      values.insert(values.end(), more.begin(), more.end());
    }
    result.push_back(std::move(groups[begin]));
    result.back().parts[part] = Numbers::of(std::move(values));
    begin = end;
  }
  return result;
}

/// The parts, that with the most different values first: in most sets, the address.
std::vector<std::size_t> by_variety(const std::vector<Element>& elements, std::size_t parts) {
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t part = 0; part < parts; ++part) {
    std::set<Key> values;
    for (const Element& element : elements) values.insert(element.parts[part]);
    order.emplace_back(values.size(), part);
  }
  std::ranges::sort(order, std::greater<>());
  std::vector<std::size_t> result;
  for (const auto& [variety, part] : order) result.push_back(part);
  return result;
}

bool share_a_key(const KeyGroup& a, const KeyGroup& b) {
  for (std::size_t i = 0; i < a.parts.size(); ++i)
    if (disjoint(a.parts[i], b.parts[i])) return false;
  return true;
}

bool verdicts_meet(const std::vector<KeyGroup>& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (groups[i].verdict != groups[j].verdict && share_a_key(groups[i], groups[j])) return true;
  return false;
}

}  // namespace

std::optional<KeyGroups> group_keys(const HeldSet& set, std::span<const std::size_t> sizes,
                                    const std::vector<bool>& kept) {
  const bool one_range = set.intervals && sizes.size() == 1;
  const std::optional<std::vector<Element>> elements =
      one_range ? intervals(set, sizes.front()) : concatenations(set, sizes);
  if (!elements) return std::nullopt;
  std::vector<KeyGroup> single;
  single.reserve(elements->size());
  for (const Element& element : *elements) {
    KeyGroup& group = single.emplace_back();
    for (const Key& part : element.parts) group.parts.push_back(Numbers::of(part));
    if (set.verdicts) group.verdict = *element.verdict;
  }
  std::vector<KeyGroup> groups = single;
  for (const std::size_t part : by_variety(*elements, sizes.size()))
    if (!kept[part]) groups = merged(std::move(groups), part);
  // Only among concatenations of ranges can elements overlap.
  if (set.verdicts && set.intervals && !one_range && verdicts_meet(groups)) return KeyGroups{std::move(single), true};
  return KeyGroups{std::move(groups), false};
}

}  // namespace portpolicy::host
