#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "backends/common/conditions.h"
#include "backends/nftables/alternatives.h"
#include "backends/nftables/lower.h"
#include "backends/nftables/model.h"
#include "backends/nftables/names.h"
#include "compiler/filter/filter.h"

namespace portpolicy::nft {

using backend::Conditions;
using backend::TcpShare;

/// Fills one table: its chains, the lines of rules, and the sets and limits that they need.
class TableWriter {
 public:
  /// `comments` begin with one for each origin of the filter. Every rule of the filter can be said in nft.
  TableWriter(const filter::Filter& filter, const Options& options, TableFamily family,
              std::vector<std::string>& comments)
      : filter_(filter), options_(options), comments_(comments) {
    table_.family = family;
  }

  Table take() { return std::move(table_); }
  const filter::Filter& filter() const { return filter_; }
  const Options& options() const { return options_; }

  /// From now on rules are written for packets of this family, which need not be asked again; nothing: of both.
  void only(std::optional<Family> family) { only_ = family; }
  std::optional<Family> scope() const { return only_; }

  ChainId add_chain(std::string_view prefix, std::string_view name, std::string_view suffix = {});
  ChainId add_base_chain(std::string name, Hook hook);
  Chain& chain(ChainId id) { return table_.chains[id.index]; }
  /// Where jumps of the filter to one of its chains lead, for packets of the family that is written.
  void set_called(std::uint32_t filter_chain, ChainId chain) { called_[{only_, filter_chain}] = chain; }
  std::optional<ChainId> called(std::uint32_t filter_chain) const;

  void add(ChainId chain, Rule rule) { table_.chains[chain.index].rules.push_back(std::move(rule)); }
  std::uint32_t new_comment(std::string_view text);
  const std::string& comment(std::uint32_t id) const { return comments_[id]; }
  /// One comment for all these origins: how many there are, and where.
  std::uint32_t comment_of(const std::vector<std::uint32_t>& origins);

  /// The lines of a rule that some packet of the family that is written can meet.
  void lower_rule(const filter::Rule& rule, ChainId to);

  /// A lookup; with a name it is `<stem>_4`.
  LookupId add_lookup(std::string_view stem, Lookup lookup);
  /// Matches of which a packet from (or to) these addresses meets exactly one, and any other none. By cost, where the
  /// table is to be fast. `addresses` are neither none nor all.
  std::vector<Match> list_matches(Side side, const Addresses& addresses, std::string_view prefix,
                                  std::string_view name);
  /// The chain that rejects all that comes to it.
  ChainId rejecting_chain(Answer answer);

 private:
  struct PacketAlternative {
    std::optional<Family> family;  ///< nothing: of both
    Matches matches;
  };

  bool fast() const { return options_.optimize == Optimize::fast; }
  std::vector<Family> families_of_rule(const Conditions& conditions) const;
  Action plain_action(const filter::Rule& rule, TcpShare tcp) const;
  ChainId ending_of(const filter::Rule& rule, TcpShare tcp);
  std::string log_prefix(const filter::Rule& rule) const;
  void lower_lines(const filter::Rule& rule, const Conditions& conditions, const Action& action, ChainId to);
  std::vector<PacketAlternative> packet_alternatives(const filter::Rule& rule, const Conditions& conditions,
                                                     const Action& action);
  std::vector<Match> address_matches(const filter::Rule& rule, const Conditions& conditions, Side side, Family family);
  SetId add_set(const Addresses& addresses, std::string_view prefix, std::string_view name, bool padded);
  LimitTest limit_test(const filter::Rule& rule, std::optional<Family> family);
  const std::string& name_of(const filter::Rule& rule) const { return filter_.origins[rule.origin].name; }

  const filter::Filter& filter_;
  const Options& options_;
  std::vector<std::string>& comments_;
  Table table_;
  std::optional<Family> only_;
  Identifiers identifiers_;
  std::map<std::pair<std::optional<Family>, std::uint32_t>, ChainId> called_;
  using EndingKey = std::tuple<std::uint32_t, std::string, bool, bool, std::uint32_t, TcpShare, std::optional<Family>>;
  std::map<EndingKey, ChainId> endings_;
  std::map<Answer, ChainId> rejecting_;
  std::map<std::pair<filter::AddressSetId, Family>, std::vector<Match>> lists_;
  std::map<filter::LimitId, LimitId> limits_;
  std::map<std::pair<filter::LimitId, Family>, SourceTableId> source_tables_;
};

std::string_view suffix_of(Family family);

}  // namespace portpolicy::nft
