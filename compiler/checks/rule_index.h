#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/packets/box.h"

namespace portpolicy::checks {

/// Intervals that can be asked which of them overlap another one: an implicit tree over the intervals in order, each
/// subtree with the greatest end in it.
template <class T>
class IntervalIndex {
 public:
  void add(Interval<T> interval, std::uint32_t id) { entries_.push_back({interval, id, interval.last}); }

  void finish() {
    std::ranges::sort(entries_, {}, [](const Entry& entry) { return entry.interval.first; });
    for (const Entry& entry : entries_) ends_.push_back(entry.interval.last);
    std::ranges::sort(ends_);
    set_greatest(0, entries_.size());
  }

  std::size_t count(Interval<T> query) const {
    const auto started =
        std::ranges::upper_bound(entries_, query.last, {}, [](const Entry& e) { return e.interval.first; });
    const auto ended = std::ranges::lower_bound(ends_, query.first);
    return static_cast<std::size_t>((started - entries_.begin()) - (ended - ends_.begin()));
  }

  /// Calls `visit` with the id of each overlapping interval.
  template <class Visit>
  void visit(Interval<T> query, Visit visit) const {
    walk(0, entries_.size(), query, visit);
  }

 private:
  struct Entry {
    Interval<T> interval;
    std::uint32_t id;
    T greatest;  // end in the subtree of which this is the root
  };

  T set_greatest(std::size_t begin, std::size_t end) {
    if (begin == end) return T{0};
    const std::size_t middle = begin + (end - begin) / 2;
    Entry& root = entries_[middle];
    root.greatest = std::max({root.interval.last, set_greatest(begin, middle), set_greatest(middle + 1, end)});
    return root.greatest;
  }

  template <class Visit>
  void walk(std::size_t begin, std::size_t end, Interval<T> query, Visit& visit) const {
    if (begin == end) return;
    const std::size_t middle = begin + (end - begin) / 2;
    const Entry& root = entries_[middle];
    if (root.greatest < query.first) return;
    walk(begin, middle, query, visit);
    if (root.interval.first > query.last) return;
    if (root.interval.last >= query.first) visit(root.id);
    walk(middle + 1, end, query, visit);
  }

  std::vector<Entry> entries_;
  std::vector<T> ends_;
};

std::vector<const Rule*> pointers_to(const std::vector<Rule>& rules);

/// The boxes of some rules, to be asked which of them may overlap a given box; by destination port or by source,
/// whichever leaves fewer.
class RuleIndex {
 public:
  struct Entry {
    const Rule* rule;
    Box box;
  };

  RuleIndex(const Graph& graph, std::span<const Rule* const> rules);

  const std::vector<Entry>& entries() const { return entries_; }
  /// Entries that overlap `box`, ascending; each one tried costs a step. Nothing when the budget ends.
  std::expected<std::vector<const Entry*>, TooComplex> overlapping(const Box& box, Budget& budget) const;

 private:
  std::vector<Entry> entries_;
  IntervalIndex<std::uint32_t> by_port_;
  IntervalIndex<std::uint32_t> by_v4_;
  IntervalIndex<Uint128> by_v6_;
};

}  // namespace portpolicy::checks
