#pragma once

#include <string>

#include "cli/judgement.h"

namespace portpolicy::cli {

/// The judgement as the XML that continuous integration reads, one `testsuite` for each policy file with entries and one
/// `testcase` for each of them. Errors of the policy that are not about an entry are a case of their own, `policy`, so
/// that a report is never better than the exit code. Times are left out: the entries of a direction are proven together.
std::string junit(const Judgement& judgement, const std::vector<Diagnostic>& findings, const SourceMap& sources);

}  // namespace portpolicy::cli
