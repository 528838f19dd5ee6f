#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line_library.h"
#include "cli/io.h"
#include "cli/output_file.h"
#include "compiler/diagnostics/source_map.h"

namespace portpolicy::cli {

/// `-o`, the file that `deliver` writes.
void add_output(CLI::App& command, std::optional<std::string>& output);

/// Writes a result to `output`, whole or not at all, or to standard output when there is none or it is `-`; never onto a
/// file that the policy was read from. The exit code.
int deliver(const std::string& text, const std::optional<std::string>& output, const SourceMap& sources,
            std::string_view command, Io& io);

/// Puts files into the folder `output`, which is made where it is missing; none onto a file that the policy was read from. The
/// exit code.
int deliver(const std::vector<NamedText>& files, const std::string& output, const SourceMap& sources,
            std::string_view command, Io& io);

}  // namespace portpolicy::cli
