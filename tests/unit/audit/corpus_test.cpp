#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backends/iptables/read.h"
#include "backends/nftables/read.h"
#include "compiler/audit/audit.h"

// Rule sets of others, which are not part of the project: the folder that has them, as `iptables-save/*.save` and
// `nft/*.nft`, is named by PORTPOLICY_CORPUS.

using namespace portpolicy;
namespace fs = std::filesystem;

namespace {

std::vector<fs::path> corpus() {
  const char* named = std::getenv("PORTPOLICY_CORPUS");
  if (named == nullptr) {
    std::fputs("SKIPPED: PORTPOLICY_CORPUS names no folder; no rule set of others was checked\n", stderr);
    return {};
  }
  std::vector<fs::path> files;
  for (const char* folder : {"iptables-save", "nft"})
    for (const auto& entry : fs::directory_iterator(fs::path(named) / folder)) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

struct Read {
  filter::Filter filter;
  filter::Families families = 3;
};

std::optional<Read> read(const fs::path& path, SourceMap& sources) {
  std::ifstream in(path, std::ios::binary);
  const FileId file = sources.add(path.string(), {std::istreambuf_iterator<char>(in), {}});
  Diagnostics diagnostics;
  if (path.extension() == ".nft") {
    auto reading = nft::read(sources.text(file), file, diagnostics);
    return reading ? std::optional(Read{std::move(reading->filter), 3}) : std::nullopt;
  }
  const bool v6 = path.string().contains(".v6");
  const std::array inputs{iptables::Input{file, sources.text(file), v6 ? Family::ipv6 : Family::ipv4}};
  auto reading = iptables::read(inputs, diagnostics);
  return reading ? std::optional(Read{std::move(reading->filter), reading->families}) : std::nullopt;
}

/// The places of the rules that decide a packet, with all conditions true or none, and limits that hold or do not.
std::set<Span> deciding(const filter::Filter& filter, const Packet& packet) {
  std::set<Span> places;
  for (const bool all_true : {false, true})
    for (const bool exhausted : {false, true}) {
      const filter::OpaqueTruths truths(filter.opaques.size(), all_true);
      const auto outcome = filter::evaluate(filter, packet, exhausted, truths);
      if (outcome.origin) places.insert(filter.origins[*outcome.origin].where);
    }
  return places;
}

}  // namespace

TEST_CASE("rule sets of others are checked, and what is said to get no packet decides none that it asks for") {
  std::size_t files = 0, findings = 0, idle = 0;
  for (const fs::path& path : corpus()) {
    CAPTURE(path.string());
    SourceMap sources;
    const auto rules = read(path, sources);
    if (!rules) continue;
    ++files;
    Diagnostics diagnostics;
    audit::audit(rules->filter, {.families = rules->families, .with_crossing = true}, diagnostics);
    for (const Diagnostic& finding : diagnostics.all()) {
      CAPTURE(finding.message);
      CHECK(finding.code != Code::too_complex);
      ++findings;
      if (!finding.message.contains("gets a packet") && finding.code != Code::never_matches) continue;
      if (!finding.witness) continue;
      ++idle;
      CHECK_FALSE(deciding(rules->filter, *finding.witness).contains(finding.primary.where));
    }
  }
  if (files == 0) return;
  MESSAGE(files << " rule sets, " << findings << " findings, " << idle << " rules that get nothing");
  CHECK(files > 30);
  CHECK(idle > 30);
}
