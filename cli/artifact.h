#pragma once

#include <optional>
#include <string>

#include "backends/nftables/lower.h"
#include "backends/nftables/read.h"
#include "cli/policy_options.h"
#include "cli/proof_findings.h"

namespace portpolicy::cli {

/// The nftables script for a policy without errors; nothing when nft cannot express it, which is then among the findings.
std::optional<std::string> nftables_text(Loaded& loaded, const nft::Options& options = {});

/// A script for `nft -f` removes what portpolicy may have loaded before; what `nft list` prints is there already.
enum class Kind : std::uint8_t { script, listing };

/// Reads the text of one of the sources. What is not understood, and what keeps it from being read, is among the diagnostics.
std::optional<nft::Reading> read_back(const SourceMap& sources, FileId artifact, Diagnostics& diagnostics);

/// Whether it does what the policy says. What differs is among the diagnostics.
Equality compare_with_policy(const Graph& policy, const nft::Reading& reading, FileId artifact, Kind kind,
                             Diagnostics& diagnostics);

}  // namespace portpolicy::cli
