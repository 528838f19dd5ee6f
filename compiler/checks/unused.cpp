#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/base/overloaded.h"
#include "compiler/checks/checks.h"

// A definition is used when a rule, a claim or a test names it, or a definition that is used. Rules that have ended
// count: they may be given a new date. What the library defines is there to be used or not, and whom it names is used.

namespace portpolicy::checks {
namespace {

using Name = std::function<void(const std::string&)>;

// Every name that an expression has in it, of its own kind.
void each_name(const syntax::NetworkExpr& expr, const Name& take);
void each_name(const syntax::InterfaceExpr& expr, const Name& take);
void each_name(const syntax::ServiceExpr& expr, const Name& take);

template <class Expr>
void each_name(const std::vector<Expr>& exprs, const Name& take) {
  for (const Expr& expr : exprs) each_name(expr, take);
}

void each_name(const syntax::ServiceExpr& expr, const Name& take) {
  if (const auto* name = std::get_if<syntax::ServiceExpr::Name>(&expr.value)) take(name->text);
}

void each_name(const syntax::NetworkExpr& expr, const Name& take) {
  using Expr = syntax::NetworkExpr;
  std::visit(Overloaded{
                 [&](const Expr::Name& name) { take(name.text); },
                 [](const Expr::Literal&) {},
                 [&](const Expr::List& list) { each_name(list.items, take); },
                 [&](const Expr::Except& except) {
                   each_name(except.any, take);
                   each_name(except.except, take);
                 },
                 [](const Expr::File&) {},
             },
             expr.value);
}

void each_name(const syntax::InterfaceExpr& expr, const Name& take) {
  using Expr = syntax::InterfaceExpr;
  std::visit(Overloaded{
                 [&](const Expr::Word& word) { take(word.text); },
                 [&](const Expr::List& list) { each_name(list.items, take); },
                 [&](const Expr::Except& except) {
                   each_name(except.any, take);
                   each_name(except.except, take);
                 },
             },
             expr.value);
}

/// The definitions of one kind, and which of their names are used.
template <class Expr>
class Kind {
 public:
  Kind(const syntax::Policy& policy, std::vector<syntax::Definition<Expr>> syntax::File::*definitions) {
    for (const syntax::File& file : policy.files)
      for (const syntax::Definition<Expr>& definition : file.*definitions) {
        all_.push_back({&file, &definition, &file != &policy.files.front()});
        by_name_[definition.name.value].push_back(&definition);
      }
    for (const Defined& each : all_)
      if (each.file->library) use(each.definition->name.value);
  }

  void use(const std::string& name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end() || !used_.insert(found->first).second) return;
    for (const auto* definition : found->second) use_in(definition->value);
  }
  template <class Written>
  void use_in(const Written& written) {
    each_name(written, [&](const std::string& name) { use(name); });
  }
  void use_in(const std::optional<Expr>& written) {
    if (written) use_in(*written);
  }

  void report(std::string_view kind, Diagnostics& diagnostics) const;

 private:
  struct Defined {
    const syntax::File* file;
    const syntax::Definition<Expr>* definition;
    bool included;
  };
  bool is_used(const Defined& each) const { return used_.contains(each.definition->name.value); }

  std::vector<Defined> all_;
  std::map<std::string_view, std::vector<const syntax::Definition<Expr>*>> by_name_;
  std::set<std::string_view> used_;
};

/// A file that other policies can include for its names alone: what it has more than this one needs is no mistake.
bool only_defines(const syntax::File& file) {
  const auto none = [](const auto& lists) {
    return std::ranges::all_of(lists, [](const auto& l) { return l.empty(); });
  };
  const bool decides =
      file.base || std::ranges::any_of(file.defaults, [](const auto& given) { return given.has_value(); });
  return none(file.rules) && none(file.tests) && file.management.empty() && !decides;
}

template <class Expr>
void Kind<Expr>::report(std::string_view kind, Diagnostics& diagnostics) const {
  std::map<std::string, const std::string*> user;  // one that is itself unused
  for (const Defined& each : all_)
    if (!is_used(each))
      each_name(each.definition->value,
                [&](const std::string& name) { user.try_emplace(name, &each.definition->name.value); });
  for (const Defined& each : all_) {
    if (is_used(each) || (each.included && only_defines(*each.file))) continue;
    const std::string& name = each.definition->name.value;
    const auto by = user.find(name);
    Diagnostic finding{Code::unused,
                       each.included ? Severity::note : Severity::warning,
                       "nothing uses the " + std::string(kind) + " `" + name + "`" +
                           (by == user.end() ? "" : " but `" + *by->second + "`, which nothing uses"),
                       {each.definition->name.where, ""}};
    finding.help = each.included ? "take it out, unless other policies that include this file use it"
                                 : "take it out, or use it where it was meant to be used";
    diagnostics.add(std::move(finding));
  }
}

}  // namespace

void unused(const syntax::Policy& policy, Diagnostics& diagnostics) {
  Kind networks(policy, &syntax::File::networks);
  Kind services(policy, &syntax::File::services);
  Kind interfaces(policy, &syntax::File::interfaces);
  const auto take = [&](const auto& entries) {
    for (const auto& entry : entries) {
      services.use_in(entry.services);
      networks.use_in(entry.from);
      networks.use_in(entry.to);
      interfaces.use_in(entry.in);
      interfaces.use_in(entry.out);
    }
  };
  for (const syntax::File& file : policy.files) {
    for (const auto& list : file.rules) take(list);
    for (const auto& list : file.tests) take(list);
    take(file.management);
  }
  networks.report("network", diagnostics);
  services.report("service", diagnostics);
  interfaces.report("interface", diagnostics);
}

}  // namespace portpolicy::checks
