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

/// The element of a lookup that a packet finds.
const Element* found(const Lookup& lookup, Side side, const Packet& packet) {
  const Key& key = lookup.key;
  Uint128 bits = 0;
  if (key.address) {
    if (packet.family() != key.address->family) return nullptr;
    const int ignored = address_bits(key.address->family) - key.address->length;
    const Address& address = side == Side::source ? packet.source : packet.destination;
    bits = ignored == 128 ? 0 : address.bits >> ignored << ignored;
  }
  const auto element = std::find_if(lookup.elements.begin(), lookup.elements.end(), [&](const Element& e) {
    return (!key.address || (e.addresses.first <= bits && bits <= e.addresses.last)) &&
           (!key.protocol || e.protocol == packet.protocol) &&
           (!key.port ||
            (e.ports.first <= packet.destination_port.number() && packet.destination_port.number() <= e.ports.last));
  });
  return element == lookup.elements.end() ? nullptr : &*element;
}

bool matches(const Table& table, const Match& match, const Packet& packet) {
  return std::visit(
      Overloaded{
          [&](const AddressIn& m) {
            const Address address = m.side == Side::source ? packet.source : packet.destination;
            if (const auto* set = std::get_if<SetId>(&m.addresses)) {
              return packet.family() == m.family && contains(table.sets[set->index].elements, address);
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
          [&](const FoundIn& m) { return found(table.lookups[m.set.index], m.side, packet) != nullptr; },
      },
      match);
}

class Evaluation {
 public:
  Evaluation(const Table& table, const Packet& packet, bool limits_exhausted)
      : table_(table), packet_(packet), limits_exhausted_(limits_exhausted) {}

  /// The answer of the chain, or nothing when the packet comes to its end.
  std::optional<Answer> run(const Chain& chain) const {
    for (const Rule& rule : chain.rules) {
      if (!applies(rule)) continue;
      bool ends = false;
      std::optional<Answer> answer;
      if (const auto* by = std::get_if<ByMap>(&rule.action)) {
        const Element* element = found(table_.lookups[by->map.index], by->side, packet_);
        if (element != nullptr) answer = follow(element->verdict, ends);
      } else {
        answer = follow(rule.action, ends);
      }
      if (answer || ends) return answer;
    }
    return std::nullopt;
  }

 private:
  /// What the action comes to; `ends`: it does not come back to the next rule.
  template <class Action>
  std::optional<Answer> follow(const Action& action, bool& ends) const {
    if (const auto* answer = std::get_if<Answer>(&action)) return *answer;
    if (const auto* jump = std::get_if<Jump>(&action)) return run(table_.chains[jump->chain.index]);
    const auto* go = std::get_if<Goto>(&action);
    if (go == nullptr) return std::nullopt;
    ends = true;
    return run(table_.chains[go->chain.index]);
  }

  bool applies(const Rule& rule) const {
    const bool all = std::all_of(rule.all_of.begin(), rule.all_of.end(),
                                 [&](const Match& match) { return matches(table_, match, packet_); });
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
                                   packet_.family() == table_.source_tables[source.table.index].family;
                          },
                      },
                      limit);
  }

  const Table& table_;
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
  for (const Table& table : ruleset.tables) {
    if (!covers(table.family, packet.family())) continue;
    for (const Chain& chain : table.chains) {
      if (!chain.hook || chain.hook->direction != packet.direction) continue;
      return verdict_of(Evaluation(table, packet, limits_exhausted).run(chain).value_or(chain.hook->policy));
    }
  }
  return std::nullopt;
}

}  // namespace portpolicy::nft
