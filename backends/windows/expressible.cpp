#include "backends/windows/expressible.h"

#include <algorithm>
#include <set>
#include <utility>

#include "backends/common/refuse.h"
#include "backends/windows/domain.h"
#include "compiler/filter/boxes.h"

namespace portpolicy::windows {
namespace {

constexpr StateSet replies = StateSet::of(State::established) | StateSet::of(State::related);

/// Windows lets the packets of a connection that it let in pass, whatever its rules say, so a policy has to say so, too.
bool lets_replies_pass(const filter::Chain& chain) {
  return std::ranges::any_of(chain.rules, [](const filter::Rule& rule) {
    const auto* verdict = std::get_if<Verdict>(&rule.action);
    if (rule.all_of.size() != 1 || rule.limit || verdict == nullptr || *verdict != Verdict::allow) return false;
    const auto* states = std::get_if<filter::StateIn>(&rule.all_of.front());
    return states != nullptr && (states->states & replies) == replies;
  });
}

bool has_port_condition(const Box& box) {
  return !box.destination_ports.is_all() || !box.source_ports.is_all();
}

std::string why_not(const Box& box, Direction direction, bool allows) {
  const InterfaceSet& interfaces = direction == Direction::inbound ? box.in : box.out;
  if (!interfaces.is_all() && !is_all_but_loopback(interfaces)) {
    if (!is_only_loopback(interfaces))
      return "names interfaces (" + to_string(interfaces) + "), and what they are called on Windows is not known";
    if (!allows) return "is about the loopback interface, which Windows Firewall does not filter";
  }
  if ((box.states & opening_states) != opening_states && (box.states & opening_states).bits != 0)
    return "asks for the state of a connection, and Windows Firewall judges packets that open one";
  if (has_port_condition(box))
    for (const Protocol protocol : {protocols::sctp, protocols::dccp, protocols::udplite})
      if (box.protocols.test(protocol.number))
        return "names ports of " + to_string(protocol) + ", and Windows Firewall knows ports of tcp and udp only";
  if (!allows && !empty(box) && speaks_of_none_but_unfiltered(box))
    return "is only about loopback or unspecified addresses, which Windows Firewall does not filter";
  return {};
}

std::string why_not(const filter::Filter& filter, const filter::Rule& rule, Direction direction) {
  if (std::string why = backend::not_of_policies(filter, rule); !why.empty()) return why;
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  if (verdict == nullptr) return "calls a chain, and Windows Firewall has none";
  if (rule.limit)
    return "has the limit `" + to_string(filter.limits[rule.limit->index].limit) +
           "`, and Windows Firewall keeps no limits";
  for (const Box& box : filter::boxes_of(filter, rule, direction))
    if (std::string why = why_not(box, direction, *verdict == Verdict::allow); !why.empty()) return why;
  return {};
}

Inexpressible forward_of(const filter::Filter& filter) {
  const filter::Chain& chain = filter.chains[filter.hooks[static_cast<std::size_t>(Direction::forward)]->chain.index];
  Inexpressible found;
  found.what = "the direction `forward`";
  found.why = "has rules or a default, and Windows Firewall filters only what the host itself sends and receives";
  found.help = "leave it unmanaged in the policy of this host, or say --skip-unsupported";
  for (const filter::Rule& rule : chain.rules) {
    const filter::Origin& origin = filter.origins[rule.origin];
    if (origin.place.empty()) continue;
    found.where = origin.where;
    break;
  }
  return found;
}

}  // namespace

std::vector<Inexpressible> inexpressible(const filter::Filter& filter) {
  std::vector<Inexpressible> found;
  if (filter.hooks[static_cast<std::size_t>(Direction::forward)]) found.push_back(forward_of(filter));
  std::set<std::uint32_t> told;
  bool replies_pass = true;
  for (const Direction direction : {Direction::inbound, Direction::outbound}) {
    const auto& hook = filter.hooks[static_cast<std::size_t>(direction)];
    if (!hook) continue;
    const filter::Chain& chain = filter.chains[hook->chain.index];
    replies_pass = replies_pass && lets_replies_pass(chain);
    for (const filter::Rule& rule : chain.rules) {
      if (told.contains(rule.origin)) continue;
      std::string why = why_not(filter, rule, direction);
      if (why.empty()) continue;
      told.insert(rule.origin);
      const filter::Origin& origin = filter.origins[rule.origin];
      const std::string place = origin.place.empty() ? "" : " (" + origin.place + ")";
      found.push_back({origin.where, "rule `" + origin.name + "`" + place, std::move(why),
                       "change the rule, or say --skip-unsupported to leave it out", rule.origin, true});
    }
  }
  if (!replies_pass)
    found.push_back({{},
                     "the policy",
                     "has no `established` among its base traffic, and Windows Firewall always lets replies pass",
                     "add `established` to `base`",
                     std::nullopt,
                     false});
  return found;
}

}  // namespace portpolicy::windows
