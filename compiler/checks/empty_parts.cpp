#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "compiler/base/overloaded.h"
#include "compiler/checks/checks.h"
#include "compiler/checks/expressions.h"
#include "compiler/graph/boxes.h"

// An entry of a list without which the rule would match the same: of a family in which the rest of the rule has no packet,
// or taken out again by `except`. Within definitions only exceptions are looked at, for one definition serves rules of
// either family. That an exception takes nothing out is only said of literals, and not of list files, which change by
// themselves: a name is often excepted to be on the safe side.

namespace portpolicy::checks {
namespace {

/// A set of families, one bit each.
using FamilySet = unsigned;
constexpr FamilySet v4 = 1, v6 = 2, both = 3;

FamilySet families_of(const AddressSet& set) {
  return (set.empty(Family::ipv4) ? 0 : v4) | (set.empty(Family::ipv6) ? 0 : v6);
}

FamilySet families_of(const std::vector<Transport>& transports) {
  if (transports.empty()) return both;
  FamilySet result = 0;
  for (const Transport& transport : transports) {
    const auto family = family_of(transport.protocol);
    result |= !family ? both : *family == Family::ipv4 ? v4 : v6;
  }
  return result;
}

std::string_view name_of(FamilySet set) {
  return set == v4 ? "IPv4 only" : "IPv6 only";
}

/// The families in which something of `set` is outside of `except`.
FamilySet families_left(const AddressSet& set, const AddressSet& except) {
  return (intersect(set.v4, except.v4) == set.v4 ? 0 : v4) | (intersect(set.v6, except.v6) == set.v6 ? 0 : v6);
}

class Search {
 public:
  Search(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics)
      : policy_(policy), graph_(graph), diagnostics_(diagnostics), expressions_(policy) {
    for (const syntax::File& file : policy.files) {
      for (const auto& network : file.networks) networks_.emplace(network.name.value, &network.value);
      for (const auto& interface : file.interfaces) interfaces_.emplace(interface.name.value, &interface.value);
    }
  }

  void look_at_definitions();
  void look_at(const Rule& rule, Direction direction);

 private:
  using Network = syntax::NetworkExpr;
  using Interface = syntax::InterfaceExpr;

  /// `where` names the list for messages; `rest` are the families that the rest of the rule has; `except` takes out.
  void look_at(const Network& expr, const std::string& where, FamilySet rest, const AddressSet* except = nullptr);
  void look_at_leaf(const Network& expr, const std::string& where, FamilySet rest, const AddressSet* except);
  void look_at_exceptions(const Network::Except& expr, const std::string& where);
  void look_at(const Interface& expr, const std::string& where, const InterfaceSet* except = nullptr);
  bool has_a_file(const Network& expr) const;

  void report(Span where, std::string message) {
    diagnostics_.add(Code::never_matches, where, std::move(message), "correct it or take it out; it does nothing");
  }

