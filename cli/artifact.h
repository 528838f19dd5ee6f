#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/common/optimize.h"
#include "cli/output_file.h"
#include "cli/policy_options.h"
#include "cli/proof_findings.h"
#include "cli/rule_files.h"
#include "cli/target.h"

namespace portpolicy::cli {

/// What the user says of the rules that are to be made.
struct Shape {
  backend::Optimize optimize = backend::Optimize::automatic;
  bool counters = false;          ///< one for each rule of the policy
  bool skip_unsupported = false;  ///< what Windows cannot say is left out
};

/// What is written for one target: one text without a name for nftables, the files of a folder for iptables.
using Artifact = std::vector<NamedText>;

/// For a policy without errors; nothing when the target cannot express it, which is then among the findings. What the user
/// wants left out of it is then left out of the policy, too.
std::optional<Artifact> make_artifact(Loaded& loaded, Target target, const Shape& shape = {});

/// Adds what the artifact says to the sources; not what only loads it.
std::vector<FileId> add_sources(const Artifact& artifact, SourceMap& sources);

/// A script for `nft -f` removes what portpolicy may have loaded before; what `nft list` prints is there already.
enum class Kind : std::uint8_t { script, listing };

/// Whether rules that were read do what the policy says. What differs, and what is not understood, is among the diagnostics.
/// The hooks of directions that are not managed are taken out of the rules: a policy leaves these alone, too.
Equality compare_with_policy(const Graph& policy, ForeignRules& rules, Kind kind, Diagnostics& diagnostics);

/// Reads what was made back and compares it with the policy.
Equality prove(Loaded& loaded, Target target, const Artifact& artifact, Diagnostics& diagnostics);

}  // namespace portpolicy::cli
