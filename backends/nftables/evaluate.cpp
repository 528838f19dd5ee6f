#include "backends/nftables/evaluate.h"

#include <algorithm>
#include <utility>

#include "compiler/base/overloaded.h"

namespace portpolicy::nft {
namespace {

bool contains(const Addresses& addresses, Address address) {
  return std::visit(
      Overloaded{
          [&](const IntervalSet<std::uint32_t>& v4) {
            return address.family == Family::ipv4 && v4.contains(static_cast<std::uint32_t>(address.bits));
          },
          [&](const IntervalSet<Uint128>& v6) { return address.family == Family::ipv6 && v6.contains(address.bits); },
      },
      addresses);
}

bool covers(const InterfacePattern& pattern, const std::string& name) {
  return pattern.wildcard ? name.starts_with(pattern.text) : name == pattern.text;
}

bool matches(const Ruleset& ruleset, const Match& match, const Packet& packet) {
  return std::visit(
      Overloaded{
          [&](const AddressIn& m) {
            const Address address = m.side == Side::source ? packet.source : packet.destination;
            if (const auto* set = std::get_if<SetId>(&m.addresses)) {
              return packet.family() == m.family && contains(ruleset.sets[set->index].elements, address);
            }
            return packet.family() == m.family && contains(std::get<Addresses>(m.addresses), address);
          },
          [&](const FamilyIs& m) { return packet.family() == m.family; },
          [&](const InterfaceIn& m) {
            const std::string& name = m.side == Side::source ? packet.in : packet.out;
            const bool any = std::any_of(m.patterns.begin(), m.patterns.end(),
                                         [&](const InterfacePattern& pattern) { return covers(pattern, name); });
            return any != m.negated;
          },
          [&](const ProtocolIn& m) {
            return std::find(m.protocols.begin(), m.protocols.end(), packet.protocol) != m.protocols.end();
          },
          [&](const PortIn& m) {
            const Port port = m.side == Side::source ? packet.source_port : packet.destination_port;
            return (!m.protocol || *m.protocol == packet.protocol) && m.ports.contains(port.number());
          },
          [&](const IcmpIn& m) {
            const Protocol protocol = m.family == Family::ipv4 ? protocols::icmp : protocols::icmpv6;
            const std::uint8_t value = m.field == IcmpIn::Field::type ? packet.icmp_type : packet.icmp_code;
            return packet.family() == m.family && packet.protocol == protocol && m.values.contains(value);
          },
          [&](const StateIn& m) { return m.states.contains(packet.state); },
      },
      match);
}

class Evaluation {
 public:
  Evaluation(const Ruleset& ruleset, const Packet& packet, bool limits_exhausted)
      : ruleset_(ruleset), packet_(packet), limits_exhausted_(limits_exhausted) {}

  /// The answer of the chain, or nothing when the packet comes to its end.
  std::optional<Answer> run(const Chain& chain) const {
    for (const Rule& rule : chain.rules) {
      if (!applies(rule)) continue;
      if (const auto* answer = std::get_if<Answer>(&rule.action)) return *answer;
      if (const auto* go = std::get_if<Goto>(&rule.action)) return run(ruleset_.chains[go->chain.index]);
      if (const auto* jump = std::get_if<Jump>(&rule.action)) {
        if (std::optional<Answer> answer = run(ruleset_.chains[jump->chain.index])) return answer;
      }
    }
    return std::nullopt;
  }

 private:
  bool applies(const Rule& rule) const {
    const bool all = std::all_of(rule.all_of.begin(), rule.all_of.end(),
                                 [&](const Match& match) { return matches(ruleset_, match, packet_); });
    // nft puts a test of tcp before a reset, so that others pass it by.
    const auto* answer = std::get_if<Answer>(&rule.action);
    const bool answerable = answer == nullptr || *answer != Answer::reset || packet_.protocol == protocols::tcp;
    return all && answerable && within(rule.limit);
  }

  bool within(const LimitTest& limit) const {
    return std::visit(Overloaded{
                          [](std::monostate) { return true; },
                          [&](WithinShared) { return !limits_exhausted_; },
                          [&](WithinSource source) {
                            return !limits_exhausted_ &&
                                   packet_.family() == ruleset_.source_tables[source.table.index].family;
                          },
                      },
                      limit);
  }

  const Ruleset& ruleset_;
  const Packet& packet_;
  bool limits_exhausted_;
};

Verdict verdict_of(Answer answer) {
  switch (answer) {
    case Answer::accept:
      return Verdict::allow;
    case Answer::drop:
      return Verdict::deny;
    case Answer::reset:
    case Answer::admin_prohibited:
      return Verdict::reject;
  }
  std::unreachable();
}

}  // namespace

std::optional<Verdict> evaluate(const Ruleset& ruleset, const Packet& packet, bool limits_exhausted) {
  for (const Chain& chain : ruleset.chains) {
    if (!chain.hook || chain.hook->direction != packet.direction) continue;
    const Evaluation evaluation(ruleset, packet, limits_exhausted);
    return verdict_of(evaluation.run(chain).value_or(chain.hook->policy));
  }
  return std::nullopt;
}

}  // namespace portpolicy::nft