  const syntax::Policy& policy_;
  const Graph& graph_;
  Diagnostics& diagnostics_;
  Expressions expressions_;
  std::map<std::string_view, const Network*> networks_;
  std::map<std::string_view, const Interface*> interfaces_;
};

void Search::look_at_definitions() {
  for (const syntax::File& file : policy_.files) {
    if (file.library) continue;
    for (const auto& network : file.networks) look_at(network.value, "network `" + network.name.value + "`", both);
    for (const auto& interface : file.interfaces) look_at(interface.value, "interface `" + interface.name.value + "`");
  }
}

void Search::look_at(const Rule& rule, Direction direction) {
  const syntax::Rule& text = written(policy_, rule, direction);
  const auto is_single = [](const auto& expr) {
    using Expr = std::decay_t<decltype(*expr)>;
    return !expr || !(std::holds_alternative<typename Expr::List>(expr->value) ||
                      std::holds_alternative<typename Expr::Except>(expr->value));
  };
  const bool single = text.services.size() == 1 && is_single(text.from) && is_single(text.to) && is_single(text.in) &&
                      is_single(text.out);
  if (single || rule.library || boxes_of(graph_, rule.packets).empty()) return;

  const FamilySet from = families_of(graph_.address_sets[rule.packets.source.index].addresses);
  const FamilySet to = families_of(graph_.address_sets[rule.packets.destination.index].addresses);
  const FamilySet services = families_of(rule.packets.transports);
  const std::string of_rule = " of rule `" + rule.name + "`";
  if ((from & to) != both && services == both && text.services.size() > 1)
    for (const syntax::ServiceExpr& entry : text.services) {
      const auto transports = expressions_.transports(entry);
      if (transports && (families_of(*transports) & from & to) == 0)
        report(entry.where, "this service" + of_rule + " can match no packet: it is " +
                                std::string(name_of(families_of(*transports))) + ", and the addresses are " +
                                std::string(name_of(from & to)));
    }
  if (text.from) look_at(*text.from, (text.only_from ? "`only-from`" : "`from`") + of_rule, to & services);
  if (text.to) look_at(*text.to, "`to`" + of_rule, from & services);
  if (text.in) look_at(*text.in, "`in`" + of_rule);
  if (text.out) look_at(*text.out, "`out`" + of_rule);
}

void Search::look_at(const Network& expr, const std::string& where, FamilySet rest, const AddressSet* except) {
  if (const auto* list = std::get_if<Network::List>(&expr.value)) {
    for (const Network& item : list->items) look_at(item, where, rest, except);
    return;
  }
  if (const auto* inner = std::get_if<Network::Except>(&expr.value)) {
    if (except != nullptr) look_at_leaf(expr, where, rest, except);
    const auto out = expressions_.addresses(inner->except);
    if (!out) return;
    for (const Network& item : inner->any) look_at(item, where, rest, &*out);
    look_at_exceptions(*inner, where);
    return;
  }
  if (except != nullptr || rest != both) look_at_leaf(expr, where, rest, except);
}

void Search::look_at_leaf(const Network& expr, const std::string& where, FamilySet rest, const AddressSet* except) {
  const auto set = expressions_.addresses(expr);
  if (!set || families_of(*set) == 0) return;
  const FamilySet left = except == nullptr ? families_of(*set) : families_left(*set, *except);
  if (left == 0)
    return report(expr.where, "nothing is left of this part of " + where + ": `except` takes all of it out");
  if ((left & rest) == 0)
    report(expr.where, "this part of " + where + " can match no packet: it is " + std::string(name_of(left)) +
                           ", and the rest of the rule is " + std::string(name_of(rest)));
}

void Search::look_at_exceptions(const Network::Except& expr, const std::string& where) {
  if (std::ranges::any_of(expr.any, [&](const Network& item) { return has_a_file(item); })) return;
  const auto any = expressions_.addresses(expr.any);
  if (!any) return;
  for (const Network& item : expr.except) {
    const auto* literal = std::get_if<Network::Literal>(&item.value);
    if (literal == nullptr) continue;
    const AddressSet out = AddressSet::of(literal->range);
    if (disjoint(out.v4, any->v4) && disjoint(out.v6, any->v6))
      report(item.where, "this exception in " + where + " takes nothing out: none of it is in `any`");
  }
}

bool Search::has_a_file(const Network& expr) const {
  const auto in_any = [&](const std::vector<Network>& items) {
    return std::ranges::any_of(items, [&](const Network& item) { return has_a_file(item); });
  };
  return std::visit(Overloaded{
                        [&](const Network::Name& name) {
                          const auto known = networks_.find(name.text);
                          return known != networks_.end() && has_a_file(*known->second);
                        },
                        [](const Network::Literal&) { return false; },
                        [&](const Network::List& list) { return in_any(list.items); },
                        [&](const Network::Except& except) { return in_any(except.any) || in_any(except.except); },
                        [](const Network::File&) { return true; },
                    },
                    expr.value);
}

void Search::look_at(const Interface& expr, const std::string& where, const InterfaceSet* except) {
  if (const auto* list = std::get_if<Interface::List>(&expr.value)) {
    for (const Interface& item : list->items) look_at(item, where, except);
    return;
  }
  if (except != nullptr) {
    const auto set = expressions_.interfaces(expr);
    if (set && !set->empty() && intersect(*set, *except) == *set)
      report(expr.where, "nothing is left of this part of " + where + ": `except` takes all of it out");
  }
  const auto* inner = std::get_if<Interface::Except>(&expr.value);
  if (inner == nullptr) return;
  const auto out = expressions_.interfaces(inner->except);
  const auto any = expressions_.interfaces(inner->any);
  if (!out || !any) return;
  for (const Interface& item : inner->any) look_at(item, where, &*out);
  for (const Interface& item : inner->except) {
    const auto* word = std::get_if<Interface::Word>(&item.value);
    if (word == nullptr || interfaces_.contains(word->text)) continue;
    const auto set = expressions_.interfaces(item);
    if (set && intersect(*set, *any).empty())
      report(item.where, "this exception in " + where + " takes nothing out: none of it is in `any`");
  }
}

}  // namespace

void empty_parts(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics) {
  Search search(policy, graph, diagnostics);
  search.look_at_definitions();
  for (const Direction direction : directions)
    for (const Rule& rule : graph.section(direction).rules) search.look_at(rule, direction);
}

}  // namespace portpolicy::checks
