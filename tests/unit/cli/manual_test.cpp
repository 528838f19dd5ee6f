#include "cli/manual.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

#include "cli/exit_code.h"
#include "cli/policy_page.h"
#include "cli/program.h"
#include "cli/roff.h"
#include "compiler/syntax/language.h"
#include "tests/support/scratch_folder.h"

using namespace portpolicy;
namespace fs = std::filesystem;

namespace {

struct Ended {
  int code;
  std::string out, err;
};

Ended run(std::vector<std::string> arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  cli::Io io{.in = in,
             .out = out,
             .err = err,
             .library = PORTPOLICY_SOURCE_DIR "/policies/library",
             .today = {},
             .starters = PORTPOLICY_SOURCE_DIR "/policies/starters"};
  const int code = cli::run(std::move(arguments), io);
  return {code, out.str(), err.str()};
}

/// What `portpolicy manual` writes.
class Share {
 public:
  Share() { REQUIRE(run({"manual", folder_.path().string()}).code == cli::exit_done); }

  std::string file(const std::string& name) const {
    CAPTURE(name);
    std::ifstream stream(folder_.path() / name);
    REQUIRE(stream);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  std::string page(const std::string& name) const {
    return file("man/man" + name.substr(name.rfind('.') + 1) + "/" + name);
  }

 private:
  test::ScratchFolder folder_;
};

/// What a reader of the page sees, more or less.
std::string shown(std::string page) {
  constexpr std::pair<const char*, const char*> marks[] = {
      {R"(\\f[BIR])", ""}, {R"(\\-)", "-"},    {R"(\\\(aq)", "'"}, {R"(\\\(dq)", "\""}, {R"(\\\(ga)", "`"},
      {R"(\\\(ha)", "^"},  {R"(\\\(ti)", "~"}, {R"(\\[&:])", ""},  {R"(\\\(rs)", "\\"},
  };
  for (const auto& [mark, text] : marks) page = std::regex_replace(page, std::regex(mark), text);
  return page;
}

/// The commands that the help names, each as its own line says it.
std::vector<std::string> commands_of_help() {
  std::istringstream lines(run({"--help"}).out);
  std::vector<std::string> names;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == "Commands:") inside = true;
    else if (line.empty()) inside = false;
    else if (inside) names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

/// An option or an argument, as its line of the help shows it.
struct Shown {
  std::vector<std::string> names;
  std::string value;
};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, by);) parts.push_back(part);
  return parts;
}

std::vector<Shown> parameters_of_help(const std::string& command) {
  const std::string help =
      run(command.empty() ? std::vector<std::string>{"--help"} : std::vector<std::string>{command, "--help"}).out;
  static const std::regex line(R"(\n  ((?:-[-a-z,]+)|(?:[A-Z]+))(?: ([^ .\n][^ \n]*))?(?: [.]{3})?(?= {2,}|\n))");
  std::vector<Shown> found;
  for (std::sregex_iterator match(help.begin(), help.end(), line), end; match != end; ++match) {
    found.push_back({split((*match)[1], ','), (*match)[2]});
  }
  return found;
}

/// The words of `text|json`; none of a placeholder.
std::vector<std::string> words(const std::string& value) {
  const bool list = std::ranges::any_of(value, [](char c) { return c >= 'a' && c <= 'z'; });
  return list ? split(value, '|') : std::vector<std::string>{};
}

/// The part of a script that begins with a line and ends before the next line that holds only the end.
std::string part(const std::string& script, const std::string& begin, const std::string& end) {
  const std::size_t from = script.find(begin);
  CAPTURE(begin);
  REQUIRE(from != std::string::npos);
  return script.substr(from, script.find(end, from) - from);
}

/// The lines that hold a text.
std::string lines_with(const std::string& script, const std::string& text) {
  std::string found;
  for (const std::string& line : split(script, '\n')) {
    if (line.contains(text)) found += line + "\n";
  }
  return found;
}

void check_words(const std::string& text, const std::string& value) {
  for (const std::string& word : words(value)) {
    CAPTURE(word);
    CHECK(std::regex_search(text, std::regex("\\b" + word + "\\b")));
  }
}

}  // namespace

