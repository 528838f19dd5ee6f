#include <utility>

#include "cli/completion.h"

namespace portpolicy::cli::completion {

namespace {

/// Bash gives `--format=json` as three words, and tells nothing of which arguments stand before the cursor; so the
/// script counts them, leaving out the values of options. `compopt` fails outside of a completion, as in a test.
constexpr std::string_view head = R"(# bash completion of portpolicy, made by `portpolicy completion bash`

_portpolicy_words() {
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current")
}

_portpolicy_files() {
  compopt -o filenames 2>/dev/null
  local name
  mapfile -t COMPREPLY < <(
    compgen -d -- "$current"
    [[ $1 == folder ]] || compgen -f -- "$current" | while IFS= read -r name; do
      [[ -d $name || ($1 == policy && $name != *.yaml && $name != *.yml) ]] || printf '%s\n' "$name"
    done
  )
}

_portpolicy() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()

  local command='' with_value='' options word
  local -i i place=0
)";

constexpr std::string_view words_loop = R"(  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -?* ]]; then
      if [[ " $with_value " == *" $word "* ]]; then
        [[ ${COMP_WORDS[i + 1]} == = ]] && i+=1
        i+=1
      fi
    elif [[ -n $command ]]; then
      place+=1
    else
      command=$word
      case $command in
)";

constexpr std::string_view head_end = R"(        *) options='' ;;
      esac
    fi
  done

  if [[ " $with_value " == *" $previous "* ]]; then
    case "$command $previous" in
)";

constexpr std::string_view value_end = R"(    esac
    return
  fi
  if [[ $current == -* ]]; then
    _portpolicy_words "$options"
    return
  fi
  case "$command $place" in
)";

constexpr std::string_view place_end = R"(    *) _portpolicy_words "$options" ;;
  esac
}

complete -F _portpolicy portpolicy
)";

/// What completes the value: a call of one of the functions above, or nothing.
std::string action(const Parameter& parameter) {
  switch (parameter.value) {
    case Value::word:
      return "_portpolicy_words " + shell_word(joined(parameter.words));
    case Value::policy:
      return "_portpolicy_files policy";
    case Value::file:
      return "_portpolicy_files file";
    case Value::folder:
      return "_portpolicy_files folder";
    case Value::none:
    case Value::other:
      return ":";
  }
  std::unreachable();
}

std::string option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Parameter& option : command.options) names.insert(names.end(), option.names.begin(), option.names.end());
  return joined(names);
}

std::string value_branches(const Command& command) {
  std::string text;
  for (const Parameter& option : command.options) {
    if (option.value == Value::none) continue;
    for (const std::string& name : option.names) {
      text += "      " + shell_word(command.name + ' ' + name) + ") " + action(option) + " ;;\n";
    }
  }
  return text;
}

std::string place_branches(const Command& command) {
  std::string text;
  for (std::size_t place = 0; place < command.arguments.size(); ++place) {
    text += "    " + shell_word(command.name + ' ' + std::to_string(place)) + ") " + action(command.arguments[place]) +
            " ;;\n";
  }
  return text;
}

}  // namespace

std::string bash(const CommandLine& line) {
  std::string text =
      std::string(head) + "  options=" + shell_word(option_names(line.program)) + "\n" + std::string(words_loop);
  std::vector<std::string> names;
  for (const Command& command : line.commands) {
    names.push_back(command.name);
    text += "        " + command.name + ")\n          with_value=" + shell_word(joined(names_with_value(command))) +
            "\n          options=" + shell_word(option_names(command)) + "\n          ;;\n";
  }
  text += head_end;
  for (const Command& command : line.commands) text += value_branches(command);
  text += value_end;
  text += "    ' 0') _portpolicy_words " + shell_word(joined(names)) + " ;;\n";
  for (const Command& command : line.commands) text += place_branches(command);
  text += place_end;
  return text;
}

}  // namespace portpolicy::cli::completion
