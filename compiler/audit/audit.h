#pragma once

#include <cstddef>
#include <span>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/filter/filter.h"
#include "compiler/filter/limits.h"
#include "compiler/filter/remark.h"
#include "compiler/packets/diagram.h"

/// Checks of rules that somebody else wrote. They need nothing but the filter that the rules were read into.
namespace portpolicy::audit {

/// Rules that get no packet (PP313, PP303), rules and jumps without which nothing changes (PP314, PP322), chains that nothing
/// leads to (PP323), services that are open to the internet (PP312) and, when asked for, rules that cross (PP316). Filter
/// rules whose origins have one place are one rule of the text. Of an origin that ends in ` policy`, which is no rule, only
/// exposure is asked. What cannot be decided within the budget is reported (PP305).
struct Options {
  filter::Families families = filter::both_families;  ///< whose rules were read
  bool with_crossing = false;
  DiagramBudget budget{.edges = 12'000'000, .steps = 300'000'000};
};
void audit(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics);

/// What the reader did not understand (PP602): one by one, or, where there is much of one kind, the first with the number
/// of the others.
void name_what_is_not_understood(std::span<const filter::Remark> remarks, Diagnostics& diagnostics);

/// A chain of the text with rules, to which nothing leads (PP323), where the reader left it out of the filter.
void report_unused_chain(const filter::Remark& chain, Diagnostics& diagnostics);

}  // namespace portpolicy::audit
