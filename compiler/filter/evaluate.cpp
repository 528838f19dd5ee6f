#include <algorithm>
#include <cassert>
#include <utility>

#include "compiler/base/overloaded.h"
#include "compiler/filter/filter.h"

namespace portpolicy::filter {
namespace {

/// One packet on its way.
class Evaluation {
 public:
  Evaluation(const Filter& filter, const Packet& packet, const std::function<bool(LimitId)>& limit_holds,
             const OpaqueTruths& truths)
      : filter_(filter), packet_(packet), limit_holds_(limit_holds), truths_(truths) {}

  /// What a chain says; no verdict when the packet comes back from it.
  Outcome follow(ChainId chain) const {
    for (const Rule& rule : filter_.chains[chain.index].rules) {
      if (rule.limit && !limit_holds_(*rule.limit)) continue;
      if (!std::ranges::all_of(rule.all_of, [&](const Match& match) { return holds(match); })) continue;
      if (const std::optional<Outcome> end = end_of_chain(rule)) return *end;
    }
    return {};
  }

 private:
  bool holds(const Match& match) const;
  /// What a rule that matches makes of its chain; nothing when the next rule is tried.
  std::optional<Outcome> end_of_chain(const Rule& rule) const;
  bool contains(AddressSetId set, Address address) const {
    return filter_.address_sets[set.index].addresses.contains(address);
  }

  const Filter& filter_;
  const Packet& packet_;
  const std::function<bool(LimitId)>& limit_holds_;
  const OpaqueTruths& truths_;
};

bool Evaluation::holds(const Match& match) const {
  return std::visit(
      Overloaded{
          [&](const SourceIn& m) { return contains(m.addresses, packet_.source); },
          [&](const DestinationIn& m) { return contains(m.addresses, packet_.destination); },
          [&](const InterfaceIn& m) { return m.interfaces.contains(packet_.in); },
          [&](const InterfaceOut& m) { return m.interfaces.contains(packet_.out); },
          [&](const ProtocolIn& m) {
            return std::ranges::find(m.protocols, packet_.protocol) != m.protocols.end() &&
                   family_of(packet_.protocol).value_or(packet_.family()) == packet_.family();
          },
          [&](const SourcePortIn& m) { return m.ports.contains(packet_.source_port.number()); },
          [&](const DestinationPortIn& m) { return m.ports.contains(packet_.destination_port.number()); },
          [&](const IcmpTypeIn& m) { return m.types.contains(icmp_value(packet_.icmp_type, packet_.icmp_code)); },
          [&](const StateIn& m) { return m.states.contains(packet_.state); },
          [&](const Opaque& m) { return truths_[m.condition.index] != m.negated; },
      },
      match);
}

std::optional<Outcome> Evaluation::end_of_chain(const Rule& rule) const {
  return std::visit(Overloaded{
                        [&](Verdict verdict) -> std::optional<Outcome> {
                          return Outcome{verdict, rule.origin};
                        },
                        [&](const Jump& jump) -> std::optional<Outcome> {
                          const Outcome inside = follow(jump.chain);
                          return inside.verdict ? std::optional(inside) : std::nullopt;
                        },
                        [&](const Goto& go) -> std::optional<Outcome> { return follow(go.chain); },
                        [](Return) -> std::optional<Outcome> { return Outcome{}; },
                        [](Continue) -> std::optional<Outcome> { return std::nullopt; },
                    },
                    rule.action);
}

}  // namespace

Outcome evaluate(const Filter& filter, const Packet& packet, bool limits_exhausted, const OpaqueTruths& truths) {
  return evaluate(
      filter, packet, [&](LimitId) { return !limits_exhausted; }, truths);
}

Outcome evaluate(const Filter& filter, const Packet& packet, const std::function<bool(LimitId)>& holds,
                 const OpaqueTruths& truths) {
  assert(truths.size() == filter.opaques.size() && "every opaque condition is true or false");
  const std::optional<Hook>& hook = filter.hooks[static_cast<std::size_t>(packet.direction)];
  if (!hook) return {};
  Outcome outcome = Evaluation(filter, packet, holds, truths).follow(hook->chain);
  if (!outcome.verdict) outcome.verdict = hook->otherwise;
  return outcome;
}

}  // namespace portpolicy::filter
