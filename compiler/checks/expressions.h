#pragma once

#include <optional>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/graph/resolve.h"

namespace portpolicy::checks {

/// What pieces of a policy without errors stand for: one entry of a list, one side of an exception.
class Expressions {
 public:
  explicit Expressions(const syntax::Policy& policy) : policy_(policy) {}

  /// Nothing where the pieces together have grown out of all measure.
  std::optional<AddressSet> addresses(const syntax::NetworkExpr& expr);
  std::optional<AddressSet> addresses(const std::vector<syntax::NetworkExpr>& exprs);
  std::optional<InterfaceSet> interfaces(const syntax::InterfaceExpr& expr);
  std::optional<InterfaceSet> interfaces(const std::vector<syntax::InterfaceExpr>& exprs);
  /// As of a rule: empty stands for every protocol.
  std::optional<std::vector<Transport>> transports(const syntax::ServiceExpr& expr);

 private:
  Resolver& resolver();

  const syntax::Policy& policy_;
  Graph graph_;  // holds the sets that the resolver makes
  Diagnostics told_before_;
  std::optional<Resolver> resolver_;  // most policies never need it
};

}  // namespace portpolicy::checks
