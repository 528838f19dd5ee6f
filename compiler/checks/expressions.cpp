#include "compiler/checks/expressions.h"

#include <variant>

namespace portpolicy::checks {

Resolver& Expressions::resolver() {
  if (!resolver_) resolver_.emplace(policy_, graph_, told_before_);
  return *resolver_;
}

std::optional<AddressSet> Expressions::addresses(const syntax::NetworkExpr& expr) {
  if (const auto* literal = std::get_if<syntax::NetworkExpr::Literal>(&expr.value))
    return AddressSet::of(literal->range);
  const auto id = resolver().addresses(expr);
  if (!id) return std::nullopt;
  return graph_.address_sets[id->index].addresses;
}

std::optional<AddressSet> Expressions::addresses(const std::vector<syntax::NetworkExpr>& exprs) {
  if (exprs.size() == 1) return addresses(exprs.front());
  return addresses(syntax::NetworkExpr{syntax::NetworkExpr::List{exprs}, exprs.front().where});
}

std::optional<InterfaceSet> Expressions::interfaces(const syntax::InterfaceExpr& expr) {
  const auto id = resolver().interfaces(expr);
  if (!id) return std::nullopt;
  return graph_.interface_sets[id->index];
}

std::optional<InterfaceSet> Expressions::interfaces(const std::vector<syntax::InterfaceExpr>& exprs) {
  if (exprs.size() == 1) return interfaces(exprs.front());
  return interfaces(syntax::InterfaceExpr{syntax::InterfaceExpr::List{exprs}, exprs.front().where});
}

std::optional<std::vector<Transport>> Expressions::transports(const syntax::ServiceExpr& expr) {
  return resolver().transports({expr});
}

}  // namespace portpolicy::checks
