#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "backends/nftables/evaluate.h"
#include "backends/nftables/lower.h"
#include "compiler/compile.h"
#include "compiler/graph/lower.h"
#include "tests/support/effort.h"
#include "tests/support/memory_reader.h"

// Small policies of several files, with tiers, includes, overrides and limits, against a model written from
// docs/language.md alone: every pair of rules in a matrix, every packet of a tiny universe tried.

using namespace portpolicy;

namespace {

struct ModelRule {
  std::string name;
  int file = 0;
  int place = 0;
  Verdict verdict = Verdict::allow;
  std::string service, from;
  bool limited = false;
  std::vector<std::string> overrides;
};

struct ModelFile {
  std::string path;
  int tier = 1;  // 0 mandatory, 1 normal, 2 baseline
  std::vector<int> includes;
  std::vector<int> rules;
};

struct Model {
  std::vector<ModelFile> files;
  std::vector<ModelRule> rules;
  std::vector<std::vector<char>> before;

  void close() {
    const std::size_t n = rules.size();
    std::vector<std::vector<char>> reach(files.size(), std::vector<char>(files.size()));
    for (std::size_t f = files.size(); f-- > 0;)  // a file includes only files after it
      for (int g : files[f].includes) {
        reach[f][static_cast<std::size_t>(g)] = 1;
        for (std::size_t h = 0; h < files.size(); ++h) reach[f][h] |= reach[static_cast<std::size_t>(g)][h];
      }
    before.assign(n, std::vector<char>(n));
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = 0; b < n; ++b) {
        const ModelRule& x = rules[a];
        const ModelRule& y = rules[b];
        const int tier_x = files[static_cast<std::size_t>(x.file)].tier;
        const int tier_y = files[static_cast<std::size_t>(y.file)].tier;
        if (tier_x < tier_y) before[a][b] = 1;
        if (tier_x == tier_y && x.file == y.file && x.place < y.place) before[a][b] = 1;
        if (tier_x == tier_y && reach[static_cast<std::size_t>(x.file)][static_cast<std::size_t>(y.file)])
          before[a][b] = 1;
        if (std::ranges::find(x.overrides, y.name) != x.overrides.end()) before[a][b] = 1;
      }
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t a = 0; a < n; ++a)
        for (std::size_t b = 0; b < n; ++b) before[a][b] |= static_cast<char>(before[a][k] & before[k][b]);
  }

  bool has_cycle() const {
    for (std::size_t a = 0; a < rules.size(); ++a)
      if (before[a][a]) return true;
    return false;
  }
};

const std::map<std::string, std::vector<int>> service_ports{
    {"1/tcp", {1}}, {"2/tcp", {2}}, {"1-2/tcp", {1, 2}}, {"any", {0, 1, 2, 3}}};
const std::map<std::string, std::vector<int>> sources{
    {"10.0.0.1", {1}}, {"10.0.0.2/31", {2, 3}}, {"10.0.0.0/30", {0, 1, 2, 3}}, {"10.0.0.0/8", {0, 1, 2, 3, 4}}};

template <class Map>
std::string key_of(std::mt19937& random, const Map& map) {
  return std::next(map.begin(), static_cast<long>(random() % map.size()))->first;
}

Model random_model(std::mt19937& random) {
  Model model;
  const int files = 2 + static_cast<int>(random() % 3);
  for (int f = 0; f < files; ++f) {
    ModelFile file;
    file.path = f == 0 ? "policy.yaml" : "f" + std::to_string(f) + ".yaml";
    if (random() % 4 == 0) file.tier = static_cast<int>(random() % 3);
    for (int g = f + 1; g < files; ++g)
      if (random() % 3 == 0 || f == 0) file.includes.push_back(g);
    const int rules = static_cast<int>(random() % 3);
    for (int place = 0; place < rules; ++place) {
      ModelRule rule;
      rule.name = "r" + std::to_string(f) + "-" + std::to_string(place);
      rule.file = f;
      rule.place = place;
      rule.verdict = static_cast<Verdict>(random() % 3);
      rule.service = key_of(random, service_ports);
      rule.from = key_of(random, sources);
      rule.limited = rule.verdict == Verdict::allow && random() % 4 == 0;
      file.rules.push_back(static_cast<int>(model.rules.size()));
      model.rules.push_back(rule);
    }
    model.files.push_back(file);
  }
  if (model.rules.size() > 1)
    for (std::size_t i = random() % 3; i-- > 0;) {
      ModelRule& from = model.rules[random() % model.rules.size()];
      const ModelRule& to = model.rules[random() % model.rules.size()];
      if (from.name != to.name && std::ranges::find(from.overrides, to.name) == from.overrides.end())
        from.overrides.push_back(to.name);
    }
  model.close();
  return model;
}

