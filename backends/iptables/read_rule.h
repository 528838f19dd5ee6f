#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "backends/iptables/read_options.h"
#include "backends/iptables/read_source.h"
#include "compiler/base/address.h"

namespace portpolicy::iptables::text {

/// An option with its values.
struct Given {
  Option option{};
  std::string_view name;  ///< as it is written in full
  bool negated = false;
  std::vector<std::string_view> values;
  Extent where;
};

/// `-m` with the options that belong to it. Of one whose options are not known, each stands as it was written.
struct MatchUse {
  std::string_view name;
  bool is_known = false;
  std::vector<Given> given;
  Extent where;
};

struct Target {
  std::string_view name;
  bool is_goto = false;
  std::vector<Given> given;
  Extent where;
};

/// Lives no longer than its words.
struct Rule {
  std::vector<Given> header;  ///< -p, -s, -d, -i, -o, -f: asked before all matches
  std::vector<MatchUse> matches;
  std::optional<Target> target;
  bool other_family = false;  ///< only for rules of the other family, which -4 and -6 say
};
/// `words` are those behind the command. Nothing when iptables would refuse it, which was said.
std::optional<Rule> read_rule(const Source& source, Extent where, const Words& words, Family family);

}  // namespace portpolicy::iptables::text
