#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/rule_index.h"
#include "compiler/graph/boxes.h"

namespace portpolicy::checks {
namespace {

constexpr std::size_t steps_per_direction = 10'000'000;

// A packet that gets another verdict than it should, and what gave it.
struct Counterexample {
  Box box;
  Verdict verdict = Verdict::deny;
  std::optional<Base> base;
  const Rule* rule = nullptr;  // neither: the default
};

bool as_claimed(Verdict claimed, Verdict got) {
  return claimed == Verdict::deny ? got != Verdict::allow : got == claimed;
}

// A box that decides, from the top: base traffic first, then the rules in their order.
struct Step {
  const Box* box;
  std::optional<Base> base;
  const Rule* rule;
  Verdict verdict() const { return base ? verdict_of(*base) : rule->verdict; }
};

// Of an `allow` test the denies of a higher tier do not count: they are not its file's to decide.
bool is_ignored(const Step& step, const Claim& claim) {
  const bool own_test = claim.kind == Claim::Kind::test && claim.verdict == Verdict::allow;
  return own_test && step.rule != nullptr && step.rule->tier < claim.tier && step.rule->verdict != Verdict::allow;
}

bool counts(const Step& step, const Claim& claim, Limits limits) {
  const bool over = step.rule != nullptr && step.rule->limit && limits == Limits::exhausted;
  return !over && !is_ignored(step, claim);
}

// What is left of a claim's packets is followed down the steps until some of it gets a verdict that it should not get.
class Walk {
 public:
  Walk(const Graph& graph, Direction direction)
      : otherwise_(graph.section(direction).otherwise), index_(graph, pointers_to(graph.section(direction).rules)) {
    for (const Base base : syntax::all_bases)
      if (graph.base.contains(base))
        for (Box& box : portpolicy::boxes_of(base, direction)) base_.push_back({std::move(box), base});
  }

  /// Those that have packets of `box`.
  std::expected<std::vector<Step>, TooComplex> steps_in(const Box& box);
  std::expected<std::optional<Counterexample>, TooComplex> find(const Claim& claim, const std::vector<Step>& steps,
                                                                const Box& box, Limits limits);

 private:
  static std::vector<const Rule*> pointers_to(const std::vector<Rule>& rules) {
    std::vector<const Rule*> pointers;
    for (const Rule& rule : rules) pointers.push_back(&rule);
    return pointers;
  }

