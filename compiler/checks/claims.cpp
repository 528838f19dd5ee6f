#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/graph/boxes.h"

namespace portpolicy::checks {
namespace {

constexpr std::size_t steps_per_claim = 20'000'000;

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

// The rules of one direction as boxes from the top, base traffic first; what is left of the packets in question is
// followed down until some of it gets a verdict that it should not get.
class Walk {
 public:
  Walk(const Graph& graph, Direction direction) : graph_(graph), direction_(direction) {
    for (const Base base : syntax::all_bases)
      if (graph.base.contains(base))
        for (Box& box : boxes_of(base, direction)) steps_.push_back({std::move(box), base, nullptr});
    for (const Rule& rule : graph.section(direction).rules)
      for (Box& box : boxes_of(graph, rule.packets)) steps_.push_back({std::move(box), std::nullopt, &rule});
  }

  std::expected<std::optional<Counterexample>, TooComplex> find(const Claim& claim, const Box& box,
                                                                Limits limits) const;

  /// Of an `allow` test the denies of a higher tier do not count: they are not its file's to decide. The first of these
  /// that would take a packet of `box`.
  const Rule* first_ignored(const Claim& claim, const Box& box) const;

 private:
  struct Step {
    Box box;
    std::optional<Base> base;
    const Rule* rule;
    Verdict verdict() const { return base ? verdict_of(*base) : rule->verdict; }
  };
  static bool is_ignored(const Step& step, const Claim& claim) {
    const bool own_test = claim.kind == Claim::Kind::test && claim.verdict == Verdict::allow;
    return own_test && step.rule != nullptr && step.rule->tier < claim.tier && step.rule->verdict != Verdict::allow;
  }
  static bool counts(const Step& step, const Claim& claim, Limits limits) {
    const bool over = step.rule != nullptr && step.rule->limit && limits == Limits::exhausted;
    return !over && !is_ignored(step, claim);
  }

  const Graph& graph_;
  Direction direction_;
  std::vector<Step> steps_;
};

const Rule* Walk::first_ignored(const Claim& claim, const Box& box) const {
  const auto ignored = std::ranges::find_if(
      steps_, [&](const Step& step) { return is_ignored(step, claim) && !disjoint(step.box, box); });
  return ignored == steps_.end() ? nullptr : ignored->rule;
}

std::expected<std::optional<Counterexample>, TooComplex> Walk::find(const Claim& claim, const Box& box,
                                                                    Limits limits) const {
  struct Part {
    Box box;
    std::size_t next;
  };
  Budget budget{steps_per_claim};
  std::vector<Part> open{{box, 0}};
  while (!open.empty()) {
    Part part = std::move(open.back());
    open.pop_back();
    std::size_t i = part.next;
    for (; i < steps_.size(); ++i) {
      if (!budget.spend()) return std::unexpected(TooComplex{});
      if (counts(steps_[i], claim, limits) && !disjoint(part.box, steps_[i].box)) break;
    }
    if (i == steps_.size()) {
      const Verdict otherwise = graph_.section(direction_).otherwise;
      if (!as_claimed(claim.verdict, otherwise)) return Counterexample{std::move(part.box), otherwise, {}, nullptr};
      continue;
    }
    const Step& step = steps_[i];
    if (!as_claimed(claim.verdict, step.verdict()))
      return Counterexample{intersect(part.box, step.box), step.verdict(), step.base, step.rule};
    for (Box& piece : subtract(part.box, step.box)) open.push_back({std::move(piece), i + 1});
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
  finding.help = claim.kind == Claim::Kind::only_from ? "narrow what lets it in, or widen `only-from`"
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

void say_what_is_ignored(const Walk& walk, const Claim& claim, const std::vector<Box>& boxes,
                         Diagnostics& diagnostics) {
  for (const Box& box : boxes)
    if (const Rule* ignored = walk.first_ignored(claim, box))
      return diagnostics.add(
          Code::judged_without, claim.where,
          "test `" + claim.name + "` is judged without the denies of a higher tier, such as `" + ignored->name + "`",
          "", {{ignored->where, "this rule may still take some of its packets"}});
}

void prove(const Graph& graph, const Walk& walk, const Claim& claim, Diagnostics& diagnostics) {
  std::vector<Limits> cases{Limits::hold};
  if (claim.verdict != Verdict::allow) cases.push_back(Limits::exhausted);
  const std::vector<Box> boxes = boxes_of(graph, claim);
  if (boxes.empty())
    diagnostics.add(Code::never_matches, claim.where, "`" + claim.name + "` describes no packet",
                    "packets that use the loopback interface do not count; mend it or take it out");
  say_what_is_ignored(walk, claim, boxes, diagnostics);
  for (const Limits limits : cases) {
    for (const Box& box : boxes) {
      const auto found = walk.find(claim, box, limits);
      if (!found)
        return diagnostics.add(Code::too_complex, claim.where,
                               "whether `" + claim.name + "` holds is too complex to decide");
      if (*found) return report(claim, **found, limits, diagnostics);
    }
  }
}

}  // namespace

void claims(const Graph& graph, Diagnostics& diagnostics) {
  for (const Direction direction : directions) {
    std::optional<Walk> walk;
    for (const Claim& claim : graph.claims) {
      if (claim.direction != direction) continue;
      if (!graph.section(direction).managed) {
        if (claim.kind != Claim::Kind::only_from)
          diagnostics.add(
              Code::test_of_unmanaged, claim.where,
              "`" + claim.name + "` is about " + std::string(to_string(direction)) + ", which is not managed",
              "give the direction rules or a default; there is nothing to prove without");
        continue;
      }
      if (!walk) walk.emplace(graph, direction);
      prove(graph, *walk, claim, diagnostics);
    }
  }
}

}  // namespace portpolicy::checks
