#include "backends/nftables/prefix_search.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace portpolicy::nft {
namespace {

/// So many markers can be found one after the other. The kernel follows 15 jumps.
constexpr int most_markers = 4;
/// Of more lengths than this no search is planned. They come of ranges that are no prefixes, and another shape is better.
constexpr std::size_t most_lengths = 24;

/// Tries every search among the lengths, the best for each part of them once.
class Planner {
 public:
  Planner(const PrefixLengths& lengths, const Costs& costs) : costs_(costs) {
    std::vector<int> ascending = lengths.by_number();
    std::sort(ascending.begin(), ascending.end());
    for (const int length : ascending) all_.push_back({length, lengths.count(length)});
    for (const Length& length : all_) sums_.push_back(sums_.back() + length.count);
    // One packet of three meets no prefix.
    misses_ = static_cast<double>(sums_.back()) / 2;
    best_.resize(all_.size() > most_lengths ? 0 : place(all_.size(), 0, false, 0));
  }

  Search plan() {
    if (all_.empty()) return {};
    const int markers = all_.size() > most_lengths ? 0 : most_markers;
    Search search;
    add_steps(0, all_.size(), true, markers, search.steps);
    search.cost = best(0, all_.size(), true, markers).cost / (static_cast<double>(sums_.back()) + misses_);
    return search;
  }

 private:
  struct Length {
    int length;
    std::size_t count;
  };
  struct Best {
    double cost = 0;        ///< of all packets that come here, in nanoseconds
    std::size_t first = 0;  ///< the length that is asked first, if it has markers
    bool markers = false;   ///< else all are asked, the most numerous first
  };

  std::size_t place(std::size_t begin, std::size_t end, bool with_misses, int markers) const {
    const std::size_t part = begin * (all_.size() + 1) + end;
    return (part * 2 + (with_misses ? 1 : 0)) * (most_markers + 1) + static_cast<std::size_t>(markers);
  }

  double between(std::size_t begin, std::size_t end) const { return static_cast<double>(sums_[end] - sums_[begin]); }

  std::vector<Length> by_number(std::size_t begin, std::size_t end) const {
    std::vector<Length> part(all_.begin() + static_cast<std::ptrdiff_t>(begin),
                             all_.begin() + static_cast<std::ptrdiff_t>(end));
    std::stable_sort(part.begin(), part.end(), [](const Length& a, const Length& b) { return a.count > b.count; });
    return part;
  }

  double one_after_the_other(std::size_t begin, std::size_t end, bool with_misses) const {
    double left = between(begin, end) + (with_misses ? misses_ : 0), cost = 0;
    for (const Length& length : by_number(begin, end)) {
      cost += left * costs_.tuple_hash(length.count);
      left -= static_cast<double>(length.count);
    }
    return cost;
  }

  /// Among the lengths from `begin` to before `end`, for the packets that are in one of their prefixes, and perhaps
  /// for those that are in none. These find a marker too rarely to count.
  Best best(std::size_t begin, std::size_t end, bool with_misses, int markers) {
    Best result{one_after_the_other(begin, end, with_misses), begin, false};
    if (markers == 0 || begin + 1 == end) return result;
    std::optional<Best>& known = best_[place(begin, end, with_misses, markers)];
    if (known) return *known;
    const double all = between(begin, end) + (with_misses ? misses_ : 0);
    for (std::size_t first = begin; first + 1 < end; ++first) {
      double cost = all * costs_.tuple_hash(sums_[end] - sums_[first]) + between(first + 1, end) * costs_.jump +
                    best(first + 1, end, false, markers - 1).cost;
      if (first > begin) cost += best(begin, first, with_misses, markers).cost;
      if (cost < result.cost) result = {cost, first, true};
    }
    known = result;
    return result;
  }

  void add_steps(std::size_t begin, std::size_t end, bool with_misses, int markers, std::vector<SearchStep>& steps) {
    const Best choice = best(begin, end, with_misses, markers);
    if (!choice.markers) {
      for (const Length& length : by_number(begin, end)) steps.push_back({length.length, {}});
      return;
    }
    SearchStep step{all_[choice.first].length, {}};
    add_steps(choice.first + 1, end, false, markers - 1, step.longer);
    steps.push_back(std::move(step));
    if (choice.first > begin) add_steps(begin, choice.first, with_misses, markers, steps);
  }

  const Costs& costs_;
  std::vector<Length> all_;           ///< ascending
  std::vector<std::size_t> sums_{0};  ///< of the counts before each
  double misses_ = 0;
  std::vector<std::optional<Best>> best_;  ///< by `place`
};

}  // namespace

Search plan_search(const PrefixLengths& lengths, const Costs& costs) {
  return Planner(lengths, costs).plan();
}

std::vector<int> lengths_of(const std::vector<SearchStep>& steps) {
  std::vector<int> lengths;
  for (const SearchStep& step : steps) {
    lengths.push_back(step.length);
    const std::vector<int> longer = lengths_of(step.longer);
    lengths.insert(lengths.end(), longer.begin(), longer.end());
  }
  return lengths;
}

}  // namespace portpolicy::nft
