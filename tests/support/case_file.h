#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// A case: a file with the commands to run and what they must say, all in comments.
///
///     # RUN: check --strict        the words after the program's name; `%s` is the case itself, put behind the
///                                  subcommand where it is not mentioned; `%t` is a folder for what is written
///     # STDIN:                     what the command reads
///     #| {"direction": "inbound"}
///     # EXIT: 1                    0 when it is not there
///     # STDOUT:                    the whole stream; not compared when it is not there
///     # STDERR:                    the same; but when it is not there and the exit is 0, the stream must be empty
///     #| a line
///     #|! a last line that does not end with a line break
///
/// Several RUN lines that follow each other share what comes after them: each must exit so, and their streams are
/// joined. A RUN after expectations begins anew. A file `*.case` holds the same directives for an input that
/// cannot have comments: `# INPUT: file` says what `%s` is.
namespace portpolicy::testing {

struct Expectation {
  int exit = 0;
  std::optional<std::string> out, err;
};

/// RUN lines and what belongs to them.
struct Step {
  std::vector<std::vector<std::string>> commands;
  std::string input;
  Expectation expected;
  /// The lines of the file, from the first, up to the last (not included), that say what is expected.
  std::size_t first_line = 0, end_line = 0;
};

struct CaseFile {
  std::filesystem::path path;
  std::optional<std::string> subject;  ///< what `%s` stands for
  std::vector<std::string> lines;
  std::vector<Step> steps;
};

/// Whether the file is a case, rather than something that a case uses.
bool is_case(const std::filesystem::path& path);

/// The error is one line, `file:line: what is wrong`.
std::expected<CaseFile, std::string> read_case(const std::filesystem::path& path);

/// The file's text with other expectations, one for each step.
std::string with_expectations(const CaseFile& file, const std::vector<Expectation>& expectations);

}  // namespace portpolicy::testing
