#include "cli/command_line.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <cctype>

#include "cli/choices.h"
#include "cli/starters.h"
#include "compiler/diagnostics/code.h"
#include "compiler/registry/registry.h"

namespace portpolicy::cli {

namespace {

/// The words that a placeholder stands for, where the program knows them all.
std::vector<std::string> words_of(std::string_view placeholder, const Io& io) {
  std::vector<std::string> words;
  if (placeholder == "CODE") {
    for (const CodeInfo& code : all_codes()) words.push_back(to_string(code.code));
  } else if (placeholder == "SERVICE") {
    for (const registry::Service& service : registry::services()) words.emplace_back(service.name);
  } else if (placeholder == "ROLE") {
    // Without an installation there is none to offer.
    for (const Starter& starter : read_starters(io.starters).value_or(std::vector<Starter>{}))
      words.push_back(starter.role);
  }
  return words;
}

Value value_of(std::string_view placeholder) {
  if (placeholder == "POLICY") return Value::policy;
  if (placeholder.contains("FILE")) return Value::file;
  if (placeholder.contains("DIR") || placeholder.contains("FOLDER")) return Value::folder;
  return Value::other;
}

Parameter parameter(const CLI::Option& option, const Io& io) {
  Parameter result;
  if (option.get_positional()) result.names.push_back(option.get_name(true));
  for (const std::string& name : option.get_snames()) result.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) result.names.push_back("--" + name);
  result.description = option.get_description();
  result.required = option.get_required();
  if (option.get_items_expected_max() == 0) return result;
  result.value_name = option.get_type_name();
  const std::string placeholder = result.value_name.empty() ? result.names.front() : result.value_name;
  result.words = choices(option);
  if (result.words.empty()) result.words = words_of(placeholder, io);
  result.value = result.words.empty() ? value_of(placeholder) : Value::word;
  return result;
}

std::vector<std::string> split(std::string_view text, std::string_view by) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(by), text.size());
    parts.emplace_back(text.substr(0, length));
    text.remove_prefix(std::min(length + by.size(), text.size()));
  }
  return parts;
}

/// `0 done; 2 wrong usage, or no such code`: a new entry begins where a number follows the semicolon.
std::vector<ExitMeaning> exit_meanings(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  std::vector<ExitMeaning> meanings;
  for (const std::string& part : split(text, "; ")) {
    const auto digits_end = std::ranges::find_if(part, [](unsigned char c) { return std::isdigit(c) == 0; });
    if (digits_end != part.begin() && digits_end != part.end() && *digits_end == ' ') {
      meanings.push_back({std::string(part.begin(), digits_end), std::string(digits_end + 1, part.end())});
    } else if (!meanings.empty()) {
      meanings.back().meaning += "; " + part;
    }
  }
  return meanings;
}

void read_footer(Command& command, std::string_view footer) {
  constexpr std::string_view examples = "Examples:\n", exits = "Exit codes: ";
  for (const std::string& paragraph : split(footer, "\n\n")) {
    if (paragraph.starts_with(examples)) {
      for (const std::string& line : split(std::string_view(paragraph).substr(examples.size()), "\n")) {
        command.examples.push_back(line.substr(std::min(line.find_first_not_of(' '), line.size())));
      }
    } else if (paragraph.starts_with(exits)) {
      command.exits = exit_meanings(paragraph.substr(exits.size()));
    } else {
      command.paragraphs.push_back(paragraph);
    }
  }
}

Command command_of(const CLI::App& app, const Io& io) {
  Command command;
  command.name = app.get_parent() == nullptr ? "" : app.get_name();
  command.summary = app.get_description();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    (option->get_positional() ? command.arguments : command.options).push_back(parameter(*option, io));
  }
  read_footer(command, app.get_footer());
  return command;
}

}  // namespace

CommandLine describe(const CLI::App& program, const Io& io) {
  CommandLine result;
  result.program = command_of(program, io);
  for (const CLI::App* app : program.get_subcommands([](const CLI::App*) { return true; })) {
    if (!app->get_group().empty()) result.commands.push_back(command_of(*app, io));
  }
  return result;
}

}  // namespace portpolicy::cli
