#include "tests/support/shapes.h"

namespace portpolicy::test {

std::vector<nft::Options> every_shape() {
  std::vector<nft::Options> all;
  for (const nft::Optimize optimize : {nft::Optimize::readable, nft::Optimize::fast, nft::Optimize::automatic})
    for (const bool counters : {false, true}) all.push_back({optimize, counters, {}});
  nft::Options forced{nft::Optimize::fast, false, {}};
  for (const auto lists :
       {nft::ListShape::lines, nft::ListShape::hashes, nft::ListShape::padded, nft::ListShape::intervals}) {
    for (const auto rules :
         {nft::RuleShape::lines, nft::RuleShape::intervals, nft::RuleShape::hashes, nft::RuleShape::chains}) {
      forced.costs.always_lists = lists;
      forced.costs.always_rules = rules;
      all.push_back(forced);
    }
  }
  return all;
}

std::string said(const nft::Options& options) {
  const auto number = [](auto shape) { return shape ? std::to_string(static_cast<int>(*shape)) : std::string("-"); };
  return "optimize " + std::to_string(static_cast<int>(options.optimize)) + ", counters " +
         std::to_string(options.counters) + ", lists " + number(options.costs.always_lists) + ", rules " +
         number(options.costs.always_rules);
}

}  // namespace portpolicy::test
