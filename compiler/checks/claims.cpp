#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/rule_index.h"
#include "compiler/checks/section_maps.h"
#include "compiler/graph/boxes.h"

namespace portpolicy::checks {
namespace {

/// The values that a claim's packets should not get.
Values broken_by(Verdict claimed) {
  const Verdict kept = claimed == Verdict::deny ? Verdict::reject : claimed;
  return all_verdicts & ~only(value_of(claimed)) & ~only(value_of(kept));
}

std::string_view past(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return "allowed";
    case Verdict::deny:
      return "denied";
    case Verdict::reject:
      return "rejected";
  }
  std::unreachable();
}

Code code_of(Claim::Kind kind) {
  switch (kind) {
    case Claim::Kind::test:
      return Code::test_failed;
    case Claim::Kind::management:
      return Code::management_broken;
    case Claim::Kind::only_from:
      return Code::claim_broken;
  }
  std::unreachable();
}

std::string subject(const Claim& claim) {
  switch (claim.kind) {
    case Claim::Kind::test:
      return "test `" + claim.name + "` fails: this packet is ";
    case Claim::Kind::management:
      return "`" + claim.name + "` is broken: this packet is ";
    case Claim::Kind::only_from:
      return "`only-from` of `" + claim.name + "` is broken: a packet from outside is ";
  }
  std::unreachable();
}

// Claims speak of packets that do not use the loopback interface.
std::vector<Box> boxes_of(const Graph& graph, const Claim& claim) {
  std::vector<Box> boxes = portpolicy::boxes_of(graph, claim.packets);
  for (Box& box : boxes) {
    leave_out_loopback(box, claim.direction);
    box.states = claim.states;
  }
  std::erase_if(boxes, [](const Box& box) { return empty(box); });
  return boxes;
}

/// Of an `allow` test the denies of a tier above its own do not count: they are not its file's to decide.
Tier first_tier_that_denies(const Claim& claim) {
  const bool own_test = claim.kind == Claim::Kind::test && claim.verdict == Verdict::allow;
  return own_test ? claim.tier : Tier::mandatory;
}

bool is_ignored(const Rule& rule, Tier first_that_denies) {
  return rule.tier < first_that_denies && rule.verdict != Verdict::allow;
}

/// The claims of one direction against maps from its packets to verdicts, each map made when it is first needed.
///
/// The maps are those of limits that hold. That `deny` and `reject` must hold with limits exhausted too needs no map of its
/// own: only what allows can be limited, so a packet that is allowed when limits are exhausted is allowed when they hold,
/// and one that a limited rule allows breaks the claim already.
class Proof {
 public:
  Proof(PacketSpace& space, const Graph& graph, Direction direction, Diagnostics& diagnostics)
      : space_(space),
        graph_(graph),
        section_(graph.section(direction)),
        rules_(pointers_to(section_.rules)),
        direction_(direction),
        diagnostics_(diagnostics) {}

  Outcome judge(const Claim& claim);

 private:
  const Diagram& verdicts(Tier first_that_denies);
  const Diagram& ignored_packets(Tier first_that_denies);
  /// One of the claim's packets that gets another verdict than it should.
  std::optional<Packet> wrong_packet(const Claim& claim, const Diagram& packets);
  /// One for which a rule speaks that is ignored.
  std::optional<Packet> ignored_packet(const Claim& claim, const Diagram& packets);
  void report(const Claim& claim, const Packet& wrong);
  void say_what_is_ignored(const Claim& claim, const Packet& packet);

