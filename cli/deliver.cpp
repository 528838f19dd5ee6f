#include "cli/deliver.h"

#include <CLI/App.hpp>
#include <filesystem>
#include <system_error>

#include "cli/exit_code.h"
#include "cli/output_file.h"
#include "cli/usage.h"

namespace portpolicy::cli {

namespace {

/// Whether the output would take the place of a file that the policy was read from.
bool is_source(const std::string& output, const SourceMap& sources) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    std::error_code ignored;
    if (std::filesystem::equivalent(output, sources.path(FileId(i)), ignored)) return true;
  }
  return false;
}

}  // namespace

void add_output(CLI::App& command, std::optional<std::string>& output) {
  command.add_option("-o,--output", output, "The file to write, whole or not at all (default: standard output)")
      ->type_name("FILE");
}

int deliver(const std::string& text, const std::optional<std::string>& output, const SourceMap& sources,
            std::string_view command, Io& io) {
  if (!output || *output == "-") {
    io.out << text;
    return exit_done;
  }
  if (is_source(*output, sources)) {
    return usage_error(io, command, "`" + *output + "` is a file of the policy; name another output");
  }
  if (const Result<void> written = write_file(*output, text); !written) {
    io.err << "portpolicy: cannot write `" << escaped(*output) << "`: " << escaped(written.error().message) << '\n';
    return exit_file;
  }
  return exit_done;
}

}  // namespace portpolicy::cli
