#include "backends/nftables/chain_depth.h"

#include <algorithm>
#include <vector>

namespace portpolicy::nft {
namespace {

std::optional<ChainId> called_by(const Rule& rule) {
  if (const auto* jump = std::get_if<Jump>(&rule.action)) return jump->chain;
  if (const auto* go = std::get_if<Goto>(&rule.action)) return go->chain;
  return std::nullopt;
}

class Depths {
 public:
  explicit Depths(const Ruleset& ruleset) : ruleset_(ruleset), known_(ruleset.chains.size()) {}

  /// How many calls follow one another from this chain on; at most `most_jumps + 1`, which is where a circle ends too.
  std::size_t below(ChainId chain, std::size_t left = most_jumps + 1) {
    if (known_[chain.index]) return *known_[chain.index];
    if (left == 0) return 0;
    std::size_t depth = 0;
    for (const Rule& rule : ruleset_.chains[chain.index].rules) {
      if (const std::optional<ChainId> next = called_by(rule)) depth = std::max(depth, 1 + below(*next, left - 1));
      if (depth >= left) return left;
    }
    known_[chain.index] = depth;
    return depth;
  }

 private:
  const Ruleset& ruleset_;
  std::vector<std::optional<std::size_t>> known_;
};

}  // namespace

std::optional<ChainId> too_deep(const Ruleset& ruleset) {
  Depths depths(ruleset);
  for (std::size_t i = 0; i < ruleset.chains.size(); ++i) {
    if (depths.below(ChainId(i)) > most_jumps) return ChainId(i);
  }
  return std::nullopt;
}

}  // namespace portpolicy::nft
