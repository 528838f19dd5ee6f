#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backends/common/optimize.h"
#include "backends/nftables/read.h"
#include "cli/output_file.h"
#include "cli/policy_options.h"
#include "cli/proof_findings.h"
#include "cli/target.h"

namespace portpolicy::cli {

/// What the user says of the rules that are to be made.
struct Shape {
  backend::Optimize optimize = backend::Optimize::automatic;
  bool counters = false;  ///< one for each rule of the policy
};

/// What is written for one target: one text without a name for nftables, the files of a folder for iptables.
using Artifact = std::vector<NamedText>;

/// For a policy without errors; nothing when the target cannot express it, which is then among the findings.
std::optional<Artifact> make_artifact(Loaded& loaded, Target target, const Shape& shape = {});

/// A script for `nft -f` removes what portpolicy may have loaded before; what `nft list` prints is there already.
enum class Kind : std::uint8_t { script, listing };

/// Reads the text of one of the sources. What is not understood, and what keeps it from being read, is among the diagnostics.
std::optional<nft::Reading> read_back(const SourceMap& sources, FileId artifact, Diagnostics& diagnostics);

/// Whether it does what the policy says. What differs is among the diagnostics.
Equality compare_with_policy(const Graph& policy, const nft::Reading& reading, FileId artifact, Kind kind,
                             Diagnostics& diagnostics);

/// Reads what was made back and compares it with the policy. What differs is among the diagnostics.
Equality prove(Loaded& loaded, Target target, const Artifact& artifact, Diagnostics& diagnostics);

}  // namespace portpolicy::cli
