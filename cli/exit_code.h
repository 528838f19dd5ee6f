#pragma once

namespace portpolicy::cli {

/// What every command ends with.
enum ExitCode : int {
  exit_done = 0,
  exit_findings = 1,  ///< the policy has errors, or warnings when `--fail-on warning` asks
  exit_usage = 2,
  exit_file = 3,       ///< a file cannot be read or written
  exit_host = 4,       ///< the host refused: a permission, or a part that is missing
  exit_internal = 70,  ///< our own mistake; nothing was written (EX_SOFTWARE of sysexits.h)
};

}  // namespace portpolicy::cli
