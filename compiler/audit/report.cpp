#include "compiler/audit/report.h"

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

#include "compiler/audit/audit.h"
#include "compiler/base/overloaded.h"
#include "compiler/base/words.h"
#include "compiler/checks/words.h"
#include "compiler/filter/calls.h"

namespace portpolicy::audit {
namespace {

using Kind = Standing::Kind;

constexpr std::size_t most_named = 6;

class Report {
 public:
  Report(const filter::Filter& filter, Diagnostics& diagnostics) : filter_(filter), diagnostics_(diagnostics) {}

  void add(const Finding& finding);
  void add(RuleId rule, const Crossed& crossed);
  void add_idle_chains();

 private:
  const filter::Rule& rule(RuleId id) const { return filter_.chains[id.chain.index].rules[id.index]; }
  const filter::Origin& origin(RuleId id) const { return filter_.origins[rule(id).origin]; }
  const std::string& chain_name(filter::ChainId chain) const { return filter_.chains[chain.index].name; }
  Diagnostic started(const Finding& finding, Code code, Severity severity, std::string message) const;
  std::vector<RuleId> others_of(RuleId rule, const std::vector<RuleId>& all) const;
  std::vector<RuleId> others_of(const Finding& finding) const {
    return others_of(finding.rule, finding.standing.others);
  }
  std::string listed(const std::vector<RuleId>& rules, bool all, bool by_the_end) const;
  std::string what_it_does(RuleId id) const;
  void add_related(Diagnostic& diagnostic, const std::vector<RuleId>& others) const;
  bool takes_everything(RuleId id) const { return rule(id).all_of.empty() && !rule(id).limit; }
  bool decides_anything(filter::ChainId chain) const;

  void can_match_nothing(const Finding& finding);
  std::optional<std::string> empty_set(const filter::Rule& rule) const;
  void nothing_comes(const Finding& finding);
  void shadowed(const Finding& finding);
  void repeated(const Finding& finding);
  void unneeded(const Finding& finding);
  void idle_jump(const Finding& finding);

