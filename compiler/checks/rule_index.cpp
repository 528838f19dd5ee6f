#include "compiler/checks/rule_index.h"

#include "compiler/graph/boxes.h"

namespace portpolicy::checks {
namespace {

// A long list of networks is looked up by its whole extent; what that finds too much is taken out by `disjoint`.
constexpr std::size_t most_intervals = 16;

template <class T>
std::vector<Interval<T>> keys(const IntervalSet<T>& set) {
  const auto& intervals = set.intervals();
  if (intervals.size() <= most_intervals) return intervals;
  return {{intervals.front().first, intervals.back().last}};
}

// Protocol and destination port in one number, so that a rule for every protocol is one long interval.
std::vector<Interval<std::uint32_t>> port_keys(const Box& box) {
  if (box.protocols.count() != 1) return {{0, IntervalSet<std::uint32_t>::max}};
  const auto protocol = static_cast<std::uint32_t>(box.protocols._Find_first() << 16);
  std::vector<Interval<std::uint32_t>> result;
  for (const auto& ports : keys(box.destination_ports))
    result.push_back({protocol | ports.first, protocol | ports.last});
  return result;
}

template <class T, class Keys>
std::size_t count(const IntervalIndex<T>& index, const Keys& keys) {
  std::size_t sum = 0;
  for (const auto& key : keys) sum += index.count(key);
  return sum;
}

}  // namespace

std::vector<const Rule*> pointers_to(const std::vector<Rule>& rules) {
  std::vector<const Rule*> pointers;
  pointers.reserve(rules.size());
  for (const Rule& rule : rules) pointers.push_back(&rule);
  return pointers;
}

RuleIndex::RuleIndex(const Graph& graph, std::span<const Rule* const> rules) {
  for (const Rule* rule : rules)
    for (Box& box : boxes_of(graph, rule->packets)) entries_.push_back({rule, std::move(box)});
  for (std::uint32_t id = 0; id < entries_.size(); ++id) {
    const Box& box = entries_[id].box;
    for (const auto& key : port_keys(box)) by_port_.add(key, id);
    for (const auto& key : keys(box.source.v4)) by_v4_.add(key, id);
    for (const auto& key : keys(box.source.v6)) by_v6_.add(key, id);
  }
  by_port_.finish();
  by_v4_.finish();
  by_v6_.finish();
}

std::expected<std::vector<const RuleIndex::Entry*>, TooComplex> RuleIndex::overlapping(const Box& box,
                                                                                       Budget& budget) const {
  std::vector<std::uint32_t> ids;
  const auto collect = [&ids](std::uint32_t id) { ids.push_back(id); };
  const auto ports = port_keys(box);
  const auto v4 = keys(box.source.v4);
  const auto v6 = keys(box.source.v6);
  const std::size_t of_ports = count(by_port_, ports);
  const std::size_t of_sources = count(by_v4_, v4) + count(by_v6_, v6);
  if (std::min(of_ports, of_sources) > budget.steps) return std::unexpected(TooComplex{});
  if (of_ports <= of_sources) {
    for (const auto& key : ports) by_port_.visit(key, collect);
  } else {
    for (const auto& key : v4) by_v4_.visit(key, collect);
    for (const auto& key : v6) by_v6_.visit(key, collect);
  }
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  std::vector<const Entry*> found;
  for (const std::uint32_t id : ids) {
    if (!budget.spend(cost(entries_[id].box, box))) return std::unexpected(TooComplex{});
    if (!disjoint(entries_[id].box, box)) found.push_back(&entries_[id]);
  }
  return found;
}

}  // namespace portpolicy::checks
