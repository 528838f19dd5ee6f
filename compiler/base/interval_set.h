#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
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
/// are equal vectors. Operations are linear in the number of intervals at most. Copies share their intervals, which are
/// never changed once they are made: a list of a million networks may stand in many places.
template <class T>
class IntervalSet {
 public:
  static constexpr T max = static_cast<T>(~T{0});

  IntervalSet() = default;
  static IntervalSet all() {
    static const IntervalSet everything = of({T{0}, max});
    return everything;
  }
  static IntervalSet of(Interval<T> interval) { return IntervalSet(std::vector<Interval<T>>{interval}); }
  /// The union of intervals in any order, overlapping or not.
  static IntervalSet of(std::vector<Interval<T>> intervals) {
    if (!std::is_sorted(intervals.begin(), intervals.end())) std::sort(intervals.begin(), intervals.end());
    merge_sorted(intervals);
    return IntervalSet(std::move(intervals));
  }

  bool empty() const { return intervals_ == nullptr; }
  bool is_all() const {
    return intervals_ != nullptr && intervals_->front().first == 0 && intervals_->front().last == max;
  }
  const std::vector<Interval<T>>& intervals() const {
    static const std::vector<Interval<T>> none;
    return intervals_ == nullptr ? none : *intervals_;
  }

  bool contains(T value) const {
    const std::vector<Interval<T>>& all = intervals();
    const auto after = std::upper_bound(all.begin(), all.end(), value,
                                        [](T v, const Interval<T>& interval) { return v < interval.first; });
    return after != all.begin() && value <= std::prev(after)->last;
  }

  friend IntervalSet unite(const IntervalSet& a, const IntervalSet& b) {
    if (a.empty() || a.intervals_ == b.intervals_) return b;
    if (b.empty()) return a;
    std::vector<Interval<T>> merged;
    merged.reserve(a.intervals_->size() + b.intervals_->size());
    std::merge(a.intervals_->begin(), a.intervals_->end(), b.intervals_->begin(), b.intervals_->end(),
               std::back_inserter(merged));
    merge_sorted(merged);
    return IntervalSet(std::move(merged));
  }

  friend IntervalSet intersect(const IntervalSet& a, const IntervalSet& b) {
    if (a.is_all() || a.intervals_ == b.intervals_) return b;
    if (b.is_all()) return a;
    std::vector<Interval<T>> both;
    meet(a, b, [&both](T first, T last) {
      both.push_back({first, last});
      return true;
    });
    return IntervalSet(std::move(both));
  }

  friend bool disjoint(const IntervalSet& a, const IntervalSet& b) {
    if (a.is_all() || b.is_all()) return a.empty() || b.empty();
    bool apart = true;
    meet(a, b, [&apart](T, T) { return apart = false; });
    return apart;
  }

  friend IntervalSet complement(const IntervalSet& a) {
    std::vector<Interval<T>> gaps;
    T next = 0;
    for (const Interval<T>& interval : a.intervals()) {
      if (next < interval.first) gaps.push_back({next, static_cast<T>(interval.first - 1)});
      if (interval.last == max) return IntervalSet(std::move(gaps));
      next = static_cast<T>(interval.last + 1);
    }
    gaps.push_back({next, max});
    return IntervalSet(std::move(gaps));
  }

  friend IntervalSet subtract(const IntervalSet& a, const IntervalSet& b) {
    if (b.empty()) return a;
    if (b.is_all() || a.intervals_ == b.intervals_) return {};
    return intersect(a, complement(b));
  }

  friend bool operator==(const IntervalSet& a, const IntervalSet& b) {
    return a.intervals_ == b.intervals_ || a.intervals() == b.intervals();
  }

 private:
  explicit IntervalSet(std::vector<Interval<T>> intervals) {
    if (!intervals.empty()) intervals_ = std::make_shared<const std::vector<Interval<T>>>(std::move(intervals));
  }

  static void merge_sorted(std::vector<Interval<T>>& intervals) {
    if (intervals.empty()) return;
    std::size_t kept = 0;
    for (std::size_t i = 1; i < intervals.size(); ++i) {
      Interval<T>& last = intervals[kept];
      const bool touches = last.last == max || intervals[i].first <= static_cast<T>(last.last + 1);
      if (touches) last.last = std::max(last.last, intervals[i].last);
      else intervals[++kept] = intervals[i];
    }
    intervals.resize(kept + 1);
  }

  /// Calls `visit` with each common interval, ascending, until it says no. A short set is looked up in a long one.
  template <class Visit>
  static void meet(const IntervalSet& a, const IntervalSet& b, Visit visit) {
    const std::vector<Interval<T>>& small = a.intervals().size() < b.intervals().size() ? a.intervals() : b.intervals();
    const std::vector<Interval<T>>& large = &small == &a.intervals() ? b.intervals() : a.intervals();
    const auto ends_before = [](const Interval<T>& interval, T value) { return interval.last < value; };
    auto at = large.begin();
    for (const Interval<T>& interval : small) {
      constexpr std::ptrdiff_t few = 8;
      while (at != large.end() && at->last < interval.first) {
        if (large.end() - at > few && (at + few)->last < interval.first)
          at = std::lower_bound(at, large.end(), interval.first, ends_before);
        else ++at;
      }
      for (auto common = at; common != large.end() && common->first <= interval.last; ++common)
        if (!visit(std::max(common->first, interval.first), std::min(common->last, interval.last))) return;
    }
  }

  std::shared_ptr<const std::vector<Interval<T>>> intervals_;  // never empty; nothing: the empty set
};

}  // namespace portpolicy
