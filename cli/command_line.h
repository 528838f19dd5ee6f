#pragma once

#include <string>
#include <vector>

#include "cli/command_line_library.h"
#include "cli/io.h"

/// The command line as data, taken from the option table that parses it and from the texts that `--help` shows. The
/// manual and the completions are made from this, so they know a new command or option by its registration.
namespace portpolicy::cli {

/// What the value of an option or an argument can be completed with.
enum class Value : unsigned char {
  none,    ///< the option takes no value
  word,    ///< one of `Parameter::words`
  policy,  ///< a file *.yaml
  file,
  folder,
  other,  ///< nothing that is known before
};

/// An option, or an argument by its place.
struct Parameter {
  std::vector<std::string> names;  ///< `-o`, `--output`; the one name of an argument
  std::string value_name;          ///< `FILE` or `text|json`
  Value value = Value::none;
  std::vector<std::string> words;
  std::string description;
  bool required = false;

  const std::string& longest() const { return names.back(); }
};

/// What an exit code means for a command.
struct ExitMeaning {
  std::string code, meaning;
};

struct Command {
  std::string name;  ///< empty: the program itself
  std::string summary;
  std::vector<Parameter> options, arguments;
  std::vector<std::string> paragraphs;  ///< of the footer, without examples and exit codes
  std::vector<std::string> examples;
  std::vector<ExitMeaning> exits;
};

struct CommandLine {
  Command program;
  std::vector<Command> commands;  ///< without hidden ones, those of no group
};

CommandLine describe(const CLI::App& program, const Io& io);

}  // namespace portpolicy::cli
