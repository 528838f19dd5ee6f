#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"
#include "tests/support/scratch_folder.h"

namespace {

namespace fs = std::filesystem;
using namespace portpolicy;

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Ended {
  int exit = 0;
  std::string out, err;
};

Ended run(std::vector<std::string> arguments) {
  std::istringstream in;
  std::ostringstream out, err;
  using namespace std::chrono;
  cli::Io io{in,
             out,
             err,
             Colour::off,
             PORTPOLICY_SOURCE_DIR "/policies/library",
             year(2026) / November / 22,
             PORTPOLICY_SOURCE_DIR "/policies/starters"};
  const int exit = cli::run(std::move(arguments), io);
  return {exit, out.str(), err.str()};
}

/// The YAML examples of a page before the one of several files, each with its line.
std::vector<std::pair<std::size_t, std::string>> examples(const std::string& page) {
  std::vector<std::pair<std::size_t, std::string>> found;
  std::istringstream lines(page);
  std::size_t number = 0;
  bool inside = false;
  for (std::string line; std::getline(lines, line) && !line.starts_with("## A worked example");) {
    ++number;
    if (line.starts_with("```")) {
      inside = line == "```yaml";
      if (inside) found.emplace_back(number + 1, "");
    } else if (inside) {
      found.back().second += line + "\n";
    }
  }
  return found;
}

using test::ScratchFolder;

/// Plays a page: writes down the files that it shows, changes them as it says, and runs its sessions. In the page
///
///     `web.yaml`, the web team:                 the YAML block that follows is that file
///     `web.yaml`, at its end:                   ... is appended to it
///     <!-- is: FILE -->                         ... is word for word that file, which is there already
///     <!-- lines of: FILE -->                   the lines of the block that follows stand in that file
///     <!-- insert after FILE:LINE: TEXT -->     a change for the next session only
///     <!-- replace FILE:LINE: TEXT -->          a change from here on
///     $ portpolicy WORDS                        in a block: a command, and behind it all that it says
class Page {
 public:
  Page(const fs::path& page, const fs::path& folder) : folder_(folder), lines_(lines_of(contents(page))) {}

  /// How many sessions there were.
  int play() {
    for (at_ = 0; at_ < lines_.size(); ++at_) {
      const std::string& line = lines_[at_];
      if (line.starts_with("```")) block();
      else if (line.starts_with("<!-- ")) directive(line.substr(5, line.size() - 9));
      else if (line.starts_with("`") && line.ends_with(":")) subject_ = line;
    }
    return sessions_;
  }

 private:
  static std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text;
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  void directive(const std::string& words) {
    INFO("line " << at_ + 1);
    const std::size_t colon = words.find(": ");
    REQUIRE(colon != std::string::npos);
    const std::string verb = words.substr(0, colon), rest = words.substr(colon + 2);
    if (verb == "is" || verb == "lines of") {
      (verb == "is" ? same_as_ : lines_from_) = rest;
      return;
    }
    const bool insert = verb.starts_with("insert after ");
    REQUIRE((insert || verb.starts_with("replace ")));
    const std::size_t name = insert ? 13 : 8, number = verb.rfind(':');
    change(verb.substr(name, number - name), std::stoul(verb.substr(number + 1)), rest, insert);
  }

  void change(const std::string& file, std::size_t line, const std::string& text, bool insert) {
    std::vector<std::string> lines = lines_of(contents(folder_ / file));
    REQUIRE(line <= lines.size());
    if (insert) {
      undo_.emplace_back(file, joined(lines));
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(line), text);
    } else {
      lines[line - 1] = text;
    }
    write(file, joined(lines));
  }

  void block() {
    const std::size_t begin = ++at_;
    while (at_ < lines_.size() && lines_[at_] != "```") ++at_;
    const std::vector<std::string> block(lines_.begin() + static_cast<std::ptrdiff_t>(begin),
                                         lines_.begin() + static_cast<std::ptrdiff_t>(at_));
    CAPTURE(begin);
    if (!same_as_.empty()) CHECK(joined(block) == contents(folder_ / same_as_));
    else if (!lines_from_.empty()) expect_in(lines_from_, block);
    else if (!block.empty() && block[0].starts_with("$ ")) session(block);
    else if (!subject_.empty()) file(joined(block));
    same_as_ = lines_from_ = subject_ = {};
  }

  void file(const std::string& text) const {
    const std::string name = subject_.substr(1, subject_.find('`', 1) - 1);
    const bool append = subject_.find("at its end") != std::string::npos;
    write(name, (append ? contents(folder_ / name) + "\n" : "") + text);
  }

  void expect_in(const std::string& name, const std::vector<std::string>& block) const {
    const std::string all = "\n" + contents(folder_ / name);
    for (const std::string& line : block) CHECK_MESSAGE(all.find(line + "\n") != std::string::npos, line);
  }

  void session(const std::vector<std::string>& block) {
    for (std::size_t i = 0; i < block.size();) {
      const std::string command = block[i];
      REQUIRE(command.starts_with("$ portpolicy "));
      std::string expected;
      for (++i; i < block.size() && !block[i].starts_with("$ "); ++i) expected += block[i] + "\n";
      std::istringstream stream(command.substr(std::string("$ portpolicy ").size()));
      const Ended ended = run({std::istream_iterator<std::string>(stream), {}});
      CAPTURE(command);
      CHECK(ended.out + ended.err == expected);
      ++sessions_;
    }
    for (auto last = undo_.rbegin(); last != undo_.rend(); ++last) write(last->first, last->second);
    undo_.clear();
  }

  fs::path folder_;
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  int sessions_ = 0;
  std::string subject_, same_as_, lines_from_;
  std::vector<std::pair<std::string, std::string>> undo_;
};

/// The sessions of a page, in a folder that looks like the project's own.
int play(const std::string& page) {
  const ScratchFolder scratch;
  fs::create_directory(scratch.path() / ".git");
  fs::copy(PORTPOLICY_SOURCE_DIR "/examples", scratch.path() / "examples", fs::copy_options::recursive);
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  const int sessions = Page(fs::path(PORTPOLICY_SOURCE_DIR) / page, scratch.path()).play();
  fs::current_path(before);
  return sessions;
}

TEST_CASE("docs/diagnostics.md is what explain-code prints") {
  const Ended printed = run({"explain-code", "--format", "markdown"});
  CHECK(printed.exit == 0);
  CHECK(contents(PORTPOLICY_SOURCE_DIR "/docs/diagnostics.md") == printed.out);
}

TEST_CASE("the examples in docs/language.md are policies without errors and warnings") {
  const auto found = examples(contents(PORTPOLICY_SOURCE_DIR "/docs/language.md"));
  CHECK(found.size() >= 15);
  const ScratchFolder scratch;
  for (const auto& [line, text] : found) {
    CAPTURE(line);
    const fs::path policy = scratch.path() / (std::to_string(line) + ".yaml");
    std::ofstream(policy) << (text.starts_with("portpolicy:") ? "" : "portpolicy: 1\n") << text;
    const Ended checked = run({"check", policy.string(), "--fail-on", "warning"});
    CAPTURE(checked.err);
    CHECK(checked.exit == 0);  // notes may be
  }
}

TEST_CASE("the sessions in the pages are what the program says") {
  CHECK(play("README.md") >= 5);
  CHECK(play("docs/language.md") >= 9);
  CHECK(play("docs/foreign-rules.md") >= 1);
}

}  // namespace
