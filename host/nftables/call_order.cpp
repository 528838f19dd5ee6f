#include "host/nftables/call_order.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace portpolicy::host {
namespace {

class Walk {
 public:
  explicit Walk(const HeldTable& table) : table_(table) {
    for (const HeldChain& chain : table.chains) named_[chain.name] = &chain;
  }

  std::vector<const HeldChain*> run() {
    for (const HeldChain& chain : table_.chains)
      if (chain.hook) visit(chain);
    std::ranges::reverse(called_first_);
    return std::move(called_first_);
  }

 private:
  /// As deep as jumps are: the kernel allows 16.
  void visit(const HeldChain& chain) {
    if (!seen_.insert(&chain).second) return;
    for (const HeldRule& rule : chain.rules)
      for (const Expression& expression : rule.expressions) follow(expression);
    called_first_.push_back(&chain);
  }

  void follow(const Expression& expression) {
    if (const auto* decide = std::get_if<Decide>(&expression)) return follow(decide->verdict);
    const auto* lookup = std::get_if<Lookup>(&expression);
    const auto set = lookup == nullptr ? table_.sets.end() : table_.sets.find(lookup->set);
    if (set == table_.sets.end() || !set->second.verdicts) return;
    for (const HeldElement& element : set->second.elements) follow(element.verdict);
  }

  void follow(const HeldVerdict& verdict) {
    if (verdict.chain.empty()) return;
    if (const auto chain = named_.find(verdict.chain); chain != named_.end()) visit(*chain->second);
  }

  const HeldTable& table_;
  std::map<std::string, const HeldChain*> named_;
  std::set<const HeldChain*> seen_;
  std::vector<const HeldChain*> called_first_;
};

}  // namespace

std::vector<const HeldChain*> callers_first(const HeldTable& table) {
  return Walk(table).run();
}

}  // namespace portpolicy::host
