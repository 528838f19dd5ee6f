#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "backends/iptables/read_source.h"
#include "compiler/base/address.h"

namespace portpolicy::iptables::text {

/// The options that are understood, or must be told apart.
enum class Option : std::uint8_t {
  protocol,
  source,
  destination,
  in_interface,
  out_interface,
  fragments,
  source_port,
  destination_port,
  source_ports,
  destination_ports,
  either_ports,
  tcp_flags,
  syn,
  icmp_type,
  state,
  source_range,
  destination_range,
  match_set,
  no_effect,  ///< comments, and what merely counts
  limit,
  limit_burst,
  hash_upto,
  hash_above,
  hash_burst,
  hash_mode,
  hash_name,
  hash_source_mask,
  hash_expire,
  hash_table,  ///< how the table is kept, which changes no verdict
  reject_with,
  log_prefix,
  log_level,
  unknown,  ///< its text is all that is known of it
};

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

/// Whether there is such a target among those of the kernel and the usual additions, beside verdicts.
bool is_target(std::string_view name);
/// Whether it leaves the verdict to later rules.
bool goes_on(std::string_view target);
/// Whether of one packet the match is always the same, as long as no rule sets marks.
bool is_fixed(std::string_view match);

}  // namespace portpolicy::iptables::text
