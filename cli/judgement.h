#pragma once

#include <string>
#include <vector>

#include "cli/policy_options.h"

/// What became of the tests and claims of a policy, for `test`.
namespace portpolicy::cli {

/// An entry of `tests` or `management`, or an `only-from`.
struct Judged {
  const Claim* claim;
  checks::Outcome outcome;
  std::string says;                     ///< in its author's words: `deny postgresql from internet`
  const Diagnostic* finding = nullptr;  ///< why it does not hold; of very many only some have one
};

/// Points into what was loaded.
struct Judgement {
  bool judged = false;          ///< else the policy has errors that leave nothing to prove anything of
  std::vector<Judged> entries;  ///< by file and place
};

/// Findings without the warnings and notes that are not about an entry.
std::vector<Diagnostic> findings_for_tests(const Loaded& loaded);

/// `findings` is of the policy that was loaded, and outlives the result.
Judgement judgement_of(const Loaded& loaded, const std::vector<Diagnostic>& findings);

/// Whether the finding says that one of the entries does not hold.
bool is_about_entry(const Judgement& judgement, const Diagnostic& finding);

/// `11 of 12 tests and 3 claims hold`.
std::string summary(const Judgement& judgement);

/// The fixed form: `{"format_version":1,"findings":[...],"judged":true,"tests":[{"kind","name","says","direction",
/// "verdict","outcome":"holds|fails|undecided","file","line","column"}]}`.
std::string json(const Judgement& judgement, const std::vector<Diagnostic>& findings, const SourceMap& sources);

}  // namespace portpolicy::cli
