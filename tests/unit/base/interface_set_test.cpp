#include "compiler/base/interface_set.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace portpolicy;

namespace {

InterfacePattern pattern(std::string_view text) {
  const Result<InterfacePattern> parsed = InterfacePattern::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
  return *parsed;
}

InterfaceSet of(std::string_view text) {
  return InterfaceSet::of(pattern(text));
}

/// One name for each way in which the patterns below can match, and the unknown name.
const std::vector<std::string> names{"", "a", "ab", "abc", "abcd", "abd", "ac", "b", "ba", "z"};
const std::vector<std::string> patterns{"*", "a", "a*", "ab", "ab*", "abc", "abc*", "b", "b*"};

bool naive_match(const std::string& text, const std::string& name) {
  if (text == "*") return true;
  if (text.ends_with('*')) return name.starts_with(text.substr(0, text.size() - 1));
  return name == text;
}

/// The set as the names of `names` that it holds, one bit each.
struct Modelled {
  InterfaceSet set;
  unsigned members = 0;
};

unsigned members_of(const InterfaceSet& set) {
  unsigned members = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (set.contains(names[i])) members |= 1u << i;
  }
  return members;
}

unsigned members_of(const InterfaceSet::Term& term) {
  unsigned members = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    bool in = naive_match(to_string(term.pattern), names[i]);
    for (const InterfacePattern& except : term.except) in = in && !naive_match(to_string(except), names[i]);
    if (in) members |= 1u << i;
  }
  return members;
}

std::vector<Modelled> single_patterns() {
  std::vector<Modelled> sets{{InterfaceSet(), 0}};
  for (const std::string& text : patterns) {
    unsigned members = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (naive_match(text, names[i])) members |= 1u << i;
    }
    sets.push_back({of(text), members});
  }
  return sets;
}

/// Every set that `depth` operations on patterns can make, each once by its members.
std::vector<Modelled> reachable(int depth) {
  std::vector<Modelled> all = single_patterns();
  const std::vector<Modelled> simple = all;
  std::vector<bool> seen(1u << names.size());
  for (const Modelled& one : all) seen[one.members] = true;
  std::size_t begin = 0;
  for (int i = 0; i < depth; ++i) {
    const std::size_t end = all.size();
    for (std::size_t a = begin; a < end; ++a) {
      for (const Modelled& b : simple) {
        const Modelled made[] = {{unite(all[a].set, b.set), all[a].members | b.members},
                                 {intersect(all[a].set, b.set), all[a].members & b.members},
                                 {subtract(all[a].set, b.set), all[a].members & ~b.members},
                                 {subtract(b.set, all[a].set), b.members & ~all[a].members}};
        for (const Modelled& one : made) {
          if (seen[one.members]) continue;
          seen[one.members] = true;
          all.push_back(one);
        }
      }
    }
    begin = end;
  }
  return all;
}

}  // namespace

TEST_CASE("every set of interfaces that patterns can make holds the names that it should") {
  const std::vector<Modelled> all = reachable(9);
  CHECK(all.size() == 1u << patterns.size());  // every region can be in or out
  for (const Modelled& one : all) {
    REQUIRE_MESSAGE(members_of(one.set) == one.members, to_string(one.set));
    REQUIRE(one.set.empty() == (one.members == 0));
    REQUIRE(one.set.is_all() == (one.members == 0x3FF));
    if (!one.set.empty()) REQUIRE_MESSAGE(one.set.contains(one.set.example()), to_string(one.set));
    unsigned covered = 0;
    for (const InterfaceSet::Term& term : one.set.terms()) {
      REQUIRE_MESSAGE((covered & members_of(term)) == 0, to_string(one.set));
      covered |= members_of(term);
    }
    REQUIRE_MESSAGE(covered == one.members, to_string(one.set));
  }
}

TEST_CASE("sets of interfaces with the same names are equal, however they came about") {
  const std::vector<Modelled> all = reachable(2);
  std::vector<InterfaceSet> canonical(1u << names.size());
  for (const Modelled& one : reachable(9)) canonical[one.members] = one.set;
  for (const Modelled& a : all) {
    for (const Modelled& b : all) {
      REQUIRE(unite(a.set, b.set) == canonical[a.members | b.members]);
      REQUIRE(intersect(a.set, b.set) == canonical[a.members & b.members]);
      REQUIRE(subtract(a.set, b.set) == canonical[a.members & ~b.members]);
    }
  }
}

TEST_CASE("the terms of a set of interfaces are disjoint patterns with their exceptions") {
  const InterfaceSet set = unite(subtract(of("br-*"), of("br-lan*")), of("br-lan7"));
  CHECK(to_string(set) == "br-* except br-lan*, br-lan7");
  CHECK(to_string(subtract(InterfaceSet::all(), unite(of("eth0"), of("wg*")))) == "* except eth0 and wg*");
  CHECK(to_string(unite(of("eth*"), of("eth1"))) == "eth*");
  CHECK(to_string(InterfaceSet()) == "no interface");
}

TEST_CASE("an example of a set of interfaces reads like a name") {
  CHECK(of("br-*").example() == "br-0");
  CHECK(of("eth1").example() == "eth1");
  CHECK(InterfaceSet::all().example().empty());
  CHECK(subtract(of("eth*"), of("eth0*")).example() == "eth1");
  CHECK(subtract(InterfaceSet::all(), of("eth0")).example().empty());
  CHECK(of("abcdefghijklmn*").example() == "abcdefghijklmn0");
  InterfaceSet only_deep = of("e*");
  for (const char c : std::string("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")) {
    only_deep = subtract(only_deep, of(std::string("e") + c));
  }
  only_deep = subtract(only_deep, of("e"));
  CHECK(only_deep.contains(only_deep.example()));
}

TEST_CASE("an interface whose name is not known is in a set only by the pattern for all") {
  CHECK(InterfaceSet::all().contains(""));
  CHECK(subtract(InterfaceSet::all(), of("eth0")).contains(""));
  CHECK_FALSE(of("e*").contains(""));
}

TEST_CASE("an interface pattern is a name of the kernel with perhaps a star at its end") {
  CHECK(pattern("eth0") == InterfacePattern{"eth0", false});
  CHECK(pattern("br-*") == InterfacePattern{"br-", true});
  CHECK(pattern("*") == InterfacePattern{"", true});
  CHECK(pattern("enp0s31f6.100@a") == InterfacePattern{"enp0s31f6.100@a", false});
  CHECK(pattern("abcdefghijklmno*") == pattern("abcdefghijklmno"));
  for (const char* text : {"", ".", "..", "a/b", "a b", "a:1", "a*b", "**", "abcdefghijklmnop", "abcdefghijklmnop*",
                           "a\tb", "a\"", "a\\", "\x1b[0m", "\xc3\xa4"}) {
    CHECK_FALSE_MESSAGE(InterfacePattern::parse(text).has_value(), text);
  }
}

TEST_CASE("a pattern covers those that are inside it") {
  for (const std::string& a : patterns) {
    for (const std::string& b : patterns) {
      bool inside = true;
      for (const std::string& name : names) inside = inside && (!naive_match(b, name) || naive_match(a, name));
      CHECK_MESSAGE(pattern(a).covers(pattern(b)) == inside, a, " ", b);
    }
  }
  CHECK(InterfacePattern{"abcdefghijklmno", false}.covers({"abcdefghijklmno", true}));
}
