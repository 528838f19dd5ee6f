#pragma once

#include <optional>
#include <string>

#include "cli/command_line_library.h"
#include "cli/policy_options.h"

namespace portpolicy::cli::explain {

struct Options {
  PolicyOptions policy;
  std::optional<std::string> direction, from, to, service, source_port, in, out, state;
  bool where = false;                  ///< not one packet, but who can reach a service
  std::optional<std::string> packets;  ///< a file with a packet a line, or `-`
  std::string format = "text";
};
void add(CLI::App& program, Options& options);
int run(const Options& options, Io& io);

}  // namespace portpolicy::cli::explain
