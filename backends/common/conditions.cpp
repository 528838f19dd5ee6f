#include "backends/common/conditions.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "compiler/base/overloaded.h"

namespace portpolicy::backend {
namespace {

std::size_t index(Side side) {
  return static_cast<std::size_t>(side);
}

void narrow(const filter::Filter& filter, Conditions::Addresses& addresses, filter::AddressSetId id) {
  const AddressSet& more = filter.address_sets[id.index].addresses;
  if (addresses.narrowed) {
    addresses.narrowed = intersect(*addresses.narrowed, more);
  } else if (addresses.id && *addresses.id != id) {
    addresses.narrowed = intersect(filter.address_sets[addresses.id->index].addresses, more);
  }
  addresses.id = id;
}

void narrow(std::optional<std::vector<Protocol>>& protocols, std::vector<Protocol> more) {
  std::sort(more.begin(), more.end());
  more.erase(std::unique(more.begin(), more.end()), more.end());
  if (!protocols) {
    protocols = std::move(more);
    return;
  }
  std::vector<Protocol> both;
  std::set_intersection(protocols->begin(), protocols->end(), more.begin(), more.end(), std::back_inserter(both));
  protocols = std::move(both);
}

}  // namespace

Conditions conditions_of(const filter::Filter& filter, const filter::Rule& rule) {
  Conditions result;
  for (const filter::Match& match : rule.all_of) {
    std::visit(
        Overloaded{
            [&](const filter::SourceIn& m) { narrow(filter, result.addresses[index(Side::source)], m.addresses); },
            [&](const filter::DestinationIn& m) {
              narrow(filter, result.addresses[index(Side::destination)], m.addresses);
            },
            [&](const filter::InterfaceIn& m) {
              InterfaceSet& in = result.interfaces[index(Side::source)];
              in = intersect(in, m.interfaces);
            },
            [&](const filter::InterfaceOut& m) {
              InterfaceSet& out = result.interfaces[index(Side::destination)];
              out = intersect(out, m.interfaces);
            },
            [&](const filter::ProtocolIn& m) { narrow(result.protocols, m.protocols); },
            [&](const filter::SourcePortIn& m) {
              PortSet& ports = result.ports[index(Side::source)];
              ports = intersect(ports, m.ports);
            },
            [&](const filter::DestinationPortIn& m) {
              PortSet& ports = result.ports[index(Side::destination)];
              ports = intersect(ports, m.ports);
            },
            [&](const filter::IcmpTypeIn& m) { result.icmp = intersect(result.icmp, m.types); },
            [&](const filter::StateIn& m) { result.states = result.states & m.states; },
            [](const filter::Opaque&) { assert(false && "rules with opaque conditions have been refused"); },
        },
        match);
  }
  return result;
}

const AddressSet* addresses_of(const filter::Filter& filter, const Conditions& conditions, Side side) {
  const Conditions::Addresses& addresses = conditions.addresses[index(side)];
  if (addresses.narrowed) return &*addresses.narrowed;
  return addresses.id ? &filter.address_sets[addresses.id->index].addresses : nullptr;
}

std::optional<std::vector<Protocol>> protocols_of(const Conditions& conditions, Family family) {
  std::optional<std::vector<Protocol>> result = conditions.protocols;
  if (result)
    std::erase_if(*result,
                  [&](Protocol protocol) { return portpolicy::family_of(protocol).value_or(family) != family; });
  return result;
}

std::vector<Family> families_of(const filter::Filter& filter, const Conditions& conditions) {
  std::vector<Family> result;
  for (const InterfaceSet& interfaces : conditions.interfaces) {
    if (interfaces.empty()) return result;
  }
  if (conditions.ports[0].empty() || conditions.ports[1].empty()) return result;
  if (conditions.icmp.empty() || conditions.states == StateSet{}) return result;
  for (const Family family : families) {
    const auto none = [&](Side side) {
      const AddressSet* addresses = addresses_of(filter, conditions, side);
      return addresses != nullptr && addresses->empty(family);
    };
    const auto protocols = protocols_of(conditions, family);
    if (none(Side::source) || none(Side::destination) || (protocols && protocols->empty())) continue;
    result.push_back(family);
  }
  return result;
}

bool alike_in_both_families(const filter::Filter& filter, const Conditions& conditions) {
  for (const Side side : {Side::source, Side::destination}) {
    const AddressSet* addresses = addresses_of(filter, conditions, side);
    if (addresses != nullptr && !addresses->is_all()) return false;
  }
  return protocols_of(conditions, Family::ipv4) == protocols_of(conditions, Family::ipv6);
}

TcpShare tcp_share(const Conditions& conditions) {
  if (!conditions.protocols) return TcpShare::some;
  const std::vector<Protocol>& protocols = *conditions.protocols;
  if (std::find(protocols.begin(), protocols.end(), protocols::tcp) == protocols.end()) return TcpShare::none;
  return protocols.size() == 1 ? TcpShare::all : TcpShare::some;
}

bool is_reject(const filter::Rule& rule) {
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  return verdict != nullptr && *verdict == Verdict::reject;
}

Answer answer_of(Verdict verdict, TcpShare tcp) {
  switch (verdict) {
    case Verdict::allow:
      return Answer::accept;
    case Verdict::deny:
      return Answer::drop;
    case Verdict::reject:
      return tcp == TcpShare::all ? Answer::reset : Answer::admin_prohibited;
  }
  std::unreachable();
}

}  // namespace portpolicy::backend
