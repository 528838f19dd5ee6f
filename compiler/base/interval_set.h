#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

namespace portpolicy {

/// All values from `first` to `last`, both included; `first <= last`.
template <class T>
struct Interval {
  T first{};
  T last{};
  friend constexpr auto operator<=>(const Interval&, const Interval&) = default;
};

/// A set of unsigned integers, kept as ascending intervals that neither overlap nor touch, so that equal sets
/// are equal vectors. Every operation is linear in the number of intervals.
template <class T>
class IntervalSet {
 public:
  static constexpr T max = static_cast<T>(~T{0});

  IntervalSet() = default;
  static IntervalSet all() { return of({T{0}, max}); }
  static IntervalSet of(Interval<T> interval) {
    IntervalSet set;
    set.intervals_.push_back(interval);
    return set;
  }
  /// The union of intervals in any order, overlapping or not.
  static IntervalSet of(std::vector<Interval<T>> intervals) {
    if (!std::is_sorted(intervals.begin(), intervals.end())) std::sort(intervals.begin(), intervals.end());
    IntervalSet set;
    set.intervals_ = std::move(intervals);
    set.merge_sorted();
    return set;
  }

  bool empty() const { return intervals_.empty(); }
  bool is_all() const { return intervals_.size() == 1 && intervals_[0].first == 0 && intervals_[0].last == max; }
  const std::vector<Interval<T>>& intervals() const { return intervals_; }

  bool contains(T value) const {
    auto after = std::upper_bound(intervals_.begin(), intervals_.end(), value,
                                  [](T v, const Interval<T>& interval) { return v < interval.first; });
    return after != intervals_.begin() && value <= std::prev(after)->last;
  }

  friend IntervalSet unite(const IntervalSet& a, const IntervalSet& b) {
    IntervalSet set;
    set.intervals_.reserve(a.intervals_.size() + b.intervals_.size());
    std::merge(a.intervals_.begin(), a.intervals_.end(), b.intervals_.begin(), b.intervals_.end(),
               std::back_inserter(set.intervals_));
    set.merge_sorted();
    return set;
  }

  friend IntervalSet intersect(const IntervalSet& a, const IntervalSet& b) {
    IntervalSet set;
    auto i = a.intervals_.begin();
    auto j = b.intervals_.begin();
    while (i != a.intervals_.end() && j != b.intervals_.end()) {
      const T first = std::max(i->first, j->first);
      const T last = std::min(i->last, j->last);
      if (first <= last) set.intervals_.push_back({first, last});
      if (i->last < j->last) ++i;
      else ++j;
    }
    return set;
  }

  friend bool disjoint(const IntervalSet& a, const IntervalSet& b) {
    auto i = a.intervals_.begin();
    auto j = b.intervals_.begin();
    while (i != a.intervals_.end() && j != b.intervals_.end()) {
      if (std::max(i->first, j->first) <= std::min(i->last, j->last)) return false;
      if (i->last < j->last) ++i;
      else ++j;
    }
    return true;
  }

  friend IntervalSet complement(const IntervalSet& a) {
    IntervalSet set;
    T next = 0;
    for (const Interval<T>& interval : a.intervals_) {
      if (next < interval.first) set.intervals_.push_back({next, static_cast<T>(interval.first - 1)});
      if (interval.last == max) return set;
      next = static_cast<T>(interval.last + 1);
    }
    set.intervals_.push_back({next, max});
    return set;
  }

  friend IntervalSet subtract(const IntervalSet& a, const IntervalSet& b) { return intersect(a, complement(b)); }

  friend bool operator==(const IntervalSet&, const IntervalSet&) = default;

 private:
  void merge_sorted() {
    if (intervals_.empty()) return;
    std::size_t kept = 0;
    for (std::size_t i = 1; i < intervals_.size(); ++i) {
      Interval<T>& last = intervals_[kept];
      const bool touches = last.last == max || intervals_[i].first <= static_cast<T>(last.last + 1);
      if (touches) last.last = std::max(last.last, intervals_[i].last);
      else intervals_[++kept] = intervals_[i];
    }
    intervals_.resize(kept + 1);
  }

  std::vector<Interval<T>> intervals_;
};

}  // namespace portpolicy
