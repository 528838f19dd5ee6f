#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/result.h"

namespace portpolicy {

/// `eth0` (one interface) or `br-*` (all whose name begins with `br-`). `*` alone is every interface, also one
/// whose name is not known.
struct InterfacePattern {
  std::string text;  ///< without the trailing `*`
  bool wildcard = false;

  /// A Linux interface name: 1 to 15 printable ASCII characters, none of `/ : " \ *` and no space, not `.` or `..`;
  /// then perhaps a `*`, or `*` alone.
  static Result<InterfacePattern> parse(std::string_view text);
  bool covers(const InterfacePattern& other) const;
  friend auto operator<=>(const InterfacePattern&, const InterfacePattern&) = default;
};
std::string to_string(const InterfacePattern& pattern);

/// A set of interface names in which the most specific pattern that matches a name decides. Any combination of
/// patterns by union, intersection and difference has such a form; redundant patterns are left out, so equal sets
/// compare equal.
class InterfaceSet {
 public:
  InterfaceSet() = default;  ///< no interface
  static InterfaceSet all();
  static InterfaceSet of(const InterfacePattern& pattern) { return of(std::vector{pattern}); }
  /// The union of patterns in any order.
  static InterfaceSet of(const std::vector<InterfacePattern>& patterns);

  bool empty() const { return !everywhere_else_ && decisions_ == nullptr; }
  bool is_all() const { return everywhere_else_ && decisions_ == nullptr; }
  /// How many patterns it takes to write the set down.
  std::size_t size() const { return decisions().size() + (everywhere_else_ ? 1 : 0); }
  /// `name` empty: an interface whose name is not known; only a pattern `*` speaks of it.
  bool contains(std::string_view name) const;
  /// The patterns that it takes to write the set down, ascending.
  std::vector<InterfacePattern> patterns() const;
  /// What the set says of the names that match this pattern and none of `patterns()` that is more specific.
  bool contains(const InterfacePattern& pattern) const;

  /// One positive pattern and the patterns inside it that are taken out again; disjoint from all other terms.
  struct Term {
    InterfacePattern pattern;
    std::vector<InterfacePattern> except;
  };
  /// The set as a union of disjoint terms, in order of the patterns.
  std::vector<Term> terms() const;
  /// Some name in the set, or "" where any will do. The set must not be empty.
  std::string example() const;

  friend InterfaceSet unite(const InterfaceSet& a, const InterfaceSet& b);
  friend InterfaceSet intersect(const InterfaceSet& a, const InterfaceSet& b);
  friend InterfaceSet subtract(const InterfaceSet& a, const InterfaceSet& b);
  friend bool operator==(const InterfaceSet& a, const InterfaceSet& b) {
    return a.everywhere_else_ == b.everywhere_else_ && (a.decisions_ == b.decisions_ || a.decisions() == b.decisions());
  }

 private:
  using Decisions = std::map<InterfacePattern, bool>;

  InterfaceSet(bool everywhere_else, Decisions decisions);
  const Decisions& decisions() const;
  template <class Operation>
  static InterfaceSet combine(const InterfaceSet& a, const InterfaceSet& b, Operation operation);

  bool everywhere_else_ = false;                ///< the decision for names that no pattern matches
  std::shared_ptr<const Decisions> decisions_;  ///< never empty; copies share it
};
std::string to_string(const InterfaceSet& interfaces);

}  // namespace portpolicy
