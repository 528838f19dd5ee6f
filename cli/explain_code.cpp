#include "cli/explain_code.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <vector>

#include "cli/exit_code.h"
#include "cli/usage.h"
#include "compiler/diagnostics/code.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::cli::explain_code {

namespace {

/// Text in lines of at most 80 columns.
std::string wrapped(std::string_view text) {
  constexpr std::size_t widest = 80;
  std::string result;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find(' '), text.size());
    if (column != 0) {
      const bool fits = column + 1 + length <= widest;
      result += fits ? ' ' : '\n';
      column = fits ? column + 1 : 0;
    }
    result += text.substr(0, length);
    column += length;
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return result + '\n';
}

std::string indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    result += (length == 0 ? "" : "    ") + std::string(text.substr(0, length)) + '\n';
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return result;
}

std::string plain(const CodeInfo& code) {
  return to_string(code.code) + " (" + std::string(to_string(code.severity)) + "): " + std::string(code.title) +
         "\n\n" + wrapped(code.cause) + "\nFor example:\n\n" + indented(code.example) + "\n" + wrapped(code.remedy);
}

std::string markdown(const CodeInfo& code) {
  return "## " + to_string(code.code) + ": " + std::string(code.title) + "\n\n*" +
         std::string(to_string(code.severity)) + "*. " + std::string(code.cause) + "\n\n```yaml\n" +
         std::string(code.example) + "```\n\n" + std::string(code.remedy) + "\n";
}

std::string list() {
  std::string text;
  for (const CodeInfo& code : all_codes()) {
    std::string severity(to_string(code.severity));
    severity.resize(9, ' ');
    text += to_string(code.code) + "  " + severity + std::string(code.title) + '\n';
  }
  return text;
}

std::string page() {
  std::string text =
      "# Findings\n\n"
      "Every finding has a code that never changes its meaning: PP1xx the text, PP2xx names and values, PP3xx what "
      "the\n"
      "rules mean, PP4xx what a target cannot express, PP5xx the host, PP6xx rule sets of others. This page is what\n"
      "`portpolicy explain-code --format markdown` prints; `portpolicy explain-code PP301` explains one.\n";
  for (const CodeInfo& code : all_codes()) text += "\n" + markdown(code);
  return text;
}

int unknown(const Options& options, Io& io) {
  std::vector<std::string> names;
  for (const CodeInfo& code : all_codes()) names.push_back(to_string(code.code));
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string meant = did_you_mean(options.code, candidates);
  return usage_error(io, "explain-code",
                     "there is no finding `" + options.code + "`" + (meant.empty() ? "" : "; " + meant));
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("explain-code", "Explain a finding by its code, or list all codes");
  command->add_option("CODE", options.code, "For example PP301; without it all codes are listed")->type_name("");
  command
      ->add_option("--format", options.format,
                   "Text (default) or Markdown, which explains all codes at once when none is given")
      ->type_name("text|markdown");
  command->footer(
      "A code never changes its meaning: PP1xx the text of a policy, PP2xx names and values, PP3xx what the rules "
      "mean,\n"
      "PP4xx what a target cannot express, PP5xx the host, PP6xx rule sets of others.\n"
      "\n"
      "Examples:\n"
      "  portpolicy explain-code PP301\n"
      "  portpolicy explain-code --format markdown\n"
      "\n"
      "Exit codes: 0 done; 2 wrong usage, or no such code");
}

int run(const Options& options, Io& io) {
  const bool as_markdown = options.format == "markdown";
  if (options.code.empty()) {
    io.out << (as_markdown ? page() : list());
    return exit_done;
  }
  const std::optional<Code> code = code_named(options.code);
  if (!code) return unknown(options, io);
  io.out << (as_markdown ? markdown(info(*code)) : plain(info(*code)));
  return exit_done;
}

}  // namespace portpolicy::cli::explain_code
