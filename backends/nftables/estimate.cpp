#include "backends/nftables/estimate.h"

#include <algorithm>
#include <cstddef>
#include <set>

#include "backends/nftables/address_lists.h"
#include "compiler/base/overloaded.h"

namespace portpolicy::nft {
namespace {

/// What packets pay that go through a chain.
struct Walk {
  double weight = 0;  ///< how many rules of the policy decide here
  double hits = 0;    ///< the sum of what a packet pays that meets one of these, over all of them
  double miss = 0;    ///< of one that meets none
};

class Estimate {
 public:
  Estimate(const Table& table, const Costs& costs) : table_(table), costs_(costs) {}

  Walk walk(const Chain& chain, int depth = 0) const {
    Walk sum;
    for (const Rule& rule : chain.rules) {
      const double asked = sum.miss + (rule.all_of.empty() ? 0 : of(rule.all_of.front()));
      Walk inner = behind(rule, depth);
      // Who has left the chain by another rule has not come here; who has not pays for what was asked.
      sum.hits += inner.hits + inner.weight * asked;
      sum.weight += inner.weight;
      sum.miss = asked + (std::holds_alternative<ByMap>(rule.action) ? costs_.small_set : 0);
      if (rule.all_of.empty() && std::holds_alternative<Jump>(rule.action)) sum.miss += inner.miss;
    }
    return sum;
  }

 private:
  /// What the packets pay and where they end that meet the matches of a rule.
  Walk behind(const Rule& rule, int depth) const {
    const double weight = rule.all_of.empty() ? 1 : weight_of(rule.all_of.front());
    const auto chain_of = [&](const auto& action) -> const Chain* {
      if (const auto* jump = std::get_if<Jump>(&action)) return &table_.chains[jump->chain.index];
      if (const auto* go = std::get_if<Goto>(&action)) return &table_.chains[go->chain.index];
      return nullptr;
    };
    const auto enter = [&](const Chain* chain, double of_weight) {
      if (chain == nullptr || depth > static_cast<int>(most_jumps)) return Walk{of_weight, 0, 0};
      Walk inner = walk(*chain, depth + 1);
      inner.hits += inner.weight * costs_.jump;
      inner.miss += costs_.jump;
      return inner;
    };
    const auto* by = std::get_if<ByMap>(&rule.action);
    if (by == nullptr) return enter(chain_of(rule.action), weight);
    Walk sum;
    const Lookup& map = table_.lookups[by->map.index];
    std::set<const Chain*> entered;  // many elements may lead to one chain
    for (const Element& element : map.elements) {
      const Chain* chain = chain_of(element.verdict);
      if (chain != nullptr && !entered.insert(chain).second) continue;
      const Walk inner = enter(chain, 1);
      sum.weight += inner.weight;
      sum.hits += inner.hits + inner.weight * of(map);
    }
    return sum;
  }

  double of(const Lookup& lookup) const {
    const std::size_t count = lookup.elements.size();
    if (!lookup.key.address) return lookup.ranges ? costs_.padded_v4(count) : costs_.small_set;
    if (lookup.ranges) return costs_.tuple_intervals(lookup.key.address->family)(count);
    return lookup.key.port ? costs_.tuple_hash(count) : costs_.hash(count);
  }

  double weight_of(const Match& match) const {
    const auto* found = std::get_if<FoundIn>(&match);
    if (found == nullptr) return 1;
    const Lookup& lookup = table_.lookups[found->set.index];
    return lookup.key.port ? static_cast<double>(lookup.elements.size()) : 1;
  }

  double of(const Addresses& addresses, bool padded) const {
    const std::size_t count = range_count(addresses);
    if (count == 1) return costs_.rule;
    return padded ? costs_.padded(family_of(addresses))(count) : costs_.tree(count);
  }

  double of(const Match& match) const {
    const double family = table_.family == TableFamily::inet ? costs_.family_test : 0;
    return std::visit(Overloaded{
                          [&](const AddressIn& m) {
                            const auto* id = std::get_if<SetId>(&m.addresses);
                            if (id == nullptr) return family + of(std::get<Addresses>(m.addresses), false);
                            const NamedSet& set = table_.sets[id->index];
                            return family + of(set.elements, set.padded);
                          },
                          [&](const FamilyIs&) { return costs_.rule; },
                          [&](const InterfaceIn&) { return costs_.interface_rule; },
                          [&](const ProtocolIn&) { return costs_.rule; },
                          [&](const PortIn& m) {
                            const std::vector<Interval<std::uint16_t>>& ranges = m.ports.intervals();
                            const bool tree =
                                ranges.size() > 1 &&
                                std::any_of(ranges.begin(), ranges.end(), [](auto r) { return r.first != r.last; });
                            if (tree) return costs_.port_ranges;
                            return ranges.size() > 1 ? costs_.small_set : costs_.port_rule;
                          },
                          [&](const IcmpIn&) { return costs_.rule; },
                          [&](const StateIn&) { return costs_.rule; },
                          [&](const FoundIn& m) { return family + of(table_.lookups[m.set.index]); },
                      },
                      match);
  }

  const Table& table_;
  const Costs& costs_;
};

}  // namespace

double estimate(const Ruleset& ruleset, const Costs& costs) {
  double dearest = 0;
  for (const Table& table : ruleset.tables) {
    for (const Chain& chain : table.chains) {
      if (!chain.hook) continue;
      const Walk walk = Estimate(table, costs).walk(chain);
      const double hit = walk.weight > 0 ? walk.hits / walk.weight : 0;
      dearest = std::max(dearest, Costs::mixed(hit, walk.miss));
    }
  }
  return dearest;
}

}  // namespace portpolicy::nft
