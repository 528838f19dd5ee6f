#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cli/artifact.h"
#include "cli/file_system_reader.h"
#include "compiler/compile.h"
#include "compiler/diagnostics/render.h"
#include "compiler/filter/filter.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"
#include "tests/support/mutant.h"
#include "tests/support/random_packet.h"

// One character of a script is changed, somewhere outside of its comments. What comes of it must be refused, found to be
// different, or be the same for every packet. With PORTPOLICY_MUTANTS=FOLDER the mutants that are called equal are written
// there, beside their originals, for another judge.

using namespace portpolicy;
namespace fs = std::filesystem;

namespace {

struct Subject {
  std::string name, script;
  Graph graph;
};

std::string contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

cli::Loaded loaded(const std::string& path, FileReader& reader) {
  SourceMap sources;
  Diagnostics diagnostics;
  auto compiled = compile(path, reader, Host{*parse_date("2027-01-01")}, Thoroughness::errors, sources, diagnostics);
  REQUIRE(compiled.has_value());
  INFO(render_text(diagnostics.sorted(), sources, Colour::off));
  REQUIRE_FALSE(diagnostics.has_errors());
  return {*std::move(compiled), std::move(sources), std::move(diagnostics)};
}

/// The policies of the examples, and the scripts that lie beside them.
std::vector<Subject> examples() {
  std::vector<Subject> subjects;
  for (const auto& entry : fs::directory_iterator(PORTPOLICY_SOURCE_DIR "/examples")) {
    const fs::path script = entry.path() / "expected" / "nftables.nft";
    // Nine in ten of the characters of a long list are digits of one list.
    if (!fs::exists(script) || fs::file_size(script) > 20'000) continue;
    cli::FileSystemReader reader({std::nullopt, PORTPOLICY_SOURCE_DIR "/policies/library"});
    cli::Loaded policy = loaded(entry.path() / "policy.yaml", reader);
    subjects.push_back({entry.path().filename(), contents(script), std::move(policy.compiled.graph)});
  }
  std::ranges::sort(subjects, {}, &Subject::name);
  return subjects;
}

/// Policies with little base traffic, so that most of their scripts is what the rules say.
constexpr std::array small_policies{
    R"(portpolicy: 1
base: [established]
networks:
  office: [203.0.113.0/24, 198.51.100.16/28, 192.0.2.7, "2001:db8:1::/48"]
defaults: {inbound: deny}
inbound:
  - {deny: any, from: 203.0.113.66}
  - {name: ssh, allow: ssh, from: office, limit: 10/minute burst 20 per source, log: "ssh: "}
  - {allow: [http, https, http3], limit: 100/second burst 200}
  - {allow: [icmp/echo-request, icmpv6/echo-request, "icmp/3:4"], limit: 20/second}
  - {reject: 113/tcp}
)",
    R"(portpolicy: 1
base: []
defaults: {inbound: allow, outbound: allow, forward: allow}
inbound:
  - {allow: 8080-8090/tcp, from: {any: 10.0.0.0/8, except: 10.66.0.0/16}, in: ["br-*", eth0]}
  - {deny: [8000-9000/tcp, 5353/udp, igmp, esp]}
outbound:
  - {reject: [smtp, submission], to: {any: any, except: [192.0.2.25, "fd00:25::25"]}, out: {any: "*", except: lo}}
forward:
  - {allow: dns, from: "fd00:10::/64", to: 192.0.2.53-192.0.2.54}
  - {allow: dns, from: "fd00:10::/64", to: "fd00:53::/124", in: lan0, out: wan0}
  - {deny: [tcp, udp], source-port: 1-1023, in: wan0, log: true}
)",
    R"(portpolicy: 1
base: [loopback, invalid]
defaults: {outbound: {verdict: reject, log: true}, forward: {verdict: deny, log: "lost: "}}
outbound:
  - {allow: [https, ntp], to: internet}
  - {allow: ssh, to: 10.0.0.0/8, limit: 5/hour per source}
forward:
  - {allow: tcp, from: 10.1.0.0/16, to: 10.2.0.0/16, source-port: 1024-65535}
  - {allow: [gre, "protocol 50"], in: "wg-*", out: "wg-*"}
)"};

std::vector<Subject> subjects() {
  std::vector<Subject> all = examples();
  for (const std::string_view policy : small_policies) {
    test::MemoryReader reader({{"policy.yaml", std::string(policy)}});
    cli::Loaded read = loaded("policy.yaml", reader);
    const auto artifact = cli::make_artifact(read, cli::Target::nftables);
    REQUIRE(artifact.has_value());
    all.push_back({"small-" + std::to_string(all.size()), artifact->front().text, std::move(read.compiled.graph)});
  }
  return all;
}

/// The places of characters that stand neither in a comment of the file nor in one of a rule.
std::vector<std::size_t> places(std::string_view text) {
  constexpr std::string_view of_a_rule = "comment \"";
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '#') {
      i = text.find('\n', i);
      continue;
    }
    if (text.substr(i).starts_with(of_a_rule)) i = text.find('"', i + of_a_rule.size()) + 1;  // behind the quote
    result.push_back(i);
  }
  return result;
}

/// What was read out of a mutant that is called equal decides packets as the policy does.
void hold_to_policy(const Subject& subject, const cli::ForeignRules& rules, test::Random& random) {
  for (int i = 0; i < 30; ++i) {
    const Packet packet = test::packet_near(subject.graph, random);
    CAPTURE(to_string(packet));
    for (const bool exhausted : {false, true}) {
      const filter::OpaqueTruths truths(rules.filter.opaques.size(), random.chance(50));
      REQUIRE(filter::evaluate(rules.filter, packet, exhausted, truths).verdict ==
              evaluate(subject.graph, packet, exhausted ? Limits::exhausted : Limits::hold).verdict);
    }
  }
}

}  // namespace

TEST_CASE("a script with one character changed is refused, or found to be different, or is the same") {
  const char* folder = std::getenv("PORTPOLICY_MUTANTS");
  const std::vector<Subject> all = subjects();
  test::Fates fates;
  for (const Subject& subject : all) {
    CAPTURE(subject.name);
    REQUIRE(test::judge(subject.graph, cli::Target::nftables, subject.script).fate == test::Fate::equal);
    if (folder != nullptr) std::ofstream(fs::path(folder) / (subject.name + ".nft")) << subject.script;
    const std::vector<std::size_t> where = places(subject.script);
    test::Random random(17);
    for (unsigned i = 0; i < test::trials(2000); ++i) {
      const test::Mutant mutant = test::mutant_of(subject.script, where, random);
      CAPTURE(test::line_at(subject.script, mutant.where));
      CAPTURE(test::line_at(mutant.text, mutant.where));
      const test::Judgement judgement = test::judge(subject.graph, cli::Target::nftables, mutant.text);
      fates.add(judgement.fate);
      if (judgement.fate != test::Fate::equal) continue;
      hold_to_policy(subject, *judgement.rules, random);
      if (folder == nullptr) continue;
      std::ofstream(fs::path(folder) / (subject.name + "." + std::to_string(i) + ".mutant")) << mutant.text;
    }
  }
  MESSAGE(fates.all() << " mutants of " << all.size() << " scripts: " << fates.text());
  CHECK(fates.caught() * 100 >= fates.all() * 85);
}
