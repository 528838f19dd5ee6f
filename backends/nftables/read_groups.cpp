#include "backends/nftables/read_groups.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <span>
#include <utility>

namespace portpolicy::nft::text {
namespace {

// So many pairs of groups are looked at; who has more is not understood.
constexpr std::size_t most_compared = 5'000'000;

using Number = std::uint32_t;

/// Sets of ranges of one field, each once.
class Values {
 public:
  Number number(std::vector<Range> ranges) {
    const auto [known, fresh] = numbers_.try_emplace(std::move(ranges), static_cast<Number>(all_.size()));
    if (fresh) all_.push_back(&known->first);
    return known->second;
  }
  const std::vector<Range>& operator[](Number number) const { return *all_[number]; }

 private:
  std::map<std::vector<Range>, Number> numbers_;
  std::vector<const std::vector<Range>*> all_;
};

/// The actions of a map as numbers that are equal for equal ones.
std::vector<Number> action_numbers(const Elements& elements) {
  std::map<std::pair<Action::Kind, std::string_view>, Number> known;
  std::vector<Number> numbers(elements.distinct.size());
  for (Number i = 0; i < numbers.size(); ++i)
    numbers[i] = known.try_emplace({elements.distinct[i].kind, elements.distinct[i].chain}, i).first->second;
  std::vector<Number> of_elements;
  of_elements.reserve(elements.actions.size());
  for (const std::uint32_t action : elements.actions) of_elements.push_back(numbers[action]);
  return of_elements;
}

/// Rows of numbers: the fields of an element, and at the end its action.
class Rows {
 public:
  Rows(const Elements& elements, bool is_map) : width_(elements.width() + 1), values_(elements.width()) {
    const std::vector<Number> actions = is_map ? action_numbers(elements) : std::vector<Number>();
    cells_.reserve(elements.size() * width_);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      for (std::size_t field = 0; field + 1 < width_; ++field)
        cells_.push_back(values_[field].number({elements.ranges[i * (width_ - 1) + field]}));
      cells_.push_back(is_map ? actions[i] : 0);
      first_.push_back(static_cast<std::uint32_t>(i));
    }
  }

  std::size_t size() const { return cells_.size() / width_; }
  std::span<Number> row(std::size_t i) { return std::span(cells_).subspan(i * width_, width_); }
  const std::vector<Range>& values(std::size_t field, Number number) const { return values_[field][number]; }
  /// The rows in the order in which the first elements of each stand in the text.
  std::vector<std::uint32_t> order() const {
    std::vector<std::uint32_t> rows(size());
    std::iota(rows.begin(), rows.end(), 0u);
    std::ranges::sort(rows, {}, [&](std::uint32_t row) { return first_[row]; });
    return rows;
  }

  /// Rows that differ in this field alone become one.
  void unite(std::size_t field) {
    std::vector<std::uint32_t> order(size());
    std::iota(order.begin(), order.end(), 0u);
    const auto key_less = [&](std::uint32_t a, std::uint32_t b) {
      const auto left = row(a), right = row(b);
      for (std::size_t i = 0; i < width_; ++i)
        if (i != field && left[i] != right[i]) return left[i] < right[i];
      return false;
    };
    std::ranges::stable_sort(order, key_less);
    std::vector<Number> united;
    std::vector<std::uint32_t> firsts;
    for (std::size_t begin = 0; begin < order.size();) {
      std::size_t end = begin + 1;
      while (end < order.size() && !key_less(order[begin], order[end])) ++end;
      std::vector<Range> ranges;
      firsts.push_back(first_[order[begin]]);
      for (std::size_t i = begin; i < end; ++i) {
        firsts.back() = std::min(firsts.back(), first_[order[i]]);
        const std::vector<Range>& some = values_[field][row(order[i])[field]];
        ranges.insert(ranges.end(), some.begin(), some.end());
      }
      const std::size_t at = united.size();
      const auto first = row(order[begin]);
      united.insert(united.end(), first.begin(), first.end());
      united[at + field] = values_[field].number(IntervalSet<Uint128>::of(std::move(ranges)).intervals());
      begin = end;
    }
    cells_ = std::move(united);
    first_ = std::move(firsts);
  }

