#include <doctest/doctest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "cli/program.h"

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
  cli::Io io{in, out, err, Colour::off, PORTPOLICY_SOURCE_DIR "/policies/library", year(2026) / November / 22};
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

/// A folder that is gone at the end.
struct ScratchFolder {
  ScratchFolder() {
    std::string name = (fs::temp_directory_path() / "portpolicy-pages-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path path;
};

TEST_CASE("docs/diagnostics.md is what explain-code prints") {
  const Ended printed = run({"explain-code", "--format", "markdown"});
  CHECK(printed.exit == 0);
  CHECK(contents(PORTPOLICY_SOURCE_DIR "/docs/diagnostics.md") == printed.out);
}

TEST_CASE("the examples in docs/language.md are policies without findings") {
  const auto found = examples(contents(PORTPOLICY_SOURCE_DIR "/docs/language.md"));
  CHECK(found.size() >= 15);
  const ScratchFolder scratch;
  for (const auto& [line, text] : found) {
    CAPTURE(line);
    const fs::path policy = scratch.path / (std::to_string(line) + ".yaml");
    std::ofstream(policy) << (text.starts_with("portpolicy:") ? "" : "portpolicy: 1\n") << text;
    const Ended checked = run({"check", policy.string(), "--fail-on", "warning"});
    CHECK(checked.exit == 0);
    CHECK(checked.err.empty());
  }
}

}  // namespace