std::map<std::string, std::string> texts_of(const Model& model, bool reversed_includes) {
  static const char* const tiers[] = {"mandatory", "normal", "baseline"};
  std::map<std::string, std::string> texts;
  for (const ModelFile& file : model.files) {
    std::string text = "portpolicy: 1\n";
    text += std::string("tier: ") + tiers[file.tier] + "\n";
    if (file.path == "policy.yaml") text += "base: []\ndefaults: {inbound: deny}\n";
    std::vector<int> includes = file.includes;
    if (reversed_includes) std::ranges::reverse(includes);
    if (!includes.empty()) text += "include:\n";
    for (int g : includes) text += "  - " + model.files[static_cast<std::size_t>(g)].path + "\n";
    if (!file.rules.empty()) text += "inbound:\n";
    for (int r : file.rules) {
      const ModelRule& rule = model.rules[static_cast<std::size_t>(r)];
      text += "  - {name: " + rule.name + ", " + std::string(to_string(rule.verdict)) + ": " + rule.service +
              ", from: " + rule.from;
      if (rule.limited) text += ", limit: 5/second";
      for (std::size_t i = 0; i < rule.overrides.size(); ++i)
        text += (i == 0 ? ", overrides: [" : ", ") + rule.overrides[i] + (i + 1 == rule.overrides.size() ? "]" : "");
      text += "}\n";
    }
    texts[file.path] = text;
  }
  return texts;
}

struct Compilation {
  SourceMap sources;
  Diagnostics diagnostics;
  Compiled compiled;
};

void compile_into(Compilation& result, const std::map<std::string, std::string>& texts) {
  test::MemoryReader reader(texts);
  auto compiled = compile("policy.yaml", reader, Host{*parse_date("2026-11-22")}, Thoroughness::all, result.sources,
                          result.diagnostics);
  REQUIRE(compiled.has_value());
  result.compiled = std::move(*compiled);
}

// The verdicts of the foremost matching rules of one packet, with the limited rules or without.
std::vector<Verdict> foremost(const Model& model, int source, int port, bool with_limited) {
  std::vector<std::size_t> matching;
  for (std::size_t r = 0; r < model.rules.size(); ++r) {
    const ModelRule& rule = model.rules[r];
    if (rule.limited && !with_limited) continue;
    if (std::ranges::count(service_ports.at(rule.service), port) == 0) continue;
    if (std::ranges::count(sources.at(rule.from), source) == 0) continue;
    matching.push_back(r);
  }
  std::vector<Verdict> verdicts;
  for (std::size_t r : matching)
    if (std::ranges::none_of(matching, [&](std::size_t other) { return other != r && model.before[other][r]; }))
      verdicts.push_back(model.rules[r].verdict);
  return verdicts;
}

bool matches(const ModelRule& rule, int source, int port) {
  return std::ranges::count(service_ports.at(rule.service), port) != 0 &&
         std::ranges::count(sources.at(rule.from), source) != 0;
}

// Whether two unordered rules that disagree meet in a packet and no unlimited rule stands above either of them.
bool conflict_between(const Model& model, std::size_t a, std::size_t b, int source, int port) {
  if (!matches(model.rules[a], source, port) || !matches(model.rules[b], source, port)) return false;
  if (model.rules[a].verdict == model.rules[b].verdict || model.before[a][b] || model.before[b][a]) return false;
  for (std::size_t c = 0; c < model.rules.size(); ++c)
    if (!model.rules[c].limited && matches(model.rules[c], source, port) && (model.before[c][a] || model.before[c][b]))
      return false;
  return true;
}

bool conflict_at(const Model& model, int source, int port) {
  for (std::size_t a = 0; a < model.rules.size(); ++a)
    for (std::size_t b = a + 1; b < model.rules.size(); ++b)
      if (conflict_between(model, a, b, source, port)) return true;
  return false;
}

Packet packet_of(int source, int port) {
  Packet packet;
  packet.source = {Family::ipv4, (Uint128{10} << 24) + static_cast<Uint128>(source)};
  packet.destination = *Address::parse("192.0.2.1");
  packet.protocol = port == 0 ? protocols::udp : protocols::tcp;
  packet.source_port = Port(40000);
  packet.destination_port = Port(static_cast<std::uint16_t>(port == 0 ? 9 : port));
  return packet;
}

