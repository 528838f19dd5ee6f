#include "tests/property/model.h"

namespace portpolicy::test {

namespace {

const std::map<std::string, std::vector<int>> service_ports{
    {"1/tcp", {1}}, {"2/tcp", {2}}, {"1-2/tcp", {1, 2}}, {"any", {0, 1, 2, 3}}};
const std::map<std::string, std::vector<int>> sources{
    {"10.0.0.1", {1}}, {"10.0.0.2/31", {2, 3}}, {"10.0.0.0/30", {0, 1, 2, 3}}, {"10.0.0.0/8", {0, 1, 2, 3, 4}}};

template <class Map>
std::string key_of(std::mt19937& random, const Map& map) {
  return std::next(map.begin(), static_cast<long>(random() % map.size()))->first;
}

std::string tests_of(const Model& model, const ModelFile& file) {
  std::string text;
  for (const ModelTest& test : model.tests)
    if (&model.files[static_cast<std::size_t>(test.file)] == &file)
      text += "    - {" + std::string(to_string(test.verdict)) + ": " + test.service + ", from: " + test.from + "}\n";
  return text.empty() ? text : "tests:\n  inbound:\n" + text;
}

}  // namespace

void Model::close() {
  const std::size_t n = rules.size();
  reach.assign(files.size(), std::vector<char>(files.size()));
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

bool Model::has_cycle() const {
  for (std::size_t a = 0; a < rules.size(); ++a)
    if (before[a][a]) return true;
  return false;
}

Model Model::without(std::size_t rule) const {
  Model smaller = *this;
  smaller.rules.erase(smaller.rules.begin() + static_cast<std::ptrdiff_t>(rule));
  for (ModelRule& other : smaller.rules) std::erase(other.overrides, rules[rule].name);
  for (ModelFile& file : smaller.files) {
    std::erase(file.rules, static_cast<int>(rule));
    for (int& each : file.rules)
      if (each > static_cast<int>(rule)) --each;
  }
  smaller.close();
  return smaller;
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

void add_random_tests(Model& model, std::mt19937& random) {
  for (std::size_t i = 1 + random() % 3; i-- > 0;) {
    ModelTest& test = model.tests.emplace_back();
    test.file = static_cast<int>(random() % model.files.size());
    test.verdict = static_cast<Verdict>(random() % 3);
    test.service = key_of(random, service_ports);
    test.from = key_of(random, sources);
  }
  std::ranges::stable_sort(model.tests, {}, &ModelTest::file);
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
    texts[file.path] = text + tests_of(model, file);
  }
  return texts;
}

const std::vector<Spot>& all_spots() {
  static const std::vector<Spot> spots = [] {
    std::vector<Spot> all;
    for (int source = 0; source <= 4; ++source)
      for (int port = 0; port <= 3; ++port) all.push_back({source, port});
    return all;
  }();
  return spots;
}

bool matches(const std::string& service, const std::string& from, Spot spot) {
  return std::ranges::count(service_ports.at(service), spot.port) != 0 &&
         std::ranges::count(sources.at(from), spot.source) != 0;
}

bool matches(const ModelRule& rule, Spot spot) {
  return matches(rule.service, rule.from, spot);
}

std::vector<Verdict> foremost(const Model& model, Spot spot, bool with_limited) {
  return foremost(model, spot, [&](const ModelRule& rule) { return with_limited || !rule.limited; });
}

bool conflict_between(const Model& model, std::size_t a, std::size_t b, Spot spot) {
  if (!matches(model.rules[a], spot) || !matches(model.rules[b], spot)) return false;
  if (model.rules[a].verdict == model.rules[b].verdict || model.before[a][b] || model.before[b][a]) return false;
  for (std::size_t c = 0; c < model.rules.size(); ++c)
    if (!model.rules[c].limited && matches(model.rules[c], spot) && (model.before[c][a] || model.before[c][b]))
      return false;
  return true;
}

bool conflict_at(const Model& model, Spot spot) {
  for (std::size_t a = 0; a < model.rules.size(); ++a)
    for (std::size_t b = a + 1; b < model.rules.size(); ++b)
      if (conflict_between(model, a, b, spot)) return true;
  return false;
}

Packet packet_of(Spot spot) {
  Packet packet;
  packet.source = {Family::ipv4, (Uint128{10} << 24) + static_cast<Uint128>(spot.source)};
  packet.destination = *Address::parse("192.0.2.1");
  packet.protocol = spot.port == 0 ? protocols::udp : protocols::tcp;
  packet.source_port = Port(40000);
  packet.destination_port = Port(static_cast<std::uint16_t>(spot.port == 0 ? 9 : spot.port));
  return packet;
}

std::size_t count(const Diagnostics& diagnostics, Code code) {
  return static_cast<std::size_t>(std::ranges::count(diagnostics.all(), code, &Diagnostic::code));
}

bool has_conflict(const Model& model) {
  for (const Spot spot : all_spots())
    if (conflict_at(model, spot)) return true;
  return false;
}

Verdict verdict_at(const Model& model, Spot spot, bool with_limited) {
  const auto verdicts = foremost(model, spot, with_limited);
  return verdicts.empty() ? Verdict::deny : verdicts.front();
}

bool taken_before(const Model& model, std::size_t rule, Spot spot) {
  for (std::size_t other = 0; other < model.rules.size(); ++other)
    if (!model.rules[other].limited && model.before[other][rule] && matches(model.rules[other], spot)) return true;
  return false;
}

std::string whole(const std::map<std::string, std::string>& texts) {
  std::string all;
  for (const auto& [path, text] : texts) all += path + ":\n" + text;
  return all;
}

}  // namespace portpolicy::test
