#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/packet.h"
#include "tests/support/random_filter.h"

/// Random rule sets in the language of iptables, each condition written beside a function that says what it asks of a packet.
namespace portpolicy::test {

/// What a packet meets: itself, the limits that hold, and what is true of it that the model does not have.
struct Meeting {
  Packet packet;
  std::map<std::uint32_t, bool> limits;  ///< by their rates, of which no two are alike
  std::map<std::string, bool> truths;
};
using Predicate = std::function<bool(const Meeting&)>;

struct Condition {
  std::string text;
  Predicate holds;
};

enum class Act : std::uint8_t { accept, drop, reject, jump, go_to, go_back, go_on };
struct NaiveRule {
  std::vector<Predicate> all_of;
  Act act;
  std::size_t chain = 0;
};
struct NaiveTable {
  std::vector<std::vector<NaiveRule>> chains;  ///< INPUT, OUTPUT, FORWARD and those of the user
  std::array<bool, 3> drops{};
};
/// The verdict of a chain, rule by rule; nothing when the packet comes back from it.
std::optional<Verdict> walk(const NaiveTable& table, std::size_t chain, const Meeting& meeting);

/// Conditions and targets of all kinds; without limits and without what is not understood where a kernel is to say what becomes of
/// packets, and in the words that iptables takes today.
class RandomRules {
 public:
  enum class For : std::uint8_t { reader, kernel };
  RandomRules(std::uint64_t seed, Family family, For whom)
      : random_(seed * 2 + (family == Family::ipv6)), family_(family), for_kernel_(whom == For::kernel) {}

  /// The table `filter`, and what it does.
  std::string text(NaiveTable& table);
  /// Those that the rules ask, as `ipset save` prints them.
  const std::string& sets() const { return sets_; }
  /// A packet at the boundaries of what the rules speak of.
  Meeting meeting();

 private:
  struct Range {
    Uint128 first, last;
  };
  std::size_t below(std::size_t bound) { return random_.below(bound); }
  bool one_in(std::size_t n) { return random_.one_in(n); }
  bool v4() const { return family_ == Family::ipv4; }

  std::string rule(std::size_t chain, NaiveRule& naive);
  Condition negatable(const std::string& option, const std::string& value, Predicate holds);
  Condition protocol(std::optional<std::uint8_t>& positive);
  Condition addresses();
  Condition interface(std::size_t chain);
  Condition ports();
  Condition icmp();
  Condition state();
  Condition range();
  Condition set();
  Condition limit();
  Condition unknown();
  Uint128 address();
  std::string address_text(Uint128 bits) { return to_string(Address{family_, bits}); }
  std::uint16_t port() {
    constexpr std::array<std::uint16_t, 8> all{0, 1, 22, 53, 80, 81, 443, 65535};
    return all[below(all.size())];
  }

  test::RandomFilters random_;
  Family family_;
  bool for_kernel_;
  std::string sets_;
  std::uint32_t limits_ = 0;
};

}  // namespace portpolicy::test
