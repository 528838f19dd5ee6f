#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "backends/nftables/read.h"
#include "compiler/diagnostics/source_map.h"
#include "tests/support/random_filter.h"

// Rule sets of others and the lines of nft's own tests, which are not part of the project: the folder that has them, as
// `nft/*.nft` and `nft-tests/*.t`, is named by PORTPOLICY_CORPUS.

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
  std::optional<nft::Reading> reading;
  std::string findings;
};
Read read_text(const std::string& text) {
  SourceMap sources;
  const FileId file = sources.add("script", text);
  Diagnostics diagnostics;
  Read result{nft::read(sources.text(file), file, diagnostics), {}};
  for (const Diagnostic& finding : diagnostics.all())
    result.findings += std::to_string(sources.begin(finding.primary.where).line) + ": " + finding.message + "\n";
  return result;
}

/// One file of nft's tests: families, sets with their elements, and rules, each with what is to be expected.
struct Lines {
  std::vector<std::string> families;
  std::map<std::string, std::string> types, elements;

  std::string script(const std::string& family, const std::string& rule) const {
    std::string text = "table " + family + " t {\n";
    for (const auto& [name, type] : types) {
      text += "set " + name + " { type " + type + "; ";
      if (const auto some = elements.find(name); some != elements.end()) text += "elements = { " + some->second + " }";
      text += " }\n";
    }
    return text + "chain c { type filter hook input priority 0;\n" + rule + "\n}\n}\n";
  }
  void add_set(const std::string& line) {
    const std::size_t space = line.find(' ');
    std::string type = line.substr(line.find("type ") + 5);
    for (const std::string_view word : {" flags", " timeout"})
      if (const std::size_t at = type.find(word); at != std::string::npos) type.insert(at, ";");
    types[line.substr(1, space - 1)] = type;
  }
  void add_elements(const std::string& line) {
    const std::size_t space = line.find(' ');
    std::string& all = elements[line.substr(1, space - 1)];
    all += (all.empty() ? "" : ", ") + line.substr(space + 1);
  }
};

bool is_exact(const Read& read) {
  return read.reading && read.reading->filter.opaques.empty();
}

/// The first packet that two filters decide differently.
std::string difference(const filter::Filter& one, const filter::Filter& other) {
  test::RandomFilters random(1);
  for (int i = 0; i < 300; ++i) {
    Packet packet = random.packet();
    packet.direction = Direction::inbound;
    if (filter::evaluate(one, packet, false).verdict != filter::evaluate(other, packet, false).verdict)
      return to_string(packet);
  }
  return {};
}

}  // namespace

TEST_CASE("rule sets of others are read") {
  const auto folder = corpus("nft");
  if (!folder) return;
  const auto files = files_in(*folder, ".nft");
  REQUIRE_FALSE(files.empty());
  for (const auto& path : files) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    const Read read = read_text(text.str());
    CHECK_MESSAGE(read.reading, path.string() << "\n" << read.findings);
  }
}

TEST_CASE("every rule that nft takes is read, or named as not understood") {
  const auto folder = corpus("nft-tests");
  if (!folder) return;
  unsigned understood = 0, open = 0, compared = 0;
  for (const auto& path : files_in(*folder, ".t")) {
    std::ifstream file(path);
    Lines lines;
    for (std::string line; std::getline(file, line);) {
      if (line.empty() || std::string_view("#-:").find(line[0]) != std::string_view::npos) continue;
      const std::string first = line.substr(0, line.find(';'));
      const std::string rest = line.substr(std::min(line.size(), first.size() + 1));
      if (line[0] == '*') {
        const std::string family = first.substr(1);
        if (family == "inet" || family == "ip" || family == "ip6") lines.families.push_back(family);
      } else if (line[0] == '!') {
        lines.add_set(first);
      } else if (line[0] == '?') {
        if (rest.starts_with("ok")) lines.add_elements(first);
      } else {
        for (const std::string& family : lines.families) {
          INFO(path.filename().string() << " " << family << ": " << line);
          const Read plain = read_text(lines.script(family, first));
          if (!rest.starts_with("ok")) continue;
          CHECK_MESSAGE(plain.reading, plain.findings);
          // With a verdict behind it the condition matters.
          const Read read = read_text(lines.script(family, first + " drop"));
          const Read& taken = read.reading ? read : plain;
          is_exact(taken) ? ++understood : ++open;
          if (taken.reading) CHECK(taken.reading->not_understood.empty() == taken.reading->filter.opaques.empty());
          // How nft shows it must be the same to us.
          if (rest.size() < 4) continue;
          const Read shown = read_text(lines.script(family, rest.substr(3) + " drop"));
          if (!is_exact(read) || !is_exact(shown)) continue;
          ++compared;
          CHECK(difference(read.reading->filter, shown.reading->filter) == "");
        }
      }
    }
  }
  MESSAGE(understood << " understood, " << open << " with conditions that are not, " << compared << " compared");
  CHECK(understood > 500);
  CHECK(compared > 50);
}
