#pragma once

#include "backends/iptables/read_effects.h"

namespace portpolicy::iptables::text {

/// Adds what the tables of one family make of packets at the hooks input, output and forward to the filter, behind
/// what is there of another one. Which packets these are is asked at each hook. What the kernel or iptables would
/// refuse is told to its source. `named`: chains have the family in their names.
void translate(Family family, const Tables& tables, Sets& sets, bool named, Writer& writer, Remarks& remarks);

/// Notes the sets that rules change.
void note_changed_sets(const Tables& tables, Sets& sets);

}  // namespace portpolicy::iptables::text