  PacketSpace& space_;
  const Graph& graph_;
  const Section& section_;
  std::vector<const Rule*> rules_;
  Direction direction_;
  Diagnostics& diagnostics_;
  std::map<Tier, Diagram> verdicts_;
  std::map<Tier, Diagram> ignored_;
};

const Diagram& Proof::verdicts(Tier first_that_denies) {
  const auto known = verdicts_.find(first_that_denies);
  if (known != verdicts_.end()) return known->second;
  const Diagram by_rules = decided_by(space_, graph_, rules_, [&](const Rule& rule) {
    return is_ignored(rule, first_that_denies) ? silent : value_of(rule.verdict);
  });
  const Diagram by_base = space_.diagrams.over(base_map(space_, graph_, direction_), by_rules);
  const Diagram otherwise = space_.diagrams.constant(value_of(section_.otherwise));
  return verdicts_.emplace(first_that_denies, space_.diagrams.over(by_base, otherwise)).first->second;
}

const Diagram& Proof::ignored_packets(Tier first_that_denies) {
  const auto known = ignored_.find(first_that_denies);
  if (known != ignored_.end()) return known->second;
  const auto inside = [&](const Rule& rule) { return is_ignored(rule, first_that_denies) ? Value{1} : silent; };
  return ignored_.emplace(first_that_denies, decided_by(space_, graph_, rules_, inside)).first->second;
}

Outcome Proof::judge(const Claim& claim) {
  const std::vector<Box> boxes = boxes_of(graph_, claim);
  const Diagram packets = space_.of(boxes, 1);
  const std::optional<Packet> ignored = ignored_packet(claim, packets);
  const std::optional<Packet> wrong = wrong_packet(claim, packets);
  if (wrong) report(claim, *wrong);
  if (ignored) say_what_is_ignored(claim, *ignored);
  if (boxes.empty() && !claim.library)
    diagnostics_.add(Code::never_matches, claim.where, "`" + claim.name + "` describes no packet",
                     portpolicy::boxes_of(graph_, claim.packets).empty()
                         ? "nothing is left of its networks, or they are of different families; mend it or take it out"
                         : "packets that use the loopback interface do not count; mend it or take it out");
  return wrong ? Outcome::fails : Outcome::holds;
}

std::optional<Packet> Proof::wrong_packet(const Claim& claim, const Diagram& packets) {
  const Diagram& all = verdicts(first_tier_that_denies(claim));
  const Diagram of_claim = space_.diagrams.within(all, packets, elsewhere);
  const Values wrong = broken_by(claim.verdict);
  if ((of_claim.values() & wrong) == 0) return std::nullopt;
  return space_.example(of_claim, wrong, direction_);
}

std::optional<Packet> Proof::ignored_packet(const Claim& claim, const Diagram& packets) {
  const Tier tier = first_tier_that_denies(claim);
  if (claim.library || tier == Tier::mandatory) return std::nullopt;
  const Diagram ignored = space_.diagrams.within(packets, ignored_packets(tier));
  if (!ignored.takes(1)) return std::nullopt;
  return space_.example(ignored, only(1), direction_);
}

void Proof::report(const Claim& claim, const Packet& packet) {
  std::string decided = "the default";
  Verdict verdict = section_.otherwise;
  Diagnostic finding{code_of(claim.kind), Severity::error, "", {claim.where, ""}};
  if (const auto base = base_traffic(graph_, packet)) {
    decided = "base traffic `" + std::string(to_string(*base)) + "`";
    verdict = verdict_of(*base);
  } else if (!diagnostics_.too_many_errors()) {  // nobody would read it
    const auto rule = std::ranges::find_if(section_.rules, [&](const Rule& each) {
      return !is_ignored(each, first_tier_that_denies(claim)) && matches(graph_, each.packets, packet);
    });
    if (rule != section_.rules.end()) {
      decided = "rule `" + rule->name + "`";
      verdict = rule->verdict;
      finding.related.push_back({rule->where, "this rule decides"});
    }
  }
  finding.message = subject(claim) + std::string(past(verdict)) + " by " + decided;
  finding.help = claim.kind == Claim::Kind::only_from
                     ? "narrow what lets it in, or widen the networks that are named here"
                     : "change the rule, or what is claimed";
  finding.witness = packet;
  diagnostics_.add(std::move(finding));
}

void Proof::say_what_is_ignored(const Claim& claim, const Packet& packet) {
  const auto rule = std::ranges::find_if(section_.rules, [&](const Rule& each) {
    return is_ignored(each, first_tier_that_denies(claim)) && matches(graph_, each.packets, packet);
  });
  diagnostics_.add(
      Code::judged_without, claim.where,
      "test `" + claim.name + "` is judged without the denies of a higher tier, such as `" + rule->name + "`", "",
      {{rule->where, "this rule may still take some of its packets"}});
}

/// What one field order is too complex for, another may decide.
void prove_all(const Graph& graph, const InterfaceClasses& interfaces, Direction direction,
               std::vector<Outcome>& outcomes, Diagnostics& diagnostics) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < graph.claims.size(); ++i)
    if (graph.claims[i].direction == direction) open.push_back(i);
  if (open.empty()) return;
  std::ranges::reverse(open);
  const auto judge_all = [&](PacketSpace& space) {
    Proof proof(space, graph, direction, diagnostics);
    for (; !open.empty(); open.pop_back()) outcomes[open.back()] = proof.judge(graph.claims[open.back()]);
    return true;
  };
  if (decide(interfaces, budget_for(graph, direction, open.size()), judge_all)) return;
  const Claim& claim = graph.claims[open.back()];
  diagnostics.add(Code::too_complex, claim.where,
                  "whether `" + claim.name + "` and the claims after it hold is too complex to decide",
                  "the claims of " + std::string(to_string(direction)) + " need too much work; name fewer packets");
}

void report_unmanaged(const Graph& graph, Direction direction, Diagnostics& diagnostics) {
  for (const Claim& claim : graph.claims)
    if (claim.direction == direction && claim.kind != Claim::Kind::only_from)
      diagnostics.add(Code::test_of_unmanaged, claim.where,
                      "`" + claim.name + "` is about " + std::string(to_string(direction)) + ", which is not managed",
                      "give the direction rules or a default; there is nothing to prove without");
}

}  // namespace

std::vector<Outcome> claims(const Graph& graph, Diagnostics& diagnostics) {
  std::vector<Outcome> outcomes(graph.claims.size(), Outcome::undecided);
  const InterfaceClasses interfaces = interface_classes(graph);
  for (const Direction direction : directions) {
    if (graph.section(direction).managed) prove_all(graph, interfaces, direction, outcomes, diagnostics);
    else report_unmanaged(graph, direction, diagnostics);
  }
  return outcomes;
}

}  // namespace portpolicy::checks
