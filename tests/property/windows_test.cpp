#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "backends/windows/lower.h"
#include "backends/windows/print.h"
#include "backends/windows/read.h"
#include "cli/artifact.h"
#include "compiler/graph/boxes.h"
#include "compiler/graph/lower.h"
#include "compiler/proof/proof.h"
#include "tests/support/compilation.h"
#include "tests/support/effort.h"
#include "tests/support/random_packet.h"
#include "tests/support/random_windows.h"

// What becomes a script for Windows does with every packet that Windows judges what the policy says, and putting it in the
// place of another one lets no packet fall between the two.

using namespace portpolicy;

namespace {

struct Script {
  test::Compilation policy;
  windows::Ruleset rules;
  std::string text;

  const Graph& graph() const { return policy.compiled.graph; }
};

/// Nothing when the policy becomes too many rules.
std::optional<Script> script_of(const std::string& policy) {
  Script script{test::compile_text(policy, Thoroughness::errors), {}, {}};
  const filter::Filter filter = lower(script.graph(), script.policy.sources);
  Diagnostics diagnostics;
  windows::Options options;
  options.most_rules_of_one = options.most_rules;
  windows::Ruleset rules = windows::lower(filter, options, diagnostics);
  if (diagnostics.has_errors()) {
    if (diagnostics.all().front().code != Code::too_many_rules) FAIL(diagnostics.all().front().message);
    return std::nullopt;
  }
  script.rules = std::move(rules);
  script.text = print(script.rules, {"0", "policy.yaml", "0", "0"});
  return script;
}

windows::Reading read_back(const std::string& text) {
  Diagnostics diagnostics;
  auto reading = windows::read_script(text, FileId{0}, diagnostics);
  if (!reading) FAIL(diagnostics.all().front().message << "\n" << text);
  if (!reading->not_understood.empty()) FAIL(reading->not_understood.front().text);
  return *std::move(reading);
}

bool is_judged(const Packet& packet) {
  static const proof::Scope scope = proof::of_windows();
  return std::ranges::any_of(scope.packets[static_cast<std::size_t>(packet.direction)],
                             [&](const Box& box) { return contains(box, packet); });
}

/// A packet that Windows judges, at the boundaries of what the rules speak of.
Packet judged_packet(const Graph& graph, test::Random& random) {
  for (;;) {
    Packet packet = test::packet_near(graph, random.chance(50) ? Direction::inbound : Direction::outbound, random);
    packet.state = random.chance(50) ? State::new_ : State::untracked;
    if (packet.in == "lo") packet.in = "eth0";
    if (packet.out == "lo") packet.out = "eth0";
    if (is_judged(packet)) return packet;
  }
}

bool allows(const std::optional<Verdict>& verdict) {
  return verdict == Verdict::allow;
}

}  // namespace

TEST_CASE("a script for Windows decides every packet at the boundaries of a policy as the policy does") {
  std::size_t packets = 0, by_rule = 0, too_many = 0;
  const unsigned trials = test::trials(600);
  for (std::uint64_t seed = 0; seed < trials; ++seed) {
    test::Random random(seed);
    const std::string policy = test::random_windows_policy(random);
    INFO("seed " << seed << "\n" << policy);
    const auto script = script_of(policy);
    if (!script) {
      ++too_many;
      continue;
    }
    const windows::Reading reading = read_back(script->text);
    for (int i = 0; i < 200; ++i) {
      const Packet packet = judged_packet(script->graph(), random);
      const Decision decision = evaluate(script->graph(), packet);
      ++packets;
      by_rule += decision.rule != nullptr ? 1 : 0;
      if (allows(filter::evaluate(reading.filter, packet, false).verdict) != allows(decision.verdict))
        FAIL(to_string(packet) << "\n" << script->text);
    }
  }
  MESSAGE(packets << " packets, " << by_rule << " decided by a rule; " << too_many
                  << " policies become too many rules");
  CHECK(by_rule > packets / 3);
  CHECK(too_many < trials / 10);
}

