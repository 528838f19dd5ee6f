#include "backends/nftables/chain_depth.h"

#include <algorithm>
#include <vector>

namespace portpolicy::nft {
namespace {

template <class Action>
void add_called(const Action& action, std::vector<ChainId>& chains) {
  if (const auto* jump = std::get_if<Jump>(&action)) chains.push_back(jump->chain);
  if (const auto* go = std::get_if<Goto>(&action)) chains.push_back(go->chain);
}

std::vector<ChainId> called_by(const Table& table, const Rule& rule) {
  std::vector<ChainId> chains;
  add_called(rule.action, chains);
  if (const auto* by = std::get_if<ByMap>(&rule.action))
    for (const Element& element : table.lookups[by->map.index].elements) add_called(element.verdict, chains);
  return chains;
}

class Depths {
 public:
  explicit Depths(const Table& table) : table_(table), known_(table.chains.size()) {}

  /// How many calls follow one another from this chain on; at most `most_jumps + 1`, which is where a circle ends too.
  std::size_t below(ChainId chain, std::size_t left = most_jumps + 1) {
    if (known_[chain.index]) return *known_[chain.index];
    if (left == 0) return 0;
    std::size_t depth = 0;
    for (const Rule& rule : table_.chains[chain.index].rules) {
      for (const ChainId next : called_by(table_, rule)) depth = std::max(depth, 1 + below(next, left - 1));
      if (depth >= left) return left;
    }
    known_[chain.index] = depth;
    return depth;
  }

 private:
  const Table& table_;
  std::vector<std::optional<std::size_t>> known_;
};

}  // namespace

std::optional<ChainId> too_deep(const Table& table) {
  Depths depths(table);
  for (std::size_t i = 0; i < table.chains.size(); ++i) {
    if (depths.below(ChainId(i)) > most_jumps) return ChainId(i);
  }
  return std::nullopt;
}

}  // namespace portpolicy::nft
