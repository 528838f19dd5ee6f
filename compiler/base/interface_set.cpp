#include "compiler/base/interface_set.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "compiler/base/decimal.h"

namespace portpolicy {
namespace {

constexpr std::size_t longest_name = 15;  // IFNAMSIZ less the terminating zero

const InterfacePattern& everything() {
  static const InterfacePattern pattern{"", true};
  return pattern;
}

/// Nothing can follow 15 bytes, so there a wildcard says no more than the name.
InterfacePattern normal(InterfacePattern pattern) {
  if (pattern.text.size() == longest_name) pattern.wildcard = false;
  return pattern;
}

using Decisions = std::map<InterfacePattern, bool>;

/// The most specific pattern in `decisions` around `pattern`, itself not counted.
Decisions::const_iterator around(const Decisions& decisions, const InterfacePattern& pattern) {
  std::size_t length = pattern.text.size() + (pattern.wildcard ? 0 : 1);
  while (length-- > 1) {
    const auto found = decisions.find({pattern.text.substr(0, length), true});
    if (found != decisions.end()) return found;
  }
  return decisions.end();
}

/// A pattern that decides as its surroundings do says nothing.
Decisions without_repetition(const Decisions& all, bool everywhere_else) {
  Decisions kept;
  for (const auto& [pattern, value] : all) {
    const auto outer = around(all, pattern);
    if (value != (outer == all.end() ? everywhere_else : outer->second)) kept.emplace(pattern, value);
  }
  return kept;
}

/// A name that begins with `prefix` and is in the set, the readable ones first. It looks longer names up only where a
/// pattern speaks of them, so it ends.
std::optional<std::string> name_below(const InterfaceSet& set, const Decisions& decisions, const std::string& prefix) {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
  if (prefix.size() < longest_name) {
    for (const char letter : letters) {
      if (std::string name = prefix + letter; set.contains(name)) return name;
    }
  }
  if (!prefix.empty() && set.contains(prefix)) return prefix;
  for (const char letter : letters) {
    const std::string longer = prefix + letter;
    const auto next = decisions.lower_bound({longer, false});
    if (next == decisions.end() || !next->first.text.starts_with(longer)) continue;
    if (std::optional<std::string> name = name_below(set, decisions, longer)) return name;
  }
  return std::nullopt;
}

bool usable_in_a_name(char c) {
  constexpr std::string_view refused = "/:*\"\\";
  return c > ' ' && c <= '~' && refused.find(c) == std::string_view::npos;
}

}  // namespace

Result<InterfacePattern> InterfacePattern::parse(std::string_view text) {
  if (text == "*") return everything();
  const bool wildcard = text.ends_with('*');
  const std::string_view name = text.substr(0, text.size() - (wildcard ? 1 : 0));
  if (name.empty()) return fail("an interface name is missing");
  if (name.find('*') != std::string_view::npos) return fail(quoted(text) + " has a `*` that is not at its end");
  if (name.size() > longest_name) return fail(quoted(text) + " is longer than the 15 bytes of an interface name");
  if (!wildcard && (name == "." || name == "..")) return fail(quoted(text) + " cannot be the name of an interface");
  if (!std::all_of(name.begin(), name.end(), usable_in_a_name)) {
    return fail(quoted(text) + " has a character that no interface name may have");
  }
  return normal({std::string(name), wildcard});
}

bool InterfacePattern::covers(const InterfacePattern& other) const {
  if (!wildcard) return normal(other) == *this;
  return other.text.starts_with(text);
}

std::string to_string(const InterfacePattern& pattern) {
  return pattern.wildcard ? pattern.text + "*" : pattern.text;
}

InterfaceSet InterfaceSet::all() {
  return of(everything());
}

InterfaceSet InterfaceSet::of(const std::vector<InterfacePattern>& patterns) {
  Decisions all;
  for (const InterfacePattern& pattern : patterns) {
    if (pattern == everything()) return {true, {}};
    all.emplace(normal(pattern), true);
  }
  return {false, without_repetition(all, false)};
}

InterfaceSet::InterfaceSet(bool everywhere_else, Decisions decisions) : everywhere_else_(everywhere_else) {
  if (!decisions.empty()) decisions_ = std::make_shared<const Decisions>(std::move(decisions));
}

const InterfaceSet::Decisions& InterfaceSet::decisions() const {
  static const Decisions none;
  return decisions_ == nullptr ? none : *decisions_;
}

bool InterfaceSet::contains(std::string_view name) const {
  return name.empty() ? everywhere_else_ : contains(InterfacePattern{std::string(name), false});
}

std::vector<InterfacePattern> InterfaceSet::patterns() const {
  std::vector<InterfacePattern> result;
  if (everywhere_else_) result.push_back(everything());
  for (const auto& [pattern, value] : decisions()) result.push_back(pattern);
  return result;
}

bool InterfaceSet::contains(const InterfacePattern& pattern) const {
  auto found = decisions().find(pattern);
  if (found == decisions().end()) found = around(decisions(), pattern);
  return found == decisions().end() ? everywhere_else_ : found->second;
}

template <class Operation>
InterfaceSet InterfaceSet::combine(const InterfaceSet& a, const InterfaceSet& b, Operation operation) {
  if (a.decisions_ == b.decisions_ && a.everywhere_else_ == b.everywhere_else_) {
    if (operation(true, true) && !operation(false, false)) return a;
  }
  const bool everywhere_else = operation(a.everywhere_else_, b.everywhere_else_);
  Decisions all;
  for (const InterfaceSet* side : {&a, &b}) {
    for (const auto& [pattern, unused] : side->decisions()) {
      all.emplace(pattern, operation(a.contains(pattern), b.contains(pattern)));
    }
  }
  return {everywhere_else, without_repetition(all, everywhere_else)};
}

InterfaceSet unite(const InterfaceSet& a, const InterfaceSet& b) {
  return InterfaceSet::combine(a, b, [](bool x, bool y) { return x || y; });
}
InterfaceSet intersect(const InterfaceSet& a, const InterfaceSet& b) {
  if (a.is_all()) return b;
  if (b.is_all()) return a;
  return InterfaceSet::combine(a, b, [](bool x, bool y) { return x && y; });
}
InterfaceSet subtract(const InterfaceSet& a, const InterfaceSet& b) {
  return InterfaceSet::combine(a, b, [](bool x, bool y) { return x && !y; });
}

std::vector<InterfaceSet::Term> InterfaceSet::terms() const {
  std::map<InterfacePattern, std::vector<InterfacePattern>> terms;
  if (everywhere_else_) terms[everything()];
  for (const auto& [pattern, value] : decisions()) {
    if (value) {
      terms[pattern];
    } else {
      // What is false here stands in something true, else it would have been left out.
      const auto outer = around(decisions(), pattern);
      terms[outer == decisions().end() ? everything() : outer->first].push_back(pattern);
    }
  }
  std::vector<Term> result;
  result.reserve(terms.size());
  for (auto& [pattern, except] : terms) result.push_back({pattern, std::move(except)});
  return result;
}

std::string InterfaceSet::example() const {
  if (everywhere_else_) return "";
  for (const auto& [pattern, value] : decisions()) {
    if (!value) continue;
    if (!pattern.wildcard) return pattern.text;
    if (std::optional<std::string> name = name_below(*this, decisions(), pattern.text)) return *name;
  }
  return "";
}

std::string to_string(const InterfaceSet& interfaces) {
  if (interfaces.empty()) return "no interface";
  std::string text;
  for (const InterfaceSet::Term& term : interfaces.terms()) {
    if (!text.empty()) text += ", ";
    text += to_string(term.pattern);
    std::string except;
    for (const InterfacePattern& pattern : term.except) {
      except += except.empty() ? " except " : " and ";
      except += to_string(pattern);
    }
    text += except;
  }
  return text;
}

}  // namespace portpolicy
