#include "cli/proof_findings.h"

#include <array>
#include <utility>

#include "compiler/proof/proof.h"

namespace portpolicy::cli {

namespace {

/// `allowed`, `denied or rejected`, `left alone`.
std::string words_of(Value verdicts) {
  constexpr std::array words{std::pair(Verdict::allow, "allowed"), std::pair(Verdict::deny, "denied"),
                             std::pair(Verdict::reject, "rejected")};
  if (verdicts == silent) return "left alone";
  std::string text;
  for (const auto& [verdict, word] : words)
    if ((verdicts & filter::bit(verdict)) != 0) text += (text.empty() ? "" : " or ") + std::string(word);
  return text;
}

std::string decider(const Decision& decision, Direction direction) {
  if (!decision.verdict) return "the policy does not manage " + std::string(to_string(direction));
  const std::string verdict = words_of(filter::bit(*decision.verdict)) + " in the policy by ";
  if (decision.base) return verdict + "base traffic `" + std::string(to_string(*decision.base)) + "`";
  if (decision.rule != nullptr) return verdict + "rule `" + decision.rule->name + "`";
  return verdict + "the default";
}

std::optional<Span> place_in_policy(const Graph& policy, const proof::Difference& difference) {
  if (difference.policy.rule != nullptr) return difference.policy.rule->where;
  if (difference.policy.base) return std::nullopt;
  return policy.section(difference.packet.direction).default_where;
}

/// `, while the limit ... holds`
std::string conditions(const proof::Difference& difference) {
  std::string text;
  for (const auto& [condition, is_true] : difference.when) {
    text += text.empty() ? ", while " : " and ";
    text += condition + (condition.starts_with("the limit") ? is_true ? " holds" : " is exhausted"
                         : is_true                          ? " is true"
                                                            : " is not true");
  }
  return text;
}

Diagnostic finding_of(const Graph& policy, const filter::Filter& filter, std::optional<FileId> artifact,
                      const proof::Difference& difference) {
  const bool certain = difference.certain();
  const std::string rule = difference.origin ? "by `" + filter.origins[*difference.origin].name + "`" : "";
  const std::optional<Span> policy_place = place_in_policy(policy, difference);
  const std::string in_policy = decider(difference.policy, difference.packet.direction);
  Diagnostic finding{certain ? Code::artifact_differs : Code::cannot_tell, Severity::error, "", {}};
  finding.message =
      std::string(to_string(difference.packet.direction)) + " packets may be " + words_of(difference.artifact);
  if (certain) {
    finding.message =
        std::string(to_string(difference.packet.direction)) + " packets are " + words_of(difference.artifact);
    if (!rule.empty()) finding.message += " " + rule;
  }
  if (!artifact) finding.message.insert(0, "in the kernel: ");
  finding.message += " that are " + in_policy + conditions(difference);
  finding.primary.where = artifact && difference.origin ? filter.origins[*difference.origin].where
                          : artifact                    ? Span{*artifact}
                                                        : policy_place.value_or(Span{});
  if (artifact && policy_place) finding.related.push_back({*policy_place, in_policy});
  finding.witness = difference.packet;
  return finding;
}

Equality say_why_not(const proof::Failure& failure, const filter::Filter& filter, std::optional<FileId> artifact,
                     Diagnostics& diagnostics) {
  const Span where = artifact ? Span{*artifact} : Span{};
  if (const auto* recursion = std::get_if<proof::Recursion>(&failure)) {
    diagnostics.add(Code::cannot_tell, where,
                    "the chain `" + filter.chains[recursion->circle.front().index].name + "` leads back to itself");
    return Equality::cannot_tell;
  }
  diagnostics.add(Code::too_complex, where, "whether these rules do what the policy says is too complex to decide");
  return Equality::too_complex;
}

}  // namespace

std::string_view to_string(Equality equality) {
  switch (equality) {
    case Equality::equal:
      return "equal";
    case Equality::different:
      return "different";
    case Equality::cannot_tell:
      return "cannot tell";
    case Equality::too_complex:
      return "too complex";
  }
  std::unreachable();
}

Equality compare_with_policy(const Graph& policy, const filter::Filter& filter, std::optional<FileId> artifact,
                             Diagnostics& diagnostics) {
  const auto differences = proof::compare(policy, filter);
  if (!differences) return say_why_not(differences.error(), filter, artifact, diagnostics);
  if (differences->empty()) return Equality::equal;
  bool certain = false;
  for (const proof::Difference& difference : *differences) {
    certain |= difference.certain();
    diagnostics.add(finding_of(policy, filter, artifact, difference));
  }
  return certain ? Equality::different : Equality::cannot_tell;
}

}  // namespace portpolicy::cli