std::size_t count(const Diagnostics& diagnostics, Code code) {
  return static_cast<std::size_t>(std::ranges::count(diagnostics.all(), code, &Diagnostic::code));
}

bool has_conflict(const Model& model) {
  for (int source = 0; source <= 4; ++source)
    for (int port = 0; port <= 3; ++port)
      if (conflict_at(model, source, port)) return true;
  return false;
}

Verdict verdict_at(const Model& model, int source, int port, bool with_limited) {
  const auto verdicts = foremost(model, source, port, with_limited);
  return verdicts.empty() ? Verdict::deny : verdicts.front();
}

// Whether an unlimited rule before it takes this packet.
bool taken_before(const Model& model, std::size_t rule, int source, int port) {
  for (std::size_t other = 0; other < model.rules.size(); ++other)
    if (!model.rules[other].limited && model.before[other][rule] && matches(model.rules[other], source, port))
      return true;
  return false;
}

// Whether unlimited rules before it take all its packets, and one of them disagrees.
bool is_shadowed(const Model& model, std::size_t rule) {
  bool disagrees = false;
  for (int source = 0; source <= 4; ++source)
    for (int port = 0; port <= 3; ++port) {
      if (!matches(model.rules[rule], source, port)) continue;
      if (!taken_before(model, rule, source, port)) return false;
      disagrees = disagrees || verdict_at(model, source, port, false) != model.rules[rule].verdict;
    }
  return disagrees;
}

// Whether the policy without the rule is without conflict and gives every packet the same verdict, and the rule is no
// contradiction.
bool is_redundant(const Model& model, std::size_t rule) {
  const std::string& name = model.rules[rule].name;
  const auto overridden = [&](const ModelRule& other) {
    return std::ranges::find(other.overrides, name) != other.overrides.end();
  };
  if (is_shadowed(model, rule)) return false;
  if (model.rules[rule].limited || !model.rules[rule].overrides.empty() || std::ranges::any_of(model.rules, overridden))
    return false;
  Model without = model;
  without.rules.erase(without.rules.begin() + static_cast<std::ptrdiff_t>(rule));
  without.close();
  if (has_conflict(without)) return false;
  for (int source = 0; source <= 4; ++source)
    for (int port = 0; port <= 3; ++port)
      for (const bool with_limited : {false, true})
        if (verdict_at(model, source, port, with_limited) != verdict_at(without, source, port, with_limited))
          return false;
  return true;
}

// Whether everything over the limit is allowed anyway.
bool is_limited_in_vain(const Model& model, std::size_t rule) {
  if (!model.rules[rule].limited) return false;
  bool any = false;
  for (int source = 0; source <= 4; ++source)
    for (int port = 0; port <= 3; ++port) {
      if (!matches(model.rules[rule], source, port)) continue;
      if (taken_before(model, rule, source, port)) continue;
      any = true;
      if (verdict_at(model, source, port, false) != Verdict::allow) return false;
    }
  return any;
}

std::string in_one_line(std::vector<std::string> names) {
  std::ranges::sort(names);
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

// The rules of which the program says so, in one line.
std::string named_in(const Diagnostics& diagnostics, Code code) {
  std::vector<std::string> names;
  for (const Diagnostic& finding : diagnostics.all()) {
    if (finding.code != code) continue;
    const std::size_t begin = finding.message.find("rule `") + 6;
    names.push_back(finding.message.substr(begin, finding.message.find('`', begin) - begin));
  }
  return in_one_line(std::move(names));
}

// Whether each pair that the program names is in conflict, and each packet in conflict is so for a pair that it names.
bool conflicts_are_told(const Model& model, const Diagnostics& diagnostics) {
  const auto number = [&](const std::string& name) {
    return static_cast<std::size_t>(std::ranges::find(model.rules, name, &ModelRule::name) - model.rules.begin());
  };
  std::vector<std::pair<std::size_t, std::size_t>> named;
  for (const Diagnostic& finding : diagnostics.all()) {
    if (finding.code != Code::conflict) continue;
    std::vector<std::string> parts;
    std::istringstream text(finding.message);
    for (std::string part; std::getline(text, part, '`');) parts.push_back(part);
    named.emplace_back(number(parts.at(1)), number(parts.at(3)));
  }
  std::vector<char> seen(named.size());
  for (int source = 0; source <= 4; ++source)
    for (int port = 0; port <= 3; ++port) {
      bool told = false;
      for (std::size_t i = 0; i < named.size(); ++i) {
        if (!conflict_between(model, named[i].first, named[i].second, source, port)) continue;
        told = true;
        seen[i] = 1;
      }
      if (told != conflict_at(model, source, port)) return false;
    }
  return std::ranges::find(seen, 0) == seen.end();
}

template <class Question>
std::string expected_names(const Model& model, Question question) {
  std::vector<std::string> names;
  for (std::size_t rule = 0; rule < model.rules.size(); ++rule)
    if (question(model, rule)) names.push_back(model.rules[rule].name);
  return in_one_line(std::move(names));
}

bool leaves_doubt(const Diagnostics& diagnostics) {
  return diagnostics.errors() != count(diagnostics, Code::shadowed);
}

}  // namespace