 private:
  std::size_t width_;
  std::vector<Values> values_;
  std::vector<Number> cells_;
  std::vector<std::uint32_t> first_;  ///< of each row, the first element that is in it
};

bool is_name(Type type) {
  return type == Type::interface_name || type == Type::interface_index;
}

bool meet(const std::vector<Range>& a, const std::vector<Range>& b, Type type, const Interfaces& interfaces) {
  if (!is_name(type)) return !disjoint(IntervalSet<Uint128>::of(a), IntervalSet<Uint128>::of(b));
  for (const Range& one : a)
    for (const Range& other : b)
      for (Uint128 x = one.first; x <= one.last; ++x)
        for (Uint128 y = other.first; y <= other.last; ++y) {
          const InterfacePattern& left = interfaces.pattern(static_cast<std::uint32_t>(x));
          const InterfacePattern& right = interfaces.pattern(static_cast<std::uint32_t>(y));
          if (left.covers(right) || right.covers(left)) return true;
        }
  return false;
}

/// Of single values: whether one stands twice with different actions. They are ordered by them.
std::optional<bool> certainly_apart(const Elements& elements, const Interfaces& interfaces) {
  const std::size_t width = elements.width();
  bool points = true;
  for (std::size_t i = 0; i < elements.ranges.size() && points; ++i) {
    const Range& range = elements.ranges[i];
    points = !is_wide(range) && (!is_name(elements.types[i % width]) ||
                                 !interfaces.pattern(static_cast<std::uint32_t>(range.first)).wildcard);
  }
  if (width > 1 && !points) return std::nullopt;
  if (width == 1 && !points && is_name(elements.types[0])) return std::nullopt;
  const std::vector<Number> actions = action_numbers(elements);
  std::vector<std::uint32_t> order(elements.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto element = [&](std::uint32_t i) { return std::span(elements.ranges).subspan(i * width, width); };
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::lexicographical_compare(element(a), element(b));
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto before = element(order[i - 1]), here = element(order[i]);
    const bool overlap = points ? std::ranges::equal(before, here) : here[0].first <= before[0].last;
    if (overlap && (actions[order[i]] != actions[order[i - 1]] || !std::ranges::equal(before, here))) return false;
  }
  return true;
}

bool meet(const Group& one, const Group& other, const Elements& elements, const Interfaces& interfaces) {
  for (std::size_t field = 0; field < elements.width(); ++field)
    if (!meet(one.fields[field], other.fields[field], elements.types[field], interfaces)) return false;
  return true;
}

/// Along the numbers of the field that has most ranges, only groups that meet there are compared.
bool are_apart(const std::vector<Group>& groups, const Elements& elements, const Interfaces& interfaces) {
  struct Part {
    Range range;
    std::uint32_t group;
  };
  std::vector<Part> parts;
  for (std::size_t field = 0; field < elements.width(); ++field) {
    if (is_name(elements.types[field])) continue;
    std::vector<Part> some;
    for (std::uint32_t i = 0; i < groups.size(); ++i)
      for (const Range& range : groups[i].fields[field]) some.push_back({range, i});
    if (some.size() > parts.size()) parts = std::move(some);
  }
  // Where only names are asked, all are compared with all.
  if (parts.empty())
    for (std::uint32_t i = 0; i < groups.size(); ++i) parts.push_back({{0, 0}, i});
  std::ranges::sort(parts, {}, [](const Part& part) { return part.range.first; });
  std::vector<Part> open;
  std::size_t compared = 0;
  for (const Part& part : parts) {
    std::erase_if(open, [&](const Part& other) { return other.range.last < part.range.first; });
    for (const Part& other : open) {
      if (other.group == part.group) continue;
      if (++compared > most_compared || meet(groups[other.group], groups[part.group], elements, interfaces))
        return false;
    }
    open.push_back(part);
  }
  return true;
}

/// Addresses first, then ports: these are what most elements differ in.
std::vector<std::size_t> order_of_fields(const Elements& elements) {
  std::vector<std::size_t> order(elements.width());
  std::iota(order.begin(), order.end(), 0u);
  const auto rank = [&](std::size_t field) {
    const Type type = elements.types[field];
    return type == Type::ipv4 || type == Type::ipv6 ? 0 : type == Type::port ? 1 : 2;
  };
  std::ranges::stable_sort(order, {}, rank);
  return order;
}

}  // namespace

std::optional<std::vector<Group>> groups_of(const Elements& elements, bool is_map, const Interfaces& interfaces) {
  if (elements.width() == 1 && !is_map) {
    Group all;
    all.fields.push_back(IntervalSet<Uint128>::of(elements.ranges).intervals());
    return std::vector{std::move(all)};
  }
  const std::optional<bool> apart = is_map ? certainly_apart(elements, interfaces) : true;
  if (apart && !*apart) return std::nullopt;
  Rows rows(elements, is_map);
  for (const std::size_t field : order_of_fields(elements)) rows.unite(field);
  std::vector<Group> groups;
  for (const std::uint32_t i : rows.order()) {
    const auto row = rows.row(i);
    Group& group = groups.emplace_back();
    for (std::size_t field = 0; field < elements.width(); ++field)
      group.fields.push_back(rows.values(field, row[field]));
    if (is_map) group.action = elements.distinct[row.back()];
  }
  if (!apart && !are_apart(groups, elements, interfaces)) return std::nullopt;
  return groups;
}

}  // namespace portpolicy::nft::text
