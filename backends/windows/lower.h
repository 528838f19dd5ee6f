#pragma once

#include <cstddef>

#include "backends/windows/model.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"

namespace portpolicy::windows {

struct Options {
  bool skip_unsupported = false;          ///< what Windows cannot say is left out; else it is an error
  std::size_t most_rules = 20'000;        ///< of the script
  std::size_t most_rules_of_one = 1'000;  ///< that one deny may become
  std::size_t most_entries = 500'000;     ///< of all lists together
};

/// The rules that, without an order, decide every packet that Windows judges as the filter of a policy does: each allow as it
/// is, and each deny as a block of what no earlier allow lets pass. What cannot be said is reported as `not_expressible`,
/// unless it is left out, which is for the caller to tell; what is said in another way as a note; what becomes too much for
/// Windows as `too_many_rules`.
Ruleset lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics);

}  // namespace portpolicy::windows
