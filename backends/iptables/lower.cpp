#include "backends/iptables/lower.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "backends/common/text.h"
#include "backends/iptables/expressible.h"
#include "backends/iptables/lookups.h"
#include "backends/iptables/table_writer.h"
#include "compiler/filter/calls.h"

namespace portpolicy::iptables {
namespace {

std::string_view chain_name(Direction direction) {
  switch (direction) {
    case Direction::inbound:
      return "IN";
    case Direction::outbound:
      return "OUT";
    case Direction::forward:
      return "FWD";
  }
  std::unreachable();
}

class TableLowering {
 public:
  TableLowering(const filter::Filter& filter, const Options& options, Family family, std::vector<std::string>& comments)
      : filter_(filter),
        options_(options),
        called_chains_(filter::called_chains(filter)),
        writer_(filter, options, family, comments) {}

  Table run() {
    for (const Direction direction : directions) {
      const auto& hook = filter_.hooks[static_cast<std::size_t>(direction)];
      if (hook) lower_hook(*hook, direction, writer_.add_chain(chain_name(direction)));
    }
    while (const auto called = writer_.next_called()) lower_chain(filter_.chains[called->first], called->second);
    return writer_.take();
  }

 private:
  void lower_hook(const filter::Hook& hook, Direction direction, ChainId to) {
    writer_.set_hook(direction, {to, hook.otherwise == Verdict::allow ? Answer::accept : Answer::drop});
    const std::uint32_t chain = hook.chain.index;
    const std::string& name = filter_.chains[chain].name;
    const bool called = std::ranges::find(called_chains_, chain) != called_chains_.end();
    if (called) writer_.add(to, {{}, {}, Jump{writer_.called(chain)}, writer_.new_comment(name)});
    else lower_chain(filter_.chains[chain], to);
    if (hook.otherwise != Verdict::allow && !ends_itself(filter_.chains[chain])) end(to, hook.otherwise);
  }

  /// Whether its last rule decides all that comes to it.
  static bool ends_itself(const filter::Chain& chain) {
    if (chain.rules.empty()) return false;
    const filter::Rule& last = chain.rules.back();
    return last.all_of.empty() && !last.limit && std::holds_alternative<Verdict>(last.action);
  }

  void lower_chain(const filter::Chain& chain, ChainId to) {
    std::vector<backend::Piece> pieces;
    if (rules_to_merge() > 0) pieces = backend::arrange(filter_, chain, writer_.family(), options_.costs.merge, true);
    const auto is_merged = [&](const backend::Piece& piece) { return piece.tabular.size() >= rules_to_merge(); };
    if (std::ranges::none_of(pieces, is_merged)) {
      for (const filter::Rule& rule : chain.rules) writer_.lower_rule(rule, to);
      return;
    }
    for (const backend::Piece& piece : pieces) {
      if (piece.rule != nullptr) writer_.lower_rule(*piece.rule, to);
      else if (is_merged(piece)) write_lookups(writer_, piece, to, chain.name);
      else
        for (const backend::Tabular& rule : piece.tabular) writer_.lower_rule(*rule.rule, to);
    }
  }

  /// From how many rules on they are looked up together; 0: never.
  std::size_t rules_to_merge() const {
    if (options_.counters || options_.optimize == backend::Optimize::readable) return 0;
    return options_.optimize == backend::Optimize::fast ? options_.costs.merged_for_speed
                                                        : options_.costs.merged_at_all;
  }

  void end(ChainId chain, Verdict verdict) {
    const std::uint32_t comment = writer_.new_comment("default");
    if (verdict == Verdict::deny) return writer_.add(chain, {{}, {}, Answer::drop, comment});
    writer_.add(chain, {{ProtocolIs{protocols::tcp}}, {}, Answer::reset, comment});
    writer_.add(chain, {{}, {}, Answer::admin_prohibited, comment});
  }

  const filter::Filter& filter_;
  const Options& options_;
  std::vector<std::uint32_t> called_chains_;
  TableWriter writer_;
};

}  // namespace

Ruleset lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics) {
  Ruleset result;
  report_inexpressible(filter, diagnostics);
  if (diagnostics.has_errors()) return result;
  for (const filter::Origin& origin : filter.origins)
    result.comments.push_back(backend::comment_of(origin, most_comment_bytes));
  for (const Family family : families)
    result.tables.push_back(TableLowering(filter, options, family, result.comments).run());
  return result;
}

}  // namespace portpolicy::iptables