TEST_SUITE("manual") {
  TEST_CASE("every command, option and choice of the help stands in its page") {
    const Share share;
    const std::vector<std::string> commands = commands_of_help();
    CHECK(commands.size() >= 6);
    const std::string program = shown(share.page("portpolicy.1"));
    for (const std::string& command : commands) {
      CAPTURE(command);
      CHECK(program.contains("\n.TP\n" + command + "\n"));
      CHECK(program.contains("portpolicy-" + command + "(1)"));
      const std::string page = shown(share.page("portpolicy-" + command + ".1"));
      const std::vector<Shown> parameters = parameters_of_help(command);
      CHECK_FALSE(parameters.empty());
      for (const Shown& parameter : parameters) {
        std::string term = "\n.TP\n";
        for (const std::string& name : parameter.names) term += (term.size() == 5 ? "" : ", ") + name;
        if (!parameter.value.empty()) term += " " + parameter.value;
        CAPTURE(term);
        CHECK(page.contains(term + "\n"));
      }
      for (const char* section :
           {"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"}) {
        CAPTURE(section);
        CHECK(page.contains("\n.SH \"" + std::string(section) + "\"\n"));
      }
    }
  }

  TEST_CASE("the exit codes of a page are those of the help") {
    const Share share;
    for (const std::string& command : commands_of_help()) {
      CAPTURE(command);
      std::string help = run({command, "--help"}).out;
      help = help.substr(help.find("Exit codes:"));
      static const std::regex code(R"((?:: |;\s)(\d+)\s)");
      const std::string page = part(share.page("portpolicy-" + command + ".1"), ".SH \"EXIT STATUS\"", "\n.SH");
      std::ptrdiff_t count = 0;
      for (std::sregex_iterator match(help.begin(), help.end(), code), end; match != end; ++match, ++count) {
        CHECK(page.contains(".TP\n\\fB" + (*match)[1].str() + "\\fR\n"));
      }
      CHECK(count >= 2);
      const std::string term = "\n.TP\n";
      std::ptrdiff_t terms = 0;
      for (std::size_t at = 0; (at = page.find(term, at)) != page.npos; ++at) ++terms;
      CHECK(terms == count);
    }
  }

  TEST_CASE("every command, option and choice of the help stands in each completion") {
    const Share share;
    const std::string bash = share.file("bash-completion/completions/portpolicy");
    const std::string zsh = share.file("zsh/vendor-completions/_portpolicy");
    const std::string fish = share.file("fish/vendor_completions.d/portpolicy.fish");
    for (const std::string& command : commands_of_help()) {
      CAPTURE(command);
      CHECK(std::regex_search(bash, std::regex("' 0'\\) _portpolicy_words '[^']*\\b" + command + "\\b")));
      CHECK(zsh.contains("\n    '" + command + ":"));
      CHECK(fish.contains(" -a " + command + " -d "));
      const std::string in_bash = part(bash, "\n        " + command + ")\n", ";;");
      const std::string in_zsh = part(zsh, "\n  " + command + ")\n", ";;");
      const std::string in_fish = lines_with(fish, "__portpolicy_at \\'" + command + "\\'");
      for (const Shown& parameter : parameters_of_help(command)) {
        for (const std::string& name : parameter.names) {
          CAPTURE(name);
          if (!name.starts_with('-')) {
            CHECK(in_zsh.contains(":" + name + ":"));
            check_words(lines_with(bash, "'" + command + " "), parameter.value);
            check_words(lines_with(fish, "'__portpolicy_at " + command + " "), parameter.value);
            continue;
          }
          CHECK(std::regex_search(in_bash, std::regex("options='[^']*" + name + "\\b")));
          CHECK(std::regex_search(in_zsh, std::regex("[ {,]" + name + "[=},'\\[]")));
          check_words(lines_with(in_zsh, name), parameter.value);
          const std::string switch_ = name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
          CHECK(in_fish.contains(switch_ + " "));
          check_words(lines_with(in_fish, switch_ + " "), parameter.value);
          if (!parameter.value.empty())
            check_words(part(bash, "'" + command + " " + name + "')", ";;"), parameter.value);
        }
      }
    }
  }

  TEST_CASE("an option takes the words that its help shows and no others") {
    std::size_t lists = 0;
    for (const std::string& command : commands_of_help()) {
      for (const Shown& parameter : parameters_of_help(command)) {
        const std::vector<std::string> known = words(parameter.value);
        const std::string& name = parameter.names.back();
        if (known.empty() || !name.starts_with("--")) continue;
        ++lists;
        CAPTURE(command);
        CAPTURE(name);
        const Ended other = run({command, name, "nonsense"});
        CHECK(other.code == cli::exit_usage);
        for (const std::string& word : known) {
          CHECK(other.err.substr(0, other.err.find('\n')).contains(word));
          CHECK_FALSE(run({command, name, word}).err.contains(name + " takes"));
        }
      }
    }
    CHECK(lists >= 8);
  }

  TEST_CASE("completion prints what is installed") {
    const Share share;
    CHECK(run({"completion", "bash"}).out == share.file("bash-completion/completions/portpolicy"));
    CHECK(run({"completion", "zsh"}).out == share.file("zsh/vendor-completions/_portpolicy"));
    CHECK(run({"completion", "fish"}).out == share.file("fish/vendor_completions.d/portpolicy.fish"));
  }

  TEST_CASE("the page of the language names every key and every word of it") {
    const std::string page = shown(cli::manual::policy_page());
    for (const syntax::Mapping* mapping :
         {&syntax::policy_keys, &syntax::rule_keys, &syntax::management_keys, &syntax::test_keys, &syntax::network_keys,
          &syntax::interface_keys, &syntax::defaults_keys, &syntax::default_keys}) {
      for (const syntax::Key& key : mapping->keys) {
        CAPTURE(key.name);
        const std::string lines = lines_with(page, std::string(key.name) + ": ");
        CHECK(page.contains("\n.TP\n" + std::string(key.name) + ": "));
        for (const std::string_view word : key.words) CHECK(lines.contains(word));
      }
    }
    const syntax::Key& base = *std::ranges::find(syntax::policy_keys.keys, "base", &syntax::Key::name);
    const std::string traffic = part(page, ".SH \"BASE TRAFFIC\"", "\n.SH");
    for (const std::string_view kind : base.words) CHECK(traffic.contains("\n.TP\n" + std::string(kind) + "\n"));
  }

  TEST_CASE("the example of the language's page is a policy without findings") {
    const test::ScratchFolder scratch;
    const fs::path policy = scratch.path() / "policy.yaml";
    std::ofstream(policy) << cli::manual::policy_page_example();
    const Ended checked = run({"check", policy.string(), "--fail-on", "warning"});
    CHECK(checked.code == cli::exit_done);
    CHECK(checked.err.empty());
  }

  TEST_CASE("nothing of a text is a request or an escape of roff") {
    CHECK(cli::roff_escaped(".TH") == "\\&.TH");
    CHECK(cli::roff_escaped("'quoted'") == "\\(aqquoted\\(aq");
    CHECK(cli::roff_escaped(R"(C:\new --long "x" ^~`)") == R"(C:\(rsnew \-\-long \(dqx\(dq \(ha\(ti\(ga)");
    cli::RoffPage page("x", 1, "0");
    const std::size_t heading = page.text().size();
    page.prose("a `--flag`\nin two lines\n\n.dot and `open");
    page.literal("  kept\n\n.dot\n");
    CHECK(page.text().substr(heading) ==
          ".PP\na \\fB\\-\\-flag\\fR in two lines\n.PP\n\\&.dot and \\(gaopen\n"
          ".PP\n.RS 4\n.nf\n  kept\n\\&\n\\&.dot\n.fi\n.RE\n");
  }

  TEST_CASE("a folder that cannot be written to is an error") {
    CHECK(run({"manual", "/dev/null"}).code == cli::exit_file);
    CHECK(run({"manual"}).code == cli::exit_usage);
  }
}
