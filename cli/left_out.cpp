#include "cli/left_out.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "compiler/checks/checks.h"
#include "compiler/graph/boxes.h"

namespace portpolicy::cli {

namespace {

/// A packet that opens a connection, that the rule keeps out of the whole policy, and that is allowed without what is left out.
std::optional<Packet> opened(const Graph& whole, const Graph& left, const Rule& rule, Direction direction) {
  for (Box box : boxes_of(whole, rule.packets)) {
    leave_out_loopback(box, direction);
    box.states = StateSet::of(State::new_);
    if (empty(box)) continue;
    const Packet packet = example(box, direction);
    if (evaluate(whole, packet).rule == &rule && evaluate(left, packet).verdict == Verdict::allow) return packet;
  }
  return std::nullopt;
}

struct Place {
  Direction direction;
  const Rule* rule;
};

std::optional<Place> find(const Graph& policy, const std::string& name) {
  for (const Direction direction : directions)
    for (const Rule& rule : policy.section(direction).rules)
      if (rule.name == name) return Place{direction, &rule};
  return std::nullopt;
}

void report(const Graph& whole, const Graph& left, const windows::LeftOut& left_out, Diagnostics& diagnostics) {
  Diagnostic finding{
      Code::left_out, Severity::warning, left_out.what + " is left out: it " + left_out.why, {left_out.where, ""}};
  const std::optional<Place> place = left_out.rule ? find(whole, *left_out.rule) : std::nullopt;
  if (place && place->rule->verdict != Verdict::allow) {
    finding.witness = opened(whole, left, *place->rule, place->direction);
    finding.message += finding.witness ? "; packets that it denies are then allowed" : "; it denies nothing then";
  }
  diagnostics.add(std::move(finding));
}

void leave_out_claims_of_forward(Graph& policy, Diagnostics& diagnostics) {
  const auto about_it = [](const Claim& claim) { return claim.direction == Direction::forward; };
  for (const Claim& claim : policy.claims)
    if (about_it(claim))
      diagnostics.add(Code::left_out, claim.where,
                      "`" + claim.name + "` is left out: it is about the direction `forward`");
  std::erase_if(policy.claims, about_it);
}

}  // namespace

void leave_out(Graph& policy, const std::vector<windows::LeftOut>& left_out, Diagnostics& diagnostics) {
  if (left_out.empty()) return;
  const Graph whole = policy;
  std::set<std::string> rules;
  for (const windows::LeftOut& part : left_out) {
    if (part.rule) {
      rules.insert(*part.rule);
      continue;
    }
    policy.sections[static_cast<std::size_t>(Direction::forward)] = {};
    leave_out_claims_of_forward(policy, diagnostics);
  }
  for (Section& section : policy.sections)
    std::erase_if(section.rules, [&](const Rule& rule) { return rules.contains(rule.name); });
  for (const windows::LeftOut& part : left_out) report(whole, policy, part, diagnostics);
  checks::claims(policy, diagnostics);
}

}  // namespace portpolicy::cli
