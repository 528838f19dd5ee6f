#include <utility>

#include "cli/completion.h"

namespace portpolicy::cli::completion {

namespace {

constexpr std::string_view head = R"(# fish completion of portpolicy, made by `portpolicy completion fish`

# Whether the command is $argv[1] and, if $argv[2] is given, so many of its arguments stand before the cursor. The rest
# of $argv are the options that take a value.
function __portpolicy_at
    set -l words (commandline -opc)
    set -l command ''
    set -l place 0
    set -l value no
    for word in $words[2..-1]
        if test $value = yes
            set value no
        else if contains -- $word $argv[3..-1]
            set value yes
        else if string match -q -- '-?*' $word
            continue
        else if test -z "$command"
            set command $word
        else
            set place (math $place + 1)
        end
    end
    test "$command" = "$argv[1]"; and begin
        test (count $argv) -lt 2; or test $place = $argv[2]
    end
end

complete -c portpolicy -f
)";

/// A word of fish in single quotes, in which a backslash and a quote are escaped with a backslash.
std::string word(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result + "'";
}

/// What completes the value: of an option, of an argument.
std::string candidates(const Parameter& parameter) {
  switch (parameter.value) {
    case Value::word:
      return " -a " + word(joined(parameter.words));
    case Value::policy:
      return " -k -a '(__fish_complete_suffix .yaml .yml)'";
    case Value::file:
      return " -F";
    case Value::folder:
      return " -a '(__fish_complete_directories)'";
    case Value::none:
    case Value::other:
      return "";
  }
  std::unreachable();
}

std::string option_line(const Command& command, const Parameter& option) {
  std::string text = "complete -c portpolicy -n " + word("__portpolicy_at " + word(command.name));
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.value != Value::none) text += option.value == Value::file ? " -r" : " -x";
  return text + candidates(option) + " -d " + word(option.description) + "\n";
}

std::string argument_line(const Command& command, std::size_t place) {
  const std::string condition =
      "__portpolicy_at " + command.name + " " + std::to_string(place) + " " + joined(names_with_value(command));
  return "complete -c portpolicy -n " + word(condition) + candidates(command.arguments[place]) + "\n";
}

}  // namespace

std::string fish(const CommandLine& line) {
  std::string text(head);
  for (const Parameter& option : line.program.options) text += option_line(line.program, option);
  for (const Command& command : line.commands) {
    text += "\ncomplete -c portpolicy -n " + word("__portpolicy_at ''") + " -a " + command.name + " -d " +
            word(command.summary) + "\n";
    for (const Parameter& option : command.options) text += option_line(command, option);
    for (std::size_t place = 0; place < command.arguments.size(); ++place) text += argument_line(command, place);
  }
  return text;
}

}  // namespace portpolicy::cli::completion
