#include "cli/manual.h"

#include <CLI/App.hpp>
#include <filesystem>
#include <system_error>

#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/output_file.h"
#include "cli/policy_page.h"
#include "cli/roff.h"
#include "cli/usage.h"
#include "cli/version.h"

namespace portpolicy::cli::manual {

namespace {

namespace fs = std::filesystem;

std::string full_name(const Command& command, std::string_view between) {
  return command.name.empty() ? "portpolicy" : "portpolicy" + std::string(between) + command.name;
}

/// `text|json` in bold but for the bars, a placeholder in italics.
std::string value_markup(const Parameter& parameter) {
  if (!parameter.value_name.contains('|')) {
    return parameter.words.empty() || parameter.value_name != parameter.words.front()
               ? roff_italic(parameter.value_name)
               : roff_bold(parameter.value_name);
  }
  std::string markup;
  for (const std::string& word : parameter.words) markup += (markup.empty() ? "" : "|") + roff_bold(word);
  return markup;
}

std::string term(const Parameter& parameter) {
  std::string markup;
  for (const std::string& name : parameter.names) {
    markup += (markup.empty() ? "" : ", ") + (name.starts_with('-') ? roff_bold(name) : roff_italic(name));
  }
  if (!parameter.value_name.empty()) markup += " " + value_markup(parameter);
  return markup;
}

std::string synopsis(const Command& command) {
  std::string text = roff_bold(full_name(command, " "));
  if (command.name.empty()) return text + " " + roff_italic("COMMAND") + " [" + roff_italic("OPTION") + "...]";
  if (!command.options.empty()) text += " [" + roff_italic("OPTION") + "...]";
  for (const Parameter& argument : command.arguments) {
    const std::string name = roff_italic(argument.longest());
    text += argument.required ? " " + name : " [" + name + "]";
  }
  return text;
}

void parameters(RoffPage& page, std::string_view title, const std::vector<Parameter>& list) {
  if (list.empty()) return;
  page.section(title);
  for (const Parameter& parameter : list) page.item(term(parameter), parameter.description);
}

void exit_status(RoffPage& page, const Command& command) {
  if (command.exits.empty()) return;
  page.section("EXIT STATUS");
  for (const ExitMeaning& exit : command.exits) page.item(roff_bold(exit.code), exit.meaning);
}

void examples(RoffPage& page, const Command& command) {
  if (command.examples.empty()) return;
  page.section("EXAMPLES");
  std::string block;
  for (const std::string& example : command.examples) block += example + "\n";
  page.literal(block);
}

bool takes(const Command& command, std::string_view name) {
  for (const std::vector<Parameter>* list : {&command.options, &command.arguments}) {
    for (const Parameter& parameter : *list) {
      if (parameter.longest() == name) return true;
    }
  }
  return false;
}

/// The files of an installation that the command reads; the program itself answers for all commands.
void files(RoffPage& page, const Command& command, bool all) {
  const bool library = all || takes(command, "--library"), starters = all || takes(command, "ROLE");
  if (!library && !starters) return;
  page.section("FILES");
  if (library) {
    page.item(roff_italic("/usr/share/portpolicy/library"), "The policies that are included as `<name>`.");
  }
  if (starters) page.item(roff_italic("/usr/share/portpolicy/starters"), "The policies that `portpolicy init` copies.");
  page.prose("A program that is installed elsewhere looks in `../share/portpolicy`, seen from its own folder.");
}

void see_also(RoffPage& page, const std::vector<std::string>& others) {
  page.section("SEE ALSO");
  std::string text;
  for (const std::string& other : others) {
    const std::size_t dot = other.rfind('.');
    text += (text.empty() ? "" : ", ") + roff_bold(other.substr(0, dot)) + "(" + other.substr(dot + 1) + ")";
  }
  page.line(text);
}

RoffPage begun(const Command& command) {
  RoffPage page(full_name(command, "-"), 1, version());
  page.section("NAME");
  page.line(roff_escaped(full_name(command, "-")) + " \\- " + roff_escaped(command.summary));
  page.section("SYNOPSIS");
  page.line(synopsis(command));
  page.section("DESCRIPTION");
  page.prose(command.summary + ".");
  for (const std::string& paragraph : command.paragraphs) page.prose(paragraph);
  return page;
}

std::string program_page(const CommandLine& line) {
  const Command& program = line.program;
  RoffPage page = begun(program);
  page.section("COMMANDS");
  std::vector<std::string> others;
  for (const Command& command : line.commands) {
    page.item(roff_bold(command.name), command.summary + ".");
    others.push_back(full_name(command, "-") + ".1");
  }
  parameters(page, "OPTIONS", program.options);
  exit_status(page, program);
  page.section("ENVIRONMENT");
  page.item(roff_bold("NO_COLOR"),
            "When it is set and not empty, messages have no colours unless `--color always` asks.");
  page.item(roff_bold("TERM"), "When it is `dumb`, the same.");
  files(page, program, true);
  examples(page, program);
  others.insert(others.end(), {"portpolicy-policy.5", "nft.8"});
  see_also(page, others);
  return page.text();
}

std::string command_page(const Command& command) {
  RoffPage page = begun(command);
  parameters(page, "ARGUMENTS", command.arguments);
  parameters(page, "OPTIONS", command.options);
  exit_status(page, command);
  files(page, command, false);
  examples(page, command);
  see_also(page, {"portpolicy.1", "portpolicy-policy.5"});
  return page.text();
}

/// Every file below `share`, by its path there.
std::vector<std::pair<fs::path, std::string>> share(const CommandLine& line) {
  std::vector<std::pair<fs::path, std::string>> files{
      {"bash-completion/completions/portpolicy", completion::bash(line)},
      {"zsh/vendor-completions/_portpolicy", completion::zsh(line)},
      {"fish/vendor_completions.d/portpolicy.fish", completion::fish(line)},
  };
  for (auto& [name, text] : pages(line)) {
    files.emplace_back(fs::path("man") / ("man" + name.substr(name.rfind('.') + 1)) / name, std::move(text));
  }
  return files;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> pages(const CommandLine& line) {
  std::vector<std::pair<std::string, std::string>> all{{"portpolicy.1", program_page(line)}};
  for (const Command& command : line.commands) {
    all.emplace_back(full_name(command, "-") + ".1", command_page(command));
  }
  all.emplace_back("portpolicy-policy.5", policy_page());
  return all;
}

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("manual", "Write the manual and the completions");
  command->group("");  // for the build, not for users
  command->add_option("FOLDER", options.folder, "Where to write them, as `share` of an installation is laid out")
      ->type_name("")
      ->required();
}

int run(const CLI::App& program, const Options& options, Io& io) {
  if (options.folder.empty()) return usage_error(io, "manual", "into which folder?");
  for (const auto& [path, text] : share(describe(program, io))) {
    const fs::path file = options.folder / path;
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    const Result<void> written = error ? fail(error.message()) : write_file(file.string(), text);
    if (written) continue;
    io.err << "portpolicy: cannot write `" << escaped(file.string()) << "`: " << escaped(written.error().message)
           << '\n';
    return exit_file;
  }
  return exit_done;
}

}  // namespace portpolicy::cli::manual
