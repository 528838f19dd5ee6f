#include <utility>

#include "cli/completion.h"

namespace portpolicy::cli::completion {

namespace {

/// In a specification of `_arguments` a colon and brackets have a meaning.
std::string plain(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == ':' || c == '[' || c == ']' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

/// What completes the value, as the third part of a specification.
std::string action(const Parameter& parameter) {
  switch (parameter.value) {
    case Value::word:
      return "(" + joined(parameter.words) + ")";
    case Value::policy:
      return "_files -g \"*.(yaml|yml)\"";
    case Value::file:
      return "_files";
    case Value::folder:
      return "_files -/";
    case Value::none:
    case Value::other:
      return " ";
  }
  std::unreachable();
}

/// `'(-o --output)'{-o,--output=}'[The file]:FILE:_files'`; the sign says that the value may follow one.
std::string option_line(const Parameter& option) {
  const auto spelt = [&option](const std::string& name) {
    return option.value != Value::none && name.starts_with("--") ? name + "=" : name;
  };
  std::string text = "    ";
  if (option.names.size() == 1) {
    text += spelt(option.longest());
  } else {
    text += shell_word("(" + joined(option.names) + ")") + "{";
    for (const std::string& name : option.names) text += (name == option.names.front() ? "" : ",") + spelt(name);
    text += "}";
  }
  std::string specification = "[" + plain(option.description) + "]";
  if (option.value != Value::none) specification += ":" + plain(option.value_name) + ":" + action(option);
  return text + shell_word(specification);
}

std::string specifications(const Command& command) {
  std::string text;
  for (const Parameter& option : command.options) text += " \\\n" + option_line(option);
  for (const Parameter& argument : command.arguments) {
    text +=
        " \\\n    " + shell_word((argument.required ? ":" : "::") + plain(argument.longest()) + ":" + action(argument));
  }
  return text;
}

}  // namespace

std::string zsh(const CommandLine& line) {
  std::string text =
      "#compdef portpolicy\n"
      "# zsh completion of portpolicy, made by `portpolicy completion zsh`\n"
      "\n"
      "_portpolicy_commands() {\n"
      "  local -a commands=(\n";
  for (const Command& command : line.commands) {
    text += "    " + shell_word(command.name + ":" + plain(command.summary)) + "\n";
  }
  text +=
      "  )\n"
      "  _describe command commands\n"
      "}\n"
      "\n"
      "_portpolicy() {\n"
      "  local context state state_descr line\n"
      "  typeset -A opt_args\n"
      "  _arguments -C" +
      specifications(line.program) +
      " \\\n"
      "    ':command:_portpolicy_commands' '*::argument:->argument' && return\n"
      "  [[ $state == argument ]] || return\n"
      "  case $words[1] in\n";
  for (const Command& command : line.commands) {
    text += "  " + command.name + ")\n    _arguments" + specifications(command) + "\n    ;;\n";
  }
  text +=
      "  esac\n"
      "}\n"
      "\n"
      "# As a file of $fpath the first use runs the function; read with `source` it is only registered.\n"
      "if [[ $funcstack[1] == _portpolicy ]]; then\n"
      "  _portpolicy \"$@\"\n"
      "else\n"
      "  compdef _portpolicy portpolicy\n"
      "fi\n";
  return text;
}

}  // namespace portpolicy::cli::completion
