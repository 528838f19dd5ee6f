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
  const std::string verdict = "the policy has them " + words_of(filter::bit(*decision.verdict)) + " by ";
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

/// What becomes of the packet here, and in the policy.
std::string said(const proof::Difference& difference, const filter::Filter& filter) {
  const std::string packets = std::string(to_string(difference.packet.direction)) + " packets ";
  const std::string may = difference.certain ? "" : "may ";
  if (difference.limit)
    return packets + may + (difference.policy_takes ? "pass by " : "take from ") + *difference.limit + ", " +
           (difference.policy_takes ? "and in the policy they take from it" : "and in the policy they do not");
  std::string here = difference.certain ? "are " : "may be ";
  here += words_of(difference.artifact);
  if (difference.certain && difference.origin) here += " by `" + filter.origins[*difference.origin].name + "`";
  if (difference.certain && difference.at_end) {
    const filter::ChainId chain = filter.hooks[static_cast<std::size_t>(difference.packet.direction)]->chain;
    here += " at the end of chain `" + filter.chains[chain.index].name + "`";
  }
  return packets + here + ", and " + decider(difference.policy, difference.packet.direction);
}

Diagnostic finding_of(const Graph& policy, const filter::Filter& filter, std::optional<FileId> artifact,
                      const proof::Difference& difference) {
  Diagnostic finding{difference.certain ? Code::artifact_differs : Code::cannot_tell, Severity::error, "", {}};
  finding.message = (artifact ? "" : "in the kernel: ") + said(difference, filter) + conditions(difference);
  const std::optional<Span> policy_place = place_in_policy(policy, difference);
  finding.primary.where = artifact && difference.origin ? filter.origins[*difference.origin].where
                          : artifact                    ? Span{*artifact}
                                                        : policy_place.value_or(Span{});
  if (artifact && policy_place)
    finding.related.push_back({*policy_place, decider(difference.policy, difference.packet.direction)});
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
                             Diagnostics& diagnostics, const proof::Scope& scope) {
  const auto differences = proof::compare(policy, filter, scope);
  if (!differences) return say_why_not(differences.error(), filter, artifact, diagnostics);
  if (differences->empty()) return Equality::equal;
  bool certain = false;
  for (const proof::Difference& difference : *differences) {
    certain |= difference.certain;
    diagnostics.add(finding_of(policy, filter, artifact, difference));
  }
  return certain ? Equality::different : Equality::cannot_tell;
}

}  // namespace portpolicy::cli
