#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "backends/iptables/read.h"
#include "compiler/diagnostics/source_map.h"

// Rule sets of others and the lines of iptables' own tests, which are not part of the project: the folder that has them, as
// `iptables-save/*.save`, `iptables-S/*.S` and `iptables-tests/*.t`, is named by PORTPOLICY_CORPUS.

using namespace portpolicy;

namespace {

std::optional<std::filesystem::path> corpus(const char* folder) {
  const char* named = std::getenv("PORTPOLICY_CORPUS");
  if (named != nullptr) return std::filesystem::path(named) / folder;
  std::fputs("SKIPPED: PORTPOLICY_CORPUS names no folder; no rule set of others was read\n", stderr);
  return std::nullopt;
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder, std::string_view extension) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == extension) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

struct Read {
  std::optional<iptables::Reading> reading;
  std::string findings;
};
Read read_text(const std::string& text, std::optional<Family> family = std::nullopt) {
  SourceMap sources;
  const FileId file = sources.add("rules", text);
  Diagnostics diagnostics;
  const std::vector<iptables::Input> inputs{{file, sources.text(file), family}};
  Read result{iptables::read(inputs, diagnostics), {}};
  for (const Diagnostic& finding : diagnostics.all())
    result.findings += std::to_string(sources.begin(finding.primary.where).line) + ": " + finding.message + "\n";
  return result;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

struct Line {
  std::string rule;
  bool fine = false;
};
std::vector<Line> lines_of(const std::filesystem::path& path) {
  std::vector<Line> lines;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) {
    if (line.empty() || line[0] == '#' || line[0] == ':' || line[0] == '*' || line[0] == '%' || line[0] == '@')
      continue;
    const std::size_t end = line.find(';');
    if (end != std::string::npos) lines.push_back({line.substr(0, end), line.ends_with("OK")});
  }
  return lines;
}

}  // namespace

TEST_CASE("rule sets of others are read, or refused where iptables refuses them") {
  for (const auto& [folder, extension, count] :
       {std::tuple("iptables-save", ".save", std::size_t{38}), std::tuple("iptables-S", ".S", std::size_t{3})}) {
    const auto path = corpus(folder);
    if (!path) return;
    const auto files = files_in(*path, extension);
    CHECK(files.size() >= count);
    std::size_t read = 0, understood = 0;
    for (const auto& file : files) {
      const Read result = read_text(content(file));
      const std::string name = file.filename().string();
      CHECK(result.reading.has_value() == result.findings.empty());
      // One has an option that was made up for it.
      if (name == "parser-stress.v4.save") {
        CHECK(result.findings == "12: iptables has no option `--something-else` in this place\n");
        continue;
      }
      CHECK_MESSAGE(result.reading, name << " " << result.findings.substr(0, 300));
      if (!result.reading) continue;
      ++read;
      if (result.reading->not_understood.empty()) ++understood;
      const bool ipv6 = name.contains(".v6.");
      const bool filter_table = !name.contains("-nat-") && !name.contains("-mangle-");
      if (filter_table) CHECK(result.reading->families == filter::bit(ipv6 ? Family::ipv6 : Family::ipv4));
    }
    std::fprintf(stderr, "%s: %zu of %zu read, %zu of them understood in all parts\n", folder, read, files.size(),
                 understood);
  }
}

TEST_CASE("the lines of iptables' own tests are read") {
  const auto path = corpus("iptables-tests");
  if (!path) return;
  std::size_t understood = 0, not_understood = 0, refused = 0, let_pass = 0;
  for (const auto& file : files_in(*path, ".t")) {
    const Family family = file.filename().string().starts_with("libip6t") ? Family::ipv6 : Family::ipv4;
    for (const Line& line : lines_of(file)) {
      const Read result = read_text("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT " + line.rule +
                                        (line.rule.contains("-j ") ? "" : " -j ACCEPT") + "\nCOMMIT\n",
                                    family);
      if (!line.fine) {
        ++(result.reading ? let_pass : refused);
        continue;
      }
      CHECK_MESSAGE(result.reading, file.filename().string() << ": " << line.rule << ": " << result.findings);
      if (result.reading) ++(result.reading->not_understood.empty() ? understood : not_understood);
    }
  }
  std::fprintf(stderr, "OK lines: %zu understood, %zu not; FAIL lines: %zu refused, %zu not\n", understood,
               not_understood, refused, let_pass);
  CHECK(understood + not_understood > 100);
  CHECK(refused > let_pass);
}
