#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backends/iptables/read_work.h"
#include "compiler/base/limit.h"

namespace portpolicy::iptables::text {

/// The limits of the rules of one family: one for each `-m limit`, one for each name of `-m hashlimit`.
class Limits {
 public:
  Limits(Family family, Writer& writer, Remarks& remarks) : family_(family), writer_(writer), remarks_(remarks) {}

  static bool is_limit(const MatchUse& use);
  /// Adds it to those of the rule. Of one that is not understood, `unknown` is the text. False when iptables would refuse
  /// it, which was said.
  bool ask(Work& work, const MatchUse& use, std::optional<std::string>& unknown);
  /// A rule that is not in the filter takes from the limits that it names.
  void distrust(const RuleLine& line, const Rule& rule);
  /// When all rules are added.
  void finish();

 private:
  /// What `-m hashlimit` says.
  struct Hash {
    std::string name;
    Limit limit;
    bool has_rate = false;
    bool over = false;         ///< met by packets beyond the limit
    bool understood = true;    ///< as far as single options tell
    std::uint64_t bits = 0;    ///< of an address that make a source
    std::uint64_t forget = 0;  ///< milliseconds without a packet, after which a source is forgotten; 0: the usual
  };
  struct Shared {
    filter::LimitId limit;
    std::string said;
    bool trusted = true;
  };
  bool ask_limit(Work& work, const MatchUse& use, bool& understood);
  bool ask_hashlimit(Work& work, const MatchUse& use, bool& understood);
  static bool read_option(const Given& given, Hash& hash);
  bool is_understood(Hash& hash) const;

  Family family_;
  Writer& writer_;
  Remarks& remarks_;
  std::unordered_map<std::string, Shared> shared_;
  std::vector<std::pair<filter::LimitId, std::string>> distrusted_;
};

}  // namespace portpolicy::iptables::text
