#include "backends/nftables/lower.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backends/common/arrange.h"
#include "backends/common/conditions.h"
#include "backends/common/limits.h"
#include "backends/common/text.h"
#include "backends/nftables/chain_depth.h"
#include "backends/nftables/estimate.h"
#include "backends/nftables/expressible.h"
#include "backends/nftables/shapes.h"
#include "backends/nftables/table_writer.h"
#include "compiler/filter/calls.h"

namespace portpolicy::nft {
namespace {

/// Which rules match nothing in either family, by chain.
using LeftOut = std::map<std::uint32_t, std::vector<std::uint32_t>>;
LeftOut left_out(const filter::Filter& filter) {
  LeftOut result;
  for (const std::uint32_t chain : filter::reachable_chains(filter))
    for (const filter::Rule& rule : filter.chains[chain].rules)
      if (families_of(filter, backend::conditions_of(filter, rule)).empty()) result[chain].push_back(rule.origin);
  return result;
}

/// Writes the chains of the filter into one table.
class TableLowering {
 public:
  TableLowering(const filter::Filter& filter, const Options& options, TableFamily family, const LeftOut& left_out,
                std::vector<std::string>& comments)
      : filter_(filter), options_(options), left_out_(left_out), writer_(filter, options, family, comments) {
    if (family == TableFamily::ip) scopes_ = {Family::ipv4};
    else if (family == TableFamily::ip6) scopes_ = {Family::ipv6};
    else if (options.optimize == Optimize::fast) scopes_ = {Family::ipv4, Family::ipv6};
    else scopes_ = {std::nullopt};
  }

  Table run() {
    for (const Direction direction : directions) {
      const auto& hook = filter_.hooks[static_cast<std::size_t>(direction)];
      if (!hook) continue;
      const Answer policy = hook->otherwise == Verdict::allow ? Answer::accept : Answer::drop;
      bases_[direction] = writer_.add_base_chain(std::string(to_string(direction)), {direction, policy});
    }
    const std::vector<std::uint32_t> called = filter::called_chains(filter_);
    for (const std::optional<Family> scope : scopes_) {
      writer_.only(scope);
      for (const std::uint32_t chain : called)
        writer_.set_called(chain, writer_.add_chain("chain_", filter_.chains[chain].name, suffix(scope)));
    }
    for (const auto& [direction, base] : bases_) lower_hook(direction, base);
    for (const std::optional<Family> scope : scopes_) {
      writer_.only(scope);
      for (const std::uint32_t chain : called) lower_chain(chain, *writer_.called(chain));
    }
    return writer_.take();
  }

 private:
  /// Of a chain that has a twin for the other family.
  std::string_view suffix(std::optional<Family> scope) const { return scopes_.size() > 1 ? suffix_of(*scope) : ""; }

  void lower_hook(Direction direction, ChainId base) {
    const filter::Hook& hook = *filter_.hooks[static_cast<std::size_t>(direction)];
    for (const std::optional<Family> scope : scopes_) {
      writer_.only(scope);
      const std::optional<ChainId> called = writer_.called(hook.chain.index);
      const std::string& name = filter_.chains[hook.chain.index].name;
      const std::optional<ChainId> twin = scopes_.size() == 1 ? std::nullopt
                                          : called            ? called
                                                   : writer_.add_chain("", to_string(direction), suffix(scope));
      if (twin) writer_.add(base, {{FamilyIs{*scope}}, {}, Jump{*twin}, writer_.new_comment(to_string(*scope))});
      else if (called) writer_.add(base, {{}, {}, Jump{*called}, writer_.new_comment(name)});
      if (!called) lower_chain(hook.chain.index, twin.value_or(base));
    }
    if (hook.otherwise != Verdict::reject) return;
    const std::uint32_t comment = writer_.new_comment("default");
    writer_.add(base, {{ProtocolIn{{protocols::tcp}}}, {}, Answer::reset, comment});
    writer_.add(base, {{}, {}, Answer::admin_prohibited, comment});
  }

  void lower_chain(std::uint32_t index, ChainId to) {
    const filter::Chain& chain = filter_.chains[index];
    if (const auto found = left_out_.find(index); found != left_out_.end()) writer_.chain(to).left_out = found->second;
    if (!writer_.scope() || options_.optimize != Optimize::fast) {
      for (const filter::Rule& rule : chain.rules) writer_.lower_rule(rule, to);
      return;
    }
    const bool merge = !options_.counters;
    for (const backend::Piece& piece :
         backend::arrange(filter_, chain, *writer_.scope(), options_.costs.merge, merge)) {
      if (piece.rule != nullptr) writer_.lower_rule(*piece.rule, to);
      else write_tabular(writer_, piece, to, chain.name);
    }
  }

  const filter::Filter& filter_;
  const Options& options_;
  const LeftOut& left_out_;
  TableWriter writer_;
  std::vector<std::optional<Family>> scopes_;  ///< nothing: both in one
  std::map<Direction, ChainId> bases_;
};

Ruleset shaped(const filter::Filter& filter, Options options, Optimize optimize) {
  options.optimize = optimize;
  Ruleset result;
  for (const filter::Origin& origin : filter.origins)
    result.comments.push_back(backend::comment_of(origin, most_comment_bytes));
  if (std::none_of(filter.hooks.begin(), filter.hooks.end(), [](const auto& hook) { return hook.has_value(); }))
    return result;
  const LeftOut unmatched = left_out(filter);
  // A bucket of both families only one table can hold.
  const bool apart = optimize == Optimize::fast && backend::shared_by_families(filter).empty();
  const std::vector<TableFamily> families =
      apart ? std::vector{TableFamily::ip, TableFamily::ip6} : std::vector{TableFamily::inet};
  for (const TableFamily family : families)
    result.tables.push_back(TableLowering(filter, options, family, unmatched, result.comments).run());
  if (optimize == Optimize::fast) result.notes.emplace_back("shape:     fast, rules looked up together");
  if (options.counters)
    result.notes.emplace_back(
        "counters:  one for each rule, which so stands apart; each that a packet comes to costs it some 7 to 20 ns");
  return result;
}

Ruleset cheapest(const filter::Filter& filter, const Options& options) {
  Ruleset fast = shaped(filter, options, Optimize::fast);
  const double cost = estimate(fast, options.costs) + options.costs.noticeable;
  // Where the rules alone are too many, their readable form need not be made.
  std::size_t rules = 0;
  for (const auto& hook : filter.hooks)
    if (hook) rules = std::max(rules, filter.chains[hook->chain.index].rules.size());
  const double least = options.costs.rule * static_cast<double>(rules);
  if (Costs::mixed(least / 2, least) > cost) return fast;
  Ruleset readable = shaped(filter, options, Optimize::readable);
  return estimate(readable, options.costs) > cost ? std::move(fast) : std::move(readable);
}

}  // namespace

Ruleset lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.errors();
  report_inexpressible(filter, diagnostics);
  if (diagnostics.errors() != errors) return {};
  Ruleset result =
      options.optimize == Optimize::automatic ? cheapest(filter, options) : shaped(filter, options, options.optimize);
  report_too_deep(result, diagnostics);
  return result;
}

Ruleset lower(const filter::Filter& filter, Diagnostics& diagnostics) {
  return lower(filter, {.optimize = Optimize::readable, .counters = false, .costs = {}}, diagnostics);
}

}  // namespace portpolicy::nft
