#include "compiler/graph/resolve.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "compiler/base/overloaded.h"
#include "compiler/registry/registry.h"

namespace portpolicy {
namespace {

constexpr std::size_t max_nesting = 64;  // names that are defined by names
// Ranges of addresses, ports and interfaces that all rules may stand for together.
constexpr std::size_t max_expansion = 8'000'000;

template <class T>
void append(std::vector<Interval<T>>& to, const IntervalSet<T>& set) {
  to.insert(to.end(), set.intervals().begin(), set.intervals().end());
}

// One entry a protocol, in order.
std::vector<Transport> merged(std::vector<Transport> transports) {
  std::ranges::stable_sort(transports, {}, &Transport::protocol);
  std::vector<Transport> result;
  for (auto first = transports.begin(); first != transports.end();) {
    const auto last =
        std::find_if(first, transports.end(), [&](const Transport& t) { return t.protocol != first->protocol; });
    std::vector<Interval<std::uint16_t>> ports, icmp;
    for (auto transport = first; transport != last; ++transport) {
      append(ports, transport->ports);
      append(icmp, transport->icmp);
    }
    result.push_back({first->protocol, PortSet::of(std::move(ports)), IcmpSet::of(std::move(icmp))});
    first = last;
  }
  return result;
}

Transport of_ports(Protocol protocol, PortSet ports) {
  return {protocol, std::move(ports), IcmpSet::all()};
}

/// The reviewed table knows what is used; the IANA's registry, where most numbers stand for tcp and udp alike, is asked
/// about the others.
bool known_for_udp_only(Port port) {
  const bool tcp = registry::knows(protocols::tcp, port), udp = registry::knows(protocols::udp, port);
  if (tcp || udp) return !tcp;
  return registry::is_assigned(protocols::udp, port) && !registry::is_assigned(protocols::tcp, port);
}

/// A name of the IANA's registry is good for a rule only when it stands for one port of one protocol.
std::optional<registry::Use> only_use(std::string_view name) {
  const std::vector<registry::Use> uses = registry::assigned_uses(name);
  if (uses.size() != 1 || uses[0].first != uses[0].last) return std::nullopt;
  return uses[0];
}

}  // namespace

Resolver::Resolver(const syntax::Policy& policy, Graph& graph, Diagnostics& diagnostics)
    : policy_(policy), graph_(graph), diagnostics_(diagnostics), room_(max_expansion) {
  graph_.address_sets.push_back({"any", AddressSet::all()});
  graph_.interface_sets.push_back(InterfaceSet::all());
  for (const syntax::File& file : policy.files) {
    incomplete_ = incomplete_ || file.incomplete;
    left_out_.insert(file.left_out.begin(), file.left_out.end());
    // All definitions are known before the first one is evaluated, so that their order does not matter.
    for (const auto& network : file.networks) networks_.try_emplace(network.name.value, &network);
    for (const auto& service : file.services) services_.try_emplace(service.name.value, &service);
    for (const auto& interface : file.interfaces) interfaces_.try_emplace(interface.name.value, &interface);
  }
  for (const syntax::File& file : policy.files) {
    take_in(networks_, file.networks, [&](const syntax::NetworkExpr& expr) { return address_set(expr); });
    take_in(services_, file.services, [&](const std::vector<syntax::ServiceExpr>& exprs) { return transports(exprs); });
    take_in(interfaces_, file.interfaces, [&](const syntax::InterfaceExpr& expr) { return interface_set(expr); });
    for (const auto& service : file.services)
      if (registry::service_named(service.name.value) != nullptr || only_use(service.name.value))
        diagnostics_.add(Code::registry_service_redefined, service.name.where,
                         "`" + service.name.value + "` is a service of the registry; here it gets another meaning",
                         "choose another name, so that readers are not misled");
  }
}

template <class Expr, class Value, class Evaluate>
void Resolver::take_in(Table<Expr, Value>& table, const std::vector<syntax::Definition<Expr>>& definitions,
                       Evaluate evaluate) {
  for (const syntax::Definition<Expr>& definition : definitions) {
    if (diagnostics_.too_many_errors()) return;
    auto& entry = table.find(definition.name.value)->second;
    const std::optional<Value> first = value_of(entry, definition.name.value, definition.name.where, evaluate);
    if (entry.definition == &definition) continue;
    const std::optional<Value> again = evaluate(definition.value);
    if (first && again && *first != *again)
      diagnostics_.add(Code::defined_twice, definition.name.where,
                       "`" + definition.name.value + "` is defined twice, with different values",
                       "give one of them another name, or make them alike",
                       {{entry.definition->name.where, "the other definition"}});
  }
}

template <class Expr, class Value, class Evaluate>
std::optional<Value> Resolver::value_of(Entry<Expr, Value>& entry, const std::string& name, Span use,
                                        Evaluate evaluate) {
  if (entry.progress == Progress::open) {
    std::string chain;
    auto from = std::ranges::find(being_resolved_, name, [](const std::string* open) { return *open; });
    for (; from != being_resolved_.end(); ++from) chain += "`" + **from + "` -> ";
    diagnostics_.add(Code::defined_by_itself, use, "`" + name + "` is defined by itself: " + chain + "`" + name + "`",
                     "take one of the names out", {{entry.definition->name.where, "defined here"}});
    return std::nullopt;
  }
  const auto too_deep = [&] {
    diagnostics_.add(Code::too_deep, entry.definition->name.where,
                     "definitions stand in each other more than " + std::to_string(max_nesting) + " deep");
  };
  if (entry.progress == Progress::untouched) {
    if (being_resolved_.size() > max_nesting) {
      too_deep();
      return std::nullopt;
    }
    const std::size_t outer = std::exchange(deepest_, 0);
    entry.progress = Progress::open;
    being_resolved_.push_back(&name);
    entry.value = evaluate(entry.definition->value);
    being_resolved_.pop_back();
    entry.progress = Progress::done;
    entry.depth = deepest_ + 1;
    deepest_ = outer;
    if (entry.depth == max_nesting + 1) {
      too_deep();
      entry.value.reset();
    }
  }
  deepest_ = std::max(deepest_, entry.depth);
  return entry.value;
}

template <class Known>
void Resolver::report_unknown(std::string_view kind, const std::string& name, Span use, const Known& known,
                              std::span<const std::string_view> builtin) {
  if (may_be_left_out(name)) return;
  if (!told_unknown_.emplace(kind, name).second) return;
  diagnostics_.add(Code::unknown_name, use, "there is no " + std::string(kind) + " `" + name + "`",
                   help_for_unknown(name, known, builtin));
}

bool Resolver::has_room(std::size_t size, Span use) {
  if (size <= room_) {
    room_ -= size;
    return true;
  }
  room_ = 0;
  if (!std::exchange(told_of_room_, true))
    diagnostics_.add(
        Code::too_large, use,
        "the rules stand for more than " + std::to_string(max_expansion) + " ranges of addresses and ports",
        "give a long list a name, once, and use the name alone");
  return false;
}

std::optional<AddressSetId> Resolver::addresses(const syntax::NetworkExpr& expr) {
  if (told_of_room_) return std::nullopt;
  const auto* name = std::get_if<syntax::NetworkExpr::Name>(&expr.value);
  const auto* file = std::get_if<syntax::NetworkExpr::File>(&expr.value);
  if (name != nullptr) {
    if (name->text == "any") return AddressSetId{};
    if (const auto known = network_ids_.find(name->text); known != network_ids_.end()) return known->second;
  }
  if (file != nullptr)
    if (const auto known = list_ids_.find(file->list); known != list_ids_.end()) return known->second;
  std::optional<AddressSet> set = address_set(expr);
  if (!set) return std::nullopt;
  if (set->is_all()) return AddressSetId{};
  const AddressSetId id{graph_.address_sets.size()};
  graph_.address_sets.push_back({name != nullptr ? name->text : "", std::move(*set)});
  if (name != nullptr) network_ids_.emplace(name->text, id);
  if (file != nullptr) list_ids_.emplace(file->list, id);
  return id;
}

std::optional<AddressSet> Resolver::address_set(const syntax::NetworkExpr& expr) {
  using Expr = syntax::NetworkExpr;
  return std::visit(Overloaded{
                        [&](const Expr::Name& name) { return named_network(name.text, expr.where); },
                        [&](const Expr::Literal& literal) { return std::optional(AddressSet::of(literal.range)); },
                        [&](const Expr::List& list) { return address_set(list.items); },
                        [&](const Expr::Except& except) -> std::optional<AddressSet> {
                          const auto any = address_set(except.any);
                          const auto out = address_set(except.except);
                          if (!any || !out) return std::nullopt;
                          return subtract(*any, *out);
                        },
                        [&](const Expr::File& file) { return std::optional(policy_.lists[file.list.index].addresses); },
                    },
                    expr.value);
}

std::optional<AddressSet> Resolver::address_set(const std::vector<syntax::NetworkExpr>& exprs) {
  bool whole = true;
  std::vector<Interval<std::uint32_t>> v4;  // sorted once, not united one by one
  std::vector<Interval<Uint128>> v6;
  for (const syntax::NetworkExpr& expr : exprs) {
    const std::optional<AddressSet> set = address_set(expr);
    whole = whole && set && has_room(set->v4.intervals().size() + set->v6.intervals().size(), expr.where);
    if (!whole) continue;
    append(v4, set->v4);
    append(v6, set->v6);
  }
  if (!whole) return std::nullopt;
  return AddressSet{IntervalSet<std::uint32_t>::of(std::move(v4)), IntervalSet<Uint128>::of(std::move(v6))};
}

std::optional<AddressSet> Resolver::named_network(const std::string& name, Span use) {
  if (const auto entry = networks_.find(name); entry != networks_.end())
    return value_of(entry->second, entry->first, use,
                    [&](const syntax::NetworkExpr& expr) { return address_set(expr); });
  if (auto builtin = registry::network_named(name)) return builtin;
  report_unknown("network", name, use, networks_, registry::network_names());
  return std::nullopt;
}

std::optional<InterfaceSetId> Resolver::interfaces(const syntax::InterfaceExpr& expr) {
  if (told_of_room_) return std::nullopt;
  const auto* word = std::get_if<syntax::InterfaceExpr::Word>(&expr.value);
  const auto known = word != nullptr ? interface_ids_.find(word->text) : interface_ids_.end();
  InterfaceSetId id;
  if (known != interface_ids_.end()) {
    id = known->second;
  } else {
    std::optional<InterfaceSet> set = interface_set(expr);
    if (!set) return std::nullopt;
    if (!set->is_all()) {
      id = InterfaceSetId{graph_.interface_sets.size()};
      graph_.interface_sets.push_back(std::move(*set));
    }
    if (word != nullptr) interface_ids_.emplace(word->text, id);
  }
  // Interfaces have no sets of their own in a rule set: every rule writes them down.
  if (!has_room(graph_.interface_sets[id.index].size(), expr.where)) return std::nullopt;
  return id;
}

std::optional<InterfaceSet> Resolver::interface_set(const syntax::InterfaceExpr& expr) {
  using Expr = syntax::InterfaceExpr;
  return std::visit(Overloaded{
                        [&](const Expr::Word& word) -> std::optional<InterfaceSet> {
                          if (const auto entry = interfaces_.find(word.text); entry != interfaces_.end())
                            return value_of(entry->second, entry->first, expr.where,
                                            [&](const Expr& inner) { return interface_set(inner); });
                          if (const auto pattern = InterfacePattern::parse(word.text))
                            return InterfaceSet::of(*pattern);
                          else diagnostics_.add(Code::bad_interface, expr.where, pattern.error().message);
                          return std::nullopt;
                        },
                        [&](const Expr::List& list) { return interface_set(list.items); },
                        [&](const Expr::Except& except) -> std::optional<InterfaceSet> {
                          const auto any = interface_set(except.any);
                          const auto out = interface_set(except.except);
                          if (!any || !out) return std::nullopt;
                          return subtract(*any, *out);
                        },
                    },
                    expr.value);
}

std::optional<InterfaceSet> Resolver::interface_set(const std::vector<syntax::InterfaceExpr>& exprs) {
  bool whole = true;
  std::vector<InterfaceSet> sets;
  std::vector<InterfacePattern> literals;  // taken in at once, like those of networks
  for (const syntax::InterfaceExpr& expr : exprs) {
    const auto* word = std::get_if<syntax::InterfaceExpr::Word>(&expr.value);
    if (word != nullptr && !interfaces_.contains(word->text)) {
      if (const auto pattern = InterfacePattern::parse(word->text)) {
        literals.push_back(*pattern);
        continue;
      }
    }
    std::optional<InterfaceSet> set = interface_set(expr);
    if (set) sets.push_back(std::move(*set));
    else whole = false;
  }
  if (!whole) return std::nullopt;
  sets.push_back(InterfaceSet::of(literals));
  // In pairs, then pairs of pairs: each name is copied as often as there are rounds.
  while (sets.size() > 1) {
    for (std::size_t i = 0; i + 1 < sets.size(); i += 2) sets[i / 2] = unite(sets[i], sets[i + 1]);
    if (sets.size() % 2 != 0) sets[sets.size() / 2] = sets.back();
    sets.resize((sets.size() + 1) / 2);
  }
  return sets.front();
}

std::optional<std::vector<Transport>> Resolver::transports(const std::vector<syntax::ServiceExpr>& exprs) {
  if (told_of_room_) return std::nullopt;
  std::optional<std::vector<Transport>> all{std::vector<Transport>{}};
  bool any = false;
  for (const syntax::ServiceExpr& expr : exprs) {
    const auto found = service(expr);
    if (!found) {
      all.reset();
      continue;
    }
    any = any || found->empty();
    if (all) all->insert(all->end(), found->begin(), found->end());
  }
  if (!all) return std::nullopt;
  if (any) return std::vector<Transport>{};
  std::vector<Transport> result = merged(std::move(*all));
  std::size_t size = 0;
  for (const Transport& transport : result) size += transport.ports.intervals().size();
  if (!has_room(size, exprs.front().where)) return std::nullopt;
  return result;
}

std::optional<std::vector<Transport>> Resolver::service(const syntax::ServiceExpr& expr) {
  using Expr = syntax::ServiceExpr;
  using Found = std::optional<std::vector<Transport>>;
  return std::visit(
      Overloaded{
          [&](const Expr::Any&) { return Found{std::vector<Transport>{}}; },
          [&](const Expr::Name& name) { return named_service(name.text, expr.where); },
          [&](const Expr::Ports& ports) { return Found{{of_ports(ports.protocol, PortSet::of(ports.ports))}}; },
          [&](const Expr::Number& ports) { return Found{{number(ports.ports, expr.where)}}; },
          [&](const Expr::Icmp& icmp) {
            return Found{{Transport{icmp.protocol, PortSet::all(), icmp.types}}};
          },
          [&](const Expr::Bare& bare) {
            return Found{{Transport{bare.protocol, PortSet::all(), IcmpSet::all()}}};
          },
      },
      expr.value);
}

Transport Resolver::number(Interval<std::uint16_t> ports, Span use) {
  const Port port{ports.first};
  if (ports.first == ports.last && known_for_udp_only(port)) {
    const std::string text = std::to_string(ports.first);
    diagnostics_.add(Code::service_of_udp, use, "a bare `" + text + "` means tcp, but this port is known for udp only",
                     "write `" + text + "/udp`, or `" + text + "/tcp` if tcp is meant");
  }
  return of_ports(protocols::tcp, PortSet::of(ports));
}

std::optional<std::vector<Transport>> Resolver::named_service(const std::string& name, Span use) {
  if (const auto entry = services_.find(name); entry != services_.end())
    return value_of(entry->second, entry->first, use,
                    [&](const std::vector<syntax::ServiceExpr>& exprs) { return transports(exprs); });
  if (const registry::Service* known = registry::service_named(name)) {
    std::vector<Transport> uses;
    for (const registry::Use& row : known->uses)
      uses.push_back(of_ports(row.protocol, PortSet::of({row.first.number(), row.last.number()})));
    return merged(std::move(uses));
  }
  if (const auto only = only_use(name))
    return std::vector{of_ports(only->protocol, PortSet::of({only->first.number(), only->last.number()}))};
  if (const std::vector<registry::Use> several = registry::assigned_uses(name); !several.empty())
    diagnostics_.add(Code::ambiguous_service, use,
                     "the IANA assigned `" + name + "` several ports or protocols: " + registry::listed(several),
                     "write the one that is meant, or define `" + name + "` under `services`");
  else report_unknown("service", name, use, services_, registry::service_names());
  return std::nullopt;
}

}  // namespace portpolicy
