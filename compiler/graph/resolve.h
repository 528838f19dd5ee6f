#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/diagnostics/suggest.h"
#include "compiler/graph/graph.h"

namespace portpolicy {

/// Looks up the names of networks, services and interfaces. One namespace for each kind is shared by all files. What
/// does not resolve is reported once, where it is used, and has no value.
class Resolver {
 public:
  /// Takes in all definitions and reports what is wrong in them, used or not. `policy` must outlive the resolver.
  Resolver(const syntax::Policy& policy, Graph& graph, Diagnostics& diagnostics);

  /// The addresses of an expression as an entry of the graph's table; `any` is the first.
  std::optional<AddressSetId> addresses(const syntax::NetworkExpr& expr);
  std::optional<InterfaceSetId> interfaces(const syntax::InterfaceExpr& expr);
  /// Sorted by protocol, one entry each; empty: every protocol.
  std::optional<std::vector<Transport>> transports(const std::vector<syntax::ServiceExpr>& exprs);

  /// Whether a name that is not there may stand in a part of the policy that could not be read: that was reported, and one
  /// mistake yields one message.
  bool may_be_left_out(const std::string& name) const { return incomplete_ || left_out_.contains(name); }
  /// What to do about a name that is not there, when the keys of `known` and `builtin` are. The search is long, so after many
  /// of them it is left alone.
  template <class Known>
  std::string help_for_unknown(std::string_view name, const Known& known,
                               std::span<const std::string_view> builtin = {}) {
    if (suggestions_left_ == 0) return {};
    --suggestions_left_;
    std::vector<std::string_view> candidates(builtin.begin(), builtin.end());
    for (const auto& [key, value] : known) candidates.push_back(key);
    return did_you_mean(name, candidates);
  }

 private:
  enum class Progress : std::uint8_t { untouched, open, done };
  template <class Expr, class Value>
  struct Entry {
    const syntax::Definition<Expr>* definition = nullptr;
    Progress progress = Progress::untouched;
    std::size_t depth = 0;  // names that stand in each other below it, itself counted
    std::optional<Value> value;
  };
  template <class Expr, class Value>
  using Table = std::map<std::string, Entry<Expr, Value>, std::less<>>;

  template <class Expr, class Value, class Evaluate>
  void take_in(Table<Expr, Value>& table, const std::vector<syntax::Definition<Expr>>& definitions, Evaluate evaluate);
  template <class Expr, class Value, class Evaluate>
  std::optional<Value> value_of(Entry<Expr, Value>& entry, const std::string& name, Span use, Evaluate evaluate);

  std::optional<AddressSet> address_set(const syntax::NetworkExpr& expr);
  std::optional<AddressSet> address_set(const std::vector<syntax::NetworkExpr>& exprs);
  std::optional<AddressSet> named_network(const std::string& name, Span use);
  std::optional<InterfaceSet> interface_set(const syntax::InterfaceExpr& expr);
  std::optional<InterfaceSet> interface_set(const std::vector<syntax::InterfaceExpr>& exprs);
  std::optional<std::vector<Transport>> service(const syntax::ServiceExpr& expr);
  std::optional<std::vector<Transport>> named_service(const std::string& name, Span use);
  Transport number(Interval<std::uint16_t> ports, Span use);

  template <class Known>
  void report_unknown(std::string_view kind, const std::string& name, Span use, const Known& known,
                      std::span<const std::string_view> builtin);

  const syntax::Policy& policy_;
  Graph& graph_;
  Diagnostics& diagnostics_;
  Table<syntax::NetworkExpr, AddressSet> networks_;
  Table<std::vector<syntax::ServiceExpr>, std::vector<Transport>> services_;
  Table<syntax::InterfaceExpr, InterfaceSet> interfaces_;
  /// Counts what a value takes to write down; false, and reported once, when the policy has grown out of all measure.
  bool has_room(std::size_t size, Span use);

  std::map<std::string, AddressSetId, std::less<>> network_ids_;
  std::map<syntax::ListFileId, AddressSetId> list_ids_;
  std::map<std::string, InterfaceSetId, std::less<>> interface_ids_;  // of single words
  std::size_t room_;
  bool told_of_room_ = false;
  std::set<std::pair<std::string_view, std::string>> told_unknown_;  // a name that is missing is one mistake
  std::size_t deepest_ = 0;  // of the names that stand in the value being evaluated
  std::set<std::string_view> left_out_;
  bool incomplete_ = false;
  int suggestions_left_ = 20;
  std::vector<const std::string*> being_resolved_;  // the chain of names, for "defined by itself"
};

}  // namespace portpolicy