TEST_CASE("conflicts, cycles and verdicts are those of a model that compares every pair of rules") {
  unsigned cycles = 0, conflicts = 0, sound = 0;
  std::size_t shadowed = 0, redundant = 0, in_vain = 0;
  for (unsigned seed = 1; seed <= test::trials(6000); ++seed) {
    std::mt19937 random(seed);
    const Model model = random_model(random);
    const auto texts = texts_of(model, false);
    Compilation result;
    compile_into(result, texts);
    CAPTURE(seed);
    std::string all;
    for (const auto& [path, text] : texts) all += path + ":\n" + text;
    CAPTURE(all);

    if (model.has_cycle()) {
      ++cycles;
      REQUIRE(count(result.diagnostics, Code::precedence_cycle) >= 1);
      continue;
    }
    REQUIRE(count(result.diagnostics, Code::precedence_cycle) == 0);
    const bool expected = has_conflict(model);
    REQUIRE((count(result.diagnostics, Code::conflict) != 0) == expected);
    REQUIRE(conflicts_are_told(model, result.diagnostics));
    if (expected) {
      ++conflicts;
      continue;
    }
    ++sound;
    REQUIRE_FALSE(leaves_doubt(result.diagnostics));
    Compilation reversed;
    compile_into(reversed, texts_of(model, true));
    REQUIRE_FALSE(leaves_doubt(reversed.diagnostics));
    for (const Diagnostics* diagnostics : {&result.diagnostics, &reversed.diagnostics}) {
      REQUIRE(named_in(*diagnostics, Code::shadowed) == expected_names(model, is_shadowed));
      REQUIRE(named_in(*diagnostics, Code::redundant) == expected_names(model, is_redundant));
      REQUIRE(named_in(*diagnostics, Code::limit_without_effect) == expected_names(model, is_limited_in_vain));
    }
    shadowed += count(result.diagnostics, Code::shadowed);
    redundant += count(result.diagnostics, Code::redundant);
    in_vain += count(result.diagnostics, Code::limit_without_effect);
    Diagnostics unused;
    const filter::Filter filter = lower(result.compiled.graph, result.sources);
    const nft::Ruleset ruleset = nft::lower(filter, unused);
    for (int source = 0; source <= 4; ++source)
      for (int port = 0; port <= 3; ++port)
        for (const Limits limits : {Limits::hold, Limits::exhausted}) {
          const auto verdicts = foremost(model, source, port, limits == Limits::hold);
          const Verdict wanted = verdicts.empty() ? Verdict::deny : verdicts.front();
          REQUIRE(std::ranges::all_of(verdicts, [&](Verdict verdict) { return verdict == wanted; }));
          const Packet packet = packet_of(source, port);
          const bool exhausted = limits == Limits::exhausted;
          REQUIRE(evaluate(result.compiled.graph, packet, limits).verdict == wanted);
          REQUIRE(evaluate(reversed.compiled.graph, packet, limits).verdict == wanted);
          REQUIRE(filter::evaluate(filter, packet, exhausted).verdict == wanted);
          REQUIRE(nft::evaluate(ruleset, packet, exhausted) == wanted);
        }
  }
  MESSAGE("cycles " << cycles << ", conflicts " << conflicts << ", sound " << sound << ", shadowed " << shadowed
                    << ", redundant " << redundant << ", limits in vain " << in_vain);
  CHECK(shadowed > test::trials(1000));
  CHECK(redundant > test::trials(1000));
  CHECK(in_vain > test::trials(20));
  CHECK(cycles > test::trials(1000));
  CHECK(conflicts > test::trials(300));
  CHECK(sound > test::trials(3000));
}
