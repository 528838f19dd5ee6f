#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/audit/standing.h"

/// What was found, in words for somebody who did not write the rules.
namespace portpolicy::audit {

/// A rule of the text: the first of its rules in the filter, and what all of them do.
struct Finding {
  RuleId rule;
  Standing standing;
};

void report(const filter::Filter& filter, const std::map<Span, Finding>& findings, Diagnostics& diagnostics);
void report(const filter::Filter& filter, std::vector<Exposed> exposed, const std::optional<Diagnostic>& by_default,
            Diagnostics& diagnostics);

void report(const filter::Filter& filter, const std::map<RuleId, Crossed>& crossed, bool all_compared,
            Diagnostics& diagnostics);

}  // namespace portpolicy::audit
