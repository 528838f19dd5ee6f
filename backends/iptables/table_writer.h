#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/iptables/alternatives.h"
#include "backends/iptables/lower.h"
#include "backends/iptables/model.h"
#include "backends/iptables/names.h"

namespace portpolicy::iptables {

/// Writes rules of the filter into the table of one family, and keeps what they share: sets, buckets, chains that log.
class TableWriter {
 public:
  TableWriter(const filter::Filter& filter, const Options& options, Family family, std::vector<std::string>& comments)
      : filter_(filter), options_(options), comments_(comments) {
    table_.family = family;
  }

  Family family() const { return table_.family; }
  const Costs& costs() const { return options_.costs; }
  Table take() { return std::move(table_); }

  /// `PORTPOLICY-<name>`
  ChainId add_chain(std::string_view name);
  /// The chain that a chain of the filter becomes to which rules jump; made when the first one does.
  ChainId called(std::uint32_t filter_chain);
  /// The next of these that is yet to be filled, and its chain of the filter.
  std::optional<std::pair<std::uint32_t, ChainId>> next_called();
  void set_hook(Direction direction, Hook hook) { table_.hooks[static_cast<std::size_t>(direction)] = hook; }
  std::uint32_t new_comment(std::string_view text);
  void add(ChainId to, Rule rule);
  /// A rule of the filter, for the packets of this family that it can have.
  void lower_rule(const filter::Rule& rule, ChainId to);

  /// What asks for these addresses on this side: one match each, of which no two match the same packet.
  std::vector<Match> address_matches(Side side, const std::vector<AddressRange>& ranges, std::string_view name);
  SetId add_set(Set set, std::string_view name);

 private:
  using Conditions = backend::Conditions;
  /// What a rule does when all its conditions are met.
  struct Ending {
    std::optional<BucketId> limit;
    Action action;
    std::uint32_t comment = 0;
    const std::string& name;  ///< of the rule, for chains
  };

  void lower_lines(const filter::Rule& rule, const Conditions& conditions, const Action& action, ChainId to);
  /// Rules that together ask for all of `rest`, and for `asked` before.
  void write(ChainId to, const Matches& asked, std::span<const Alternatives> rest, const Ending& ending);
  void write_way(ChainId to, const Matches& asked, const Alternative& way, std::span<const Alternatives> rest,
                 const Ending& ending);
  std::vector<Alternatives> packet_alternatives(const Conditions& conditions) const;
  Alternatives address_alternatives(const filter::Rule& rule, const Conditions& conditions, Side side);
  Action plain_action(const filter::Rule& rule, backend::TcpShare tcp);
  ChainId ending_chain(const filter::Rule& rule, backend::TcpShare tcp);
  std::string log_prefix(const filter::Rule& rule) const;
  std::optional<BucketId> bucket_of(const filter::Rule& rule);
  const std::string& name_of(const filter::Rule& rule) const { return filter_.origins[rule.origin].name; }

  const filter::Filter& filter_;
  const Options& options_;
  std::vector<std::string>& comments_;
  Table table_;
  Names chain_names_, bucket_names_;
  std::map<filter::AddressSetId, std::vector<Match>> lists_;  ///< as they are asked for in sources
  std::map<std::string, SetId> sets_;                         ///< by name
  std::map<filter::LimitId, BucketId> buckets_;
  std::map<std::uint32_t, ChainId> called_;
  std::vector<std::uint32_t> to_fill_;
  /// By origin, log prefix, verdict or else chain, and what is rejected.
  using EndingKey = std::tuple<std::uint32_t, std::string, std::variant<Verdict, ChainId>, backend::TcpShare>;
  std::map<EndingKey, ChainId> endings_;
};

}  // namespace portpolicy::iptables
