#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "backends/windows/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::windows {

struct Options {
  /// What Windows cannot say is left out and told as a warning; else it is an error.
  bool skip_unsupported = false;
  std::size_t most_rules = 20'000;        ///< of the script
  std::size_t most_rules_of_one = 1'000;  ///< that one deny may become
};

/// What the lowering has come to.
struct Lowered {
  Ruleset rules;
  std::set<std::string> left_out;  ///< the names of the policy's rules that are
  bool without_forward = false;    ///< the direction is left out
};

/// The rules that, without an order, decide every packet that Windows judges as the filter of a policy does: each allow as it
/// is, and each deny as a block of what no earlier allow lets pass. What cannot be said is reported as `not_expressible`, or
/// `left_out` when it may be; what is said in another way as a note; what becomes too many rules as `too_many_rules`.
Lowered lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics);

}  // namespace portpolicy::windows
