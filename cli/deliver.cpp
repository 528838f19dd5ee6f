#include "cli/deliver.h"

#include <CLI/App.hpp>
#include <filesystem>
#include <system_error>

#include "cli/exit_code.h"
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

int refuse_source(const std::string& output, std::string_view command, Io& io) {
  return usage_error(io, command, "`" + output + "` is a file of the policy; name another output");
}

int written(const Result<void>& result, const std::string& output, Io& io) {
  if (result) return exit_done;
  io.err << "portpolicy: cannot write `" << escaped(output) << "`: " << escaped(result.error().message) << '\n';
  return exit_file;
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
  if (is_source(*output, sources)) return refuse_source(*output, command, io);
  return written(write_file(*output, text), *output, io);
}

int deliver(const std::vector<NamedText>& files, const std::string& output, const SourceMap& sources,
            std::string_view command, Io& io) {
  for (const NamedText& file : files) {
    const std::string path = (std::filesystem::path(output) / file.name).string();
    if (is_source(path, sources)) return refuse_source(path, command, io);
  }
  return written(write_folder(output, files), output, io);
}

}  // namespace portpolicy::cli