TEST_CASE("a script for Windows is proven equal to the policy that it was made of") {
  for (std::uint64_t seed = 0; seed < test::trials(300); ++seed) {
    test::Random random(seed + 100'000);
    const std::string policy = test::random_windows_policy(random);
    INFO("seed " << seed << "\n" << policy);
    const auto script = script_of(policy);
    if (!script) continue;
    const windows::Reading reading = read_back(script->text);
    const auto differences = proof::compare(script->graph(), reading.filter, proof::of_windows());
    REQUIRE(differences.has_value());
    if (!differences->empty()) FAIL(to_string(differences->front().packet) << "\n" << script->text);
  }
}

TEST_CASE("what Windows cannot say is left out of the policy and of its script alike") {
  std::size_t proven = 0, refused = 0, left_out = 0;
  for (std::uint64_t seed = 0; seed < test::trials(400); ++seed) {
    test::Random random(seed + 500'000);
    test::Compilation policy = test::compile_text(test::random_policy(random).text(), Thoroughness::errors);
    if (policy.diagnostics.has_errors()) continue;
    const Graph whole = policy.compiled.graph;
    cli::Loaded loaded{std::move(policy.compiled), std::move(policy.sources), {}};
    cli::Shape shape;
    shape.skip_unsupported = true;
    const auto artifact = cli::make_artifact(loaded, cli::Target::windows, shape);
    if (!artifact) {
      ++refused;
      continue;
    }
    Diagnostics findings;
    CHECK(cli::prove(loaded, cli::Target::windows, *artifact, findings) == cli::Equality::equal);
    ++proven;
    // Each rule that is gone is told.
    std::size_t gone = 0;
    for (const Direction direction : {Direction::inbound, Direction::outbound})
      gone += whole.section(direction).rules.size() - loaded.compiled.graph.section(direction).rules.size();
    CHECK(loaded.diagnostics.count(Severity::warning) >= gone);
    left_out += gone;
  }
  MESSAGE(proven << " proven, with " << left_out << " rules left out; " << refused << " refused");
  CHECK(proven > 20);
  CHECK(left_out > proven);
}

TEST_CASE("a script for Windows is not proven equal to a policy that differs in one rule") {
  std::size_t different = 0, equal = 0;
  for (std::uint64_t seed = 0; seed < test::trials(200); ++seed) {
    test::Random random(seed + 200'000);
    const std::string policy = test::random_windows_policy(random);
    const auto script = script_of(policy);
    if (!script) continue;
    const windows::Reading reading = read_back(script->text);
    Graph other = script->graph();
    std::vector<Rule>& rules = other.sections[random.below(2)].rules;
    if (rules.empty()) continue;
    Rule& changed = rules[random.below(rules.size())];
    changed.verdict = changed.verdict == Verdict::allow ? Verdict::deny : Verdict::allow;
    const auto differences = proof::compare(other, reading.filter, proof::of_windows());
    REQUIRE(differences.has_value());
    if (differences->empty()) {
      ++equal;
      continue;
    }
    ++different;
    for (const proof::Difference& difference : *differences)
      CHECK(allows(evaluate(other, difference.packet).verdict) !=
            allows(filter::evaluate(reading.filter, difference.packet, false).verdict));
  }
  MESSAGE(different << " different, " << equal << " equal: rules that others hide");
  CHECK(different > equal);
}

namespace {

/// Windows Firewall with rules of ours, of which only what decides packets is kept.
struct Firewall {
  std::array<std::optional<windows::Action>, 2> defaults;
  std::vector<windows::Rule> rules;

  bool allows(const Packet& packet) const {
    bool allowed = defaults[static_cast<std::size_t>(packet.direction)] == windows::Action::allow;
    for (const windows::Rule& rule : rules) {
      if (rule.direction != packet.direction || !matches(rule.conditions, packet)) continue;
      if (rule.action == windows::Action::block) return false;
      allowed = true;
    }
    return allowed;
  }
  static bool matches(const windows::Conditions& wanted, const Packet& packet) {
    const bool inbound = packet.direction == Direction::inbound;
    const Address local = inbound ? packet.destination : packet.source,
                  remote = inbound ? packet.source : packet.destination;
    const Port here = inbound ? packet.destination_port : packet.source_port,
               there = inbound ? packet.source_port : packet.destination_port;
    if (wanted.protocol && *wanted.protocol != packet.protocol) return false;
    return wanted.local.contains(local) && wanted.remote.contains(remote) &&
           wanted.local_ports.contains(here.number()) && wanted.remote_ports.contains(there.number()) &&
           (wanted.icmp.is_all() || wanted.icmp.contains(icmp_value(packet.icmp_type, packet.icmp_code)));
  }
};

std::vector<std::string> steps_of(const std::string& script) {
  const std::string begin = "    # steps: begin\r\n", end = "    # steps: end\r\n";
  std::size_t at = script.find(begin);
  REQUIRE(at != script.npos);
  const std::size_t last = script.find(end, at);
  REQUIRE(last != script.npos);
  std::vector<std::string> steps;
  for (at += begin.size(); at < last; at = script.find('\n', at) + 1)
    steps.push_back(script.substr(at + 4, script.find('\r', at) - at - 4));
  return steps;
}

/// Puts a script in the place of another in the order that the script itself has, and calls `look` after each change.
template <class Look>
void update(Firewall& firewall, const Script& wanted, Look look) {
  const auto is_among = [](const std::vector<windows::Rule>& rules, const windows::Rule& rule) {
    return std::ranges::find(rules, rule.name, &windows::Rule::name) != rules.end();
  };
  const auto add = [&](windows::Action action) {
    for (const windows::Rule& rule : wanted.rules.rules)
      if (rule.action == action && !is_among(firewall.rules, rule)) {
        firewall.rules.push_back(rule);
        look();
      }
  };
  const auto disable = [&](windows::Action action) {
    for (std::size_t i = firewall.rules.size(); i-- > 0;)
      if (firewall.rules[i].action == action && !is_among(wanted.rules.rules, firewall.rules[i])) {
        firewall.rules.erase(firewall.rules.begin() + static_cast<std::ptrdiff_t>(i));
        look();
      }
  };
  const std::vector<std::string> steps = steps_of(wanted.text);
  CHECK(steps.size() == 6);
  for (const std::string& step : steps) {
    if (step == "Add-WantedRule -Action 'Block'") add(windows::Action::block);
    else if (step == "Add-WantedRule -Action 'Allow'") add(windows::Action::allow);
    else if (step == "Disable-OldRule -Action 'Allow'") disable(windows::Action::allow);
    else if (step == "Disable-OldRule -Action 'Block'") disable(windows::Action::block);
    else if (step == "Set-WantedDefault") firewall.defaults = wanted.rules.defaults, look();
    else CHECK(step == "Remove-DisabledRule");  // what is disabled decides nothing
  }
}

}  // namespace

TEST_CASE(
    "while a script takes the place of another, what both allow is never refused, and what both refuse never let in") {
  std::size_t changes = 0, compared = 0;
  for (std::uint64_t seed = 0; seed < test::trials(150); ++seed) {
    test::Random random(seed + 300'000);
    const std::string before_text = test::random_windows_policy(random);
    const std::string after_text = test::random_windows_policy(random);
    INFO("seed " << seed << "\n" << before_text << "\n" << after_text);
    const auto before = script_of(before_text), after = script_of(after_text);
    if (!before || !after || before->rules.rules.size() + after->rules.rules.size() > 150) continue;
    std::vector<Packet> packets;
    for (int i = 0; i < 60; ++i)
      packets.push_back(judged_packet(i % 2 == 0 ? before->graph() : after->graph(), random));
    Firewall firewall{before->rules.defaults, before->rules.rules};
    update(firewall, *after, [&] {
      ++changes;
      for (const Packet& packet : packets) {
        const bool was = allows(evaluate(before->graph(), packet).verdict);
        if (was != allows(evaluate(after->graph(), packet).verdict)) continue;
        ++compared;
        if (firewall.allows(packet) != was) FAIL(to_string(packet));
      }
    });
    for (const Packet& packet : packets)
      CHECK(firewall.allows(packet) == allows(evaluate(after->graph(), packet).verdict));
  }
  MESSAGE(changes << " changes, " << compared << " packets looked at in between");
  CHECK(changes > 100);
}