  const filter::Filter& filter_;
  Diagnostics& diagnostics_;
  std::map<filter::ChainId, std::vector<Finding>> idle_;  // by the chain that they lead to, in which nothing decides
};

Diagnostic Report::started(const Finding& finding, Code code, Severity severity, std::string message) const {
  Diagnostic diagnostic{code, severity, std::move(message), {origin(finding.rule).where, ""}};
  diagnostic.witness = finding.standing.witness;
  return diagnostic;
}

/// Each rule of the text once, without the one that the finding is about and those that stand for no rule.
std::vector<RuleId> Report::others_of(RuleId rule, const std::vector<RuleId>& all) const {
  std::set<Span> seen{origin(rule).where};
  std::vector<RuleId> others;
  for (const RuleId other : all)
    if (!is_policy(origin(other)) && seen.insert(origin(other).where).second) others.push_back(other);
  if (others.size() > most_named) others.resize(most_named);
  return others;
}

std::string Report::listed(const std::vector<RuleId>& rules, bool all, bool by_the_end) const {
  std::vector<std::string> phrases;
  for (const RuleId rule : rules) phrases.push_back(quoted_name(filter_, rule));
  if (by_the_end) phrases.emplace_back("the end of its chain");
  if (!all) phrases.emplace_back(phrases.empty() ? "other rules" : "others");
  return joined(phrases, "and");
}

std::string Report::what_it_does(RuleId id) const {
  return quoted_name(filter_, id) + " " +
         std::visit(Overloaded{
                        [](Verdict verdict) { return std::string(checks::third_person(verdict)) + " it"; },
                        [&](filter::Jump jump) { return "leads to chain `" + chain_name(jump.chain) + "`"; },
                        [&](filter::Goto go) { return "leads to chain `" + chain_name(go.chain) + "`"; },
                        [](filter::Return) { return std::string("leaves the chain"); },
                        [](filter::Continue) { return std::string("goes on"); },
                    },
                    rule(id).action);
}

void Report::add_related(Diagnostic& diagnostic, const std::vector<RuleId>& others) const {
  for (const RuleId other : others) diagnostic.related.push_back({origin(other).where, what_it_does(other)});
}

/// Itself, or where it leads to.
bool Report::decides_anything(filter::ChainId chain) const {
  const auto called = filter::called_first(filter_, chain);
  return called && std::ranges::any_of(*called, [&](filter::ChainId each) {
           return std::ranges::any_of(filter_.chains[each.index].rules, [](const filter::Rule& rule) {
             return std::holds_alternative<Verdict>(rule.action);
           });
         });
}

void Report::add(const Finding& finding) {
  switch (finding.standing.kind) {
    case Kind::can_match_nothing:
      return can_match_nothing(finding);
    case Kind::nothing_comes:
      return nothing_comes(finding);
    case Kind::repeated:
      return repeated(finding);
    case Kind::shadowed:
      return shadowed(finding);
    case Kind::idle_jump:
      return idle_jump(finding);
    case Kind::unneeded:
      return unneeded(finding);
    case Kind::needed:
      return;
  }
  std::unreachable();
}

/// A set that is empty now is mostly there to be filled.
void Report::can_match_nothing(const Finding& finding) {
  const std::string start = "rule " + quoted_name(filter_, finding.rule) + " can match no packet: ";
  if (const std::optional<std::string> set = empty_set(rule(finding.rule))) {
    Diagnostic diagnostic =
        started(finding, Code::never_matches, Severity::note, start + "the set `" + *set + "` is empty");
    diagnostic.help = "nothing, if something else will fill the set";
    return diagnostics_.add(std::move(diagnostic));
  }
  Diagnostic diagnostic = started(finding, Code::never_matches, Severity::warning,
                                  start + "its conditions exclude each other, or do not go with its chain");
  diagnostic.help = "mend it or take it out; it does nothing";
  diagnostics_.add(std::move(diagnostic));
}

std::optional<std::string> Report::empty_set(const filter::Rule& rule) const {
  const auto name_of = [&](filter::AddressSetId id) -> std::optional<std::string> {
    const filter::NamedAddresses& set = filter_.address_sets[id.index];
    return set.addresses.empty() && !set.name.empty() ? std::optional(set.name) : std::nullopt;
  };
  for (const filter::Match& match : rule.all_of) {
    const auto* source = std::get_if<filter::SourceIn>(&match);
    const auto* destination = std::get_if<filter::DestinationIn>(&match);
    const auto name = source != nullptr        ? name_of(source->addresses)
                      : destination != nullptr ? name_of(destination->addresses)
                                               : std::nullopt;
    if (name) return name;
  }
  return std::nullopt;
}

void Report::nothing_comes(const Finding& finding) {
  const std::vector<RuleId> callers = others_of(finding);
  Diagnostic diagnostic =
      started(finding, Code::never_matches, Severity::warning,
              "rule " + quoted_name(filter_, finding.rule) + " matches no packet that comes to its chain");
  for (const RuleId caller : callers)
    diagnostic.related.push_back({origin(caller).where, quoted_name(filter_, caller) + " leads to its chain"});
  diagnostic.help = "take it out, or let what leads to its chain send more";
  diagnostics_.add(std::move(diagnostic));
}

void Report::shadowed(const Finding& finding) {
  const std::vector<RuleId> others = others_of(finding);
  const Standing& standing = finding.standing;
  const bool one = others.size() == 1 && standing.all_named;
  Diagnostic diagnostic = started(finding, Code::shadowed, standing.disagree ? Severity::error : Severity::warning,
                                  "rule " + quoted_name(filter_, finding.rule) +
                                      " never gets a packet: " + listed(others, standing.all_named, false) +
                                      (one ? " takes" : " take") + " them all");
  if (standing.same_condition) diagnostic.message += ", under the same condition";
  diagnostic.help = "move it above what takes its packets, or take it out";
  add_related(diagnostic, others);
  diagnostics_.add(std::move(diagnostic));
}

void Report::repeated(const Finding& finding) {
  const std::vector<RuleId> others = others_of(finding);
  const Standing& standing = finding.standing;
  const bool one = others.size() == 1 && standing.all_named;
  Diagnostic diagnostic = started(finding, Code::redundant, Severity::warning,
                                  "nothing changes without rule " + quoted_name(filter_, finding.rule) + ": " +
                                      listed(others, standing.all_named, false) + (one ? " comes" : " come") +
                                      " before it and " + (one ? "says" : "say") + " the same");
  if (standing.same_condition) diagnostic.message += ", under the same condition";
  diagnostic.help = "take it out; of several that say the same keep one";
  add_related(diagnostic, others);
  diagnostics_.add(std::move(diagnostic));
}

/// What repeats a rule for everything that is left is mostly there for a reader.
void Report::unneeded(const Finding& finding) {
  const std::vector<RuleId> others = others_of(finding);
  const Standing& standing = finding.standing;
  const bool by_default =
      standing.by_the_end || std::ranges::any_of(others, [&](RuleId other) { return takes_everything(other); });
  const std::size_t count = others.size() + (standing.by_the_end ? 1 : 0);
  Diagnostic diagnostic = started(finding, Code::redundant, by_default ? Severity::note : Severity::warning,
                                  "nothing changes without rule " + quoted_name(filter_, finding.rule) + ": " +
                                      listed(others, standing.all_named, standing.by_the_end) +
                                      (count == 1 && standing.all_named ? " says the same" : " say the same"));
  diagnostic.help = "take it out, unless it is there for a reader; of several that say the same keep one";
  add_related(diagnostic, others);
  diagnostics_.add(std::move(diagnostic));
}

void Report::add(RuleId rule, const Crossed& crossed) {
  const std::vector<RuleId> others = others_of(rule, crossed.others);
  if (others.empty()) return;
  Diagnostic diagnostic{Code::crossing,
                        Severity::warning,
                        "rule " + quoted_name(filter_, rule) + " crosses " + listed(others, crossed.all, false) +
                            (others.size() > 1 || !crossed.all ? ", which come later" : ", which comes later") +
                            ", and decides what they share",
                        {origin(rule).where, ""}};
  diagnostic.help = "see that this order is meant; or narrow one of the rules, so that they do not meet";
  for (const RuleId other : others)
    diagnostic.related.push_back({origin(other).where, other == others.front()
                                                           ? what_it_does(other)
                                                           : quoted_name(filter_, other) + " is crossed too"});
  diagnostic.witness = crossed.witness;
  diagnostics_.add(std::move(diagnostic));
}

void Report::idle_jump(const Finding& finding) {
  const filter::ChainId chain = *filter::called_by(rule(finding.rule));
  if (!decides_anything(chain)) {
    idle_[chain].push_back(finding);
    return;
  }
  Diagnostic diagnostic = started(finding, Code::idle_jump, Severity::warning,
                                  "rule " + quoted_name(filter_, finding.rule) + " changes nothing: chain `" +
                                      chain_name(chain) + "` decides none of the packets that it sends there");
  diagnostic.help = "send there what the chain is for, or take the rule out";
  diagnostics_.add(std::move(diagnostic));
}

/// One finding for a chain, though many rules may lead there.
void Report::add_idle_chains() {
  for (const auto& [chain, jumps] : idle_) {
    const std::string decides = filter_.chains[chain.index].rules.empty() ? "` is empty" : "` decides nothing";
    Diagnostic diagnostic =
        started(jumps.front(), Code::idle_jump, Severity::note, "chain `" + chain_name(chain) + decides);
    diagnostic.message += jumps.size() == 1
                              ? ", so rule " + quoted_name(filter_, jumps.front().rule) + " changes nothing"
                              : ", so the " + counted(jumps.size(), "rule") + " that lead there change nothing";
    diagnostic.witness.reset();
    for (std::size_t i = 1; i < jumps.size() && i < most_named; ++i)
      diagnostic.related.push_back(
          {origin(jumps[i].rule).where, quoted_name(filter_, jumps[i].rule) + " leads there too"});
    diagnostic.help = "nothing, if something else will fill the chain";
    diagnostics_.add(std::move(diagnostic));
  }
}

}  // namespace

void report(const filter::Filter& filter, const std::map<Span, Finding>& findings, Diagnostics& diagnostics) {
  Report report(filter, diagnostics);
  for (const auto& [where, finding] : findings) report.add(finding);
  report.add_idle_chains();
}

void report(const filter::Filter& filter, std::vector<Exposed> exposed, const std::optional<Diagnostic>& by_default,
            Diagnostics& diagnostics) {
  std::vector<const Exposed*> perhaps;
  for (Exposed& each : exposed) {
    if (each.surely) diagnostics.add(std::move(each.finding));
    else perhaps.push_back(&each);
  }
  if (by_default) diagnostics.add(*by_default);
  if (perhaps.empty()) return;
  const Exposed& first = *perhaps.front();
  Diagnostic diagnostic = first.finding;
  diagnostic.severity = Severity::note;
  diagnostic.message.replace(diagnostic.message.find(" opens "), 7, " may open ");
  if (perhaps.size() > 1) diagnostic.message += "; " + counted(perhaps.size() - 1, "other rule") + " may do the same";
  for (std::size_t i = 1; i < perhaps.size() && i < most_named; ++i)
    diagnostic.related.push_back({perhaps[i]->finding.primary.where, quoted_name(filter, perhaps[i]->rule) + " too"});
  diagnostic.help = "see whether a condition that is not understood keeps the internet out";
  diagnostics.add(std::move(diagnostic));
}

void report(const filter::Filter& filter, const std::map<RuleId, Crossed>& crossed, bool all_compared,
            Diagnostics& diagnostics) {
  Report report(filter, diagnostics);
  for (const auto& [rule, others] : crossed) report.add(rule, others);
  if (all_compared || crossed.empty()) return;
  const filter::Rule& first = filter.chains[crossed.begin()->first.chain.index].rules[crossed.begin()->first.index];
  diagnostics.add({.code = Code::crossing,
                   .severity = Severity::note,
                   .message = "not all rules were compared with each other: more of them may cross",
                   .primary = {filter.origins[first.origin].where, ""}});
}

void report_unused_chain(const filter::Remark& chain, Diagnostics& diagnostics) {
  diagnostics.add(Code::unreached_chain, chain.where,
                  "nothing leads to chain `" + chain.text + "`, so its rules do nothing",
                  "let a rule lead there, or take the chain out");
}

void name_what_is_not_understood(std::span<const filter::Remark> remarks, Diagnostics& diagnostics) {
  constexpr std::size_t few = 3;
  // What it is about, without the values: the first words.
  const auto kind_of = [](const std::string& text) {
    const std::size_t module = text.starts_with("-m ") ? 3 : 0;
    return text.substr(0, text.find_first_of(" =\"0123456789", module));
  };
  std::map<std::string, std::vector<const filter::Remark*>> kinds;
  for (const filter::Remark& remark : remarks) kinds[kind_of(remark.text)].push_back(&remark);
  for (const auto& [kind, all] : kinds) {
    const std::size_t shown = all.size() <= few ? all.size() : 1;
    for (std::size_t i = 0; i < shown; ++i) {
      std::string message = all[i]->text + " is not understood";
      if (shown < all.size()) message += ", nor are " + std::to_string(all.size() - 1) + " more like it";
      diagnostics.add(Code::not_understood, all[i]->where, std::move(message),
                      "rules that ask for it are taken to match perhaps, and perhaps not");
    }
  }
}

}  // namespace portpolicy::audit