  Verdict otherwise_;
  RuleIndex index_;
  std::vector<std::pair<Box, Base>> base_;
  Budget budget_{steps_per_direction};
};

std::expected<std::vector<Step>, TooComplex> Walk::steps_in(const Box& box) {
  std::vector<Step> steps;
  for (const auto& [of_base, base] : base_)
    if (!disjoint(of_base, box)) steps.push_back({&of_base, base, nullptr});
  const auto entries = index_.overlapping(box, budget_);
  if (!entries) return std::unexpected(entries.error());
  for (const RuleIndex::Entry* entry : *entries) steps.push_back({&entry->box, std::nullopt, entry->rule});
  return steps;
}

std::expected<std::optional<Counterexample>, TooComplex> Walk::find(const Claim& claim, const std::vector<Step>& steps,
                                                                    const Box& box, Limits limits) {
  struct Part {
    Box box;
    std::size_t next;
  };
  std::vector<Part> open{{box, 0}};
  while (!open.empty()) {
    Part part = std::move(open.back());
    open.pop_back();
    std::size_t i = part.next;
    for (; i < steps.size(); ++i) {
      if (!budget_.spend(cost(part.box, *steps[i].box))) return std::unexpected(TooComplex{});
      if (counts(steps[i], claim, limits) && !disjoint(part.box, *steps[i].box)) break;
    }
    if (i == steps.size()) {
      if (!as_claimed(claim.verdict, otherwise_)) return Counterexample{std::move(part.box), otherwise_, {}, nullptr};
      continue;
    }
    const Step& step = steps[i];
    if (!as_claimed(claim.verdict, step.verdict()))
      return Counterexample{intersect(part.box, *step.box), step.verdict(), step.base, step.rule};
    for (Box& piece : subtract(part.box, *step.box)) open.push_back({std::move(piece), i + 1});
  }
  return std::nullopt;
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

void report(const Claim& claim, const Counterexample& found, Limits limits, Diagnostics& diagnostics) {
  std::string decided = "the default";
  Diagnostic finding{code_of(claim.kind), Severity::error, "", {claim.where, ""}};
  if (found.base) decided = "base traffic `" + std::string(to_string(*found.base)) + "`";
  if (found.rule != nullptr) {
    decided = "rule `" + found.rule->name + "`";
    finding.related.push_back({found.rule->where, "this rule decides"});
  }
  finding.message = subject(claim) + std::string(past(found.verdict)) + " by " + decided;
  if (limits == Limits::exhausted) finding.message += " once the limits are exhausted";
  finding.help = claim.kind == Claim::Kind::only_from
                     ? "narrow what lets it in, or widen the networks that are named here"
                     : "change the rule, or what is claimed";
  finding.witness = example(found.box, claim.direction);
  diagnostics.add(std::move(finding));
}

// Claims speak of packets that do not use the loopback interface.
std::vector<Box> boxes_of(const Graph& graph, const Claim& claim) {
  const InterfaceSet others = subtract(InterfaceSet::all(), InterfaceSet::of({"lo", false}));
  std::vector<Box> boxes = portpolicy::boxes_of(graph, claim.packets);
  for (Box& box : boxes) {
    if (claim.direction != Direction::outbound) box.in = intersect(box.in, others);
    if (claim.direction != Direction::inbound) box.out = intersect(box.out, others);
    box.states = claim.states;
  }
  std::erase_if(boxes, [](const Box& box) { return empty(box); });
  return boxes;
}

void say_what_is_ignored(const Claim& claim, const std::vector<Step>& steps, Diagnostics& diagnostics) {
  if (claim.library) return;
  const auto ignored = std::ranges::find_if(steps, [&](const Step& step) { return is_ignored(step, claim); });
  if (ignored == steps.end()) return;
  diagnostics.add(
      Code::judged_without, claim.where,
      "test `" + claim.name + "` is judged without the denies of a higher tier, such as `" + ignored->rule->name + "`",
      "", {{ignored->rule->where, "this rule may still take some of its packets"}});
}

// Whether the claim holds for the packets of one box; what is wrong is reported.
std::expected<bool, TooComplex> prove(Walk& walk, const Claim& claim, const Box& box, Diagnostics& diagnostics) {
  const auto steps = walk.steps_in(box);
  if (!steps) return std::unexpected(steps.error());
  say_what_is_ignored(claim, *steps, diagnostics);
  for (const Limits limits : {Limits::hold, Limits::exhausted}) {
    if (limits == Limits::exhausted && claim.verdict == Verdict::allow) continue;  // judged while limits hold
    const auto found = walk.find(claim, *steps, box, limits);
    if (!found) return std::unexpected(found.error());
    if (!*found) continue;
    report(claim, **found, limits, diagnostics);
    return false;
  }
  return true;
}

std::expected<Outcome, TooComplex> prove(const Graph& graph, Walk& walk, const Claim& claim, Diagnostics& diagnostics) {
  const std::vector<Box> boxes = boxes_of(graph, claim);
  if (boxes.empty() && !claim.library)
    diagnostics.add(Code::never_matches, claim.where, "`" + claim.name + "` describes no packet",
                    "packets that use the loopback interface do not count; mend it or take it out");
  for (const Box& box : boxes) {
    const auto holds = prove(walk, claim, box, diagnostics);
    if (!holds) return std::unexpected(holds.error());
    if (!*holds) return Outcome::fails;
  }
  return Outcome::holds;
}

// All claims of one direction share a budget; the first one that it does not reach for ends the proof.
void prove_all(const Graph& graph, Direction direction, std::vector<Outcome>& outcomes, Diagnostics& diagnostics) {
  std::optional<Walk> walk;
  for (std::size_t i = 0; i < graph.claims.size(); ++i) {
    const Claim& claim = graph.claims[i];
    if (claim.direction != direction) continue;
    if (!walk) walk.emplace(graph, direction);
    if (const auto outcome = prove(graph, *walk, claim, diagnostics)) {
      outcomes[i] = *outcome;
      continue;
    }
    diagnostics.add(Code::too_complex, claim.where,
                    "whether `" + claim.name + "` and the claims after it hold is too complex to decide",
                    "the claims of " + std::string(to_string(direction)) + " need too much work; name fewer packets");
    return;
  }
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
  for (const Direction direction : directions) {
    if (graph.section(direction).managed) prove_all(graph, direction, outcomes, diagnostics);
    else report_unmanaged(graph, direction, diagnostics);
  }
  return outcomes;
}

}  // namespace portpolicy::checks
