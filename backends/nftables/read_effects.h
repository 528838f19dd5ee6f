#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backends/nftables/read.h"
#include "backends/nftables/read_conditions.h"
#include "backends/nftables/read_groups.h"
#include "backends/nftables/read_rule.h"

namespace portpolicy::nft::text {

/// What is said of the script beside the filter.
class Remarks {
 public:
  explicit Remarks(const Source& source) : source_(source) {}
  void not_understood(Extent where, std::string text) { add(unknown_, where, std::move(text)); }
  void passed_over(Extent where, std::string text) { add(passed_, where, std::move(text)); }
  /// Whether something of this text was not understood there.
  bool has_part_of(std::string_view text, Extent where) const;
  /// In order of the text, each once.
  std::vector<filter::Remark> not_understood() const { return list(unknown_); }
  std::vector<filter::Remark> passed_over() const { return list(passed_); }

 private:
  using Places = std::map<std::pair<std::uint32_t, std::string>, Extent>;
  static void add(Places& places, Extent where, std::string text) {
    places.try_emplace({where.begin, std::move(text)}, where);
  }
  std::vector<filter::Remark> list(const Places& places) const;

  const Source& source_;
  Places unknown_, passed_;
};

/// Where a rule stands.
struct Place {
  const Table& table;
  std::string_view chain;
  filter::ChainId into;
  std::optional<filter::ChainId> accept;  ///< where packets go on that the chain accepts; nothing: they pass
};

/// Turns rules into those of a filter.
class Effects {
 public:
  using FindChain = std::function<filter::ChainId(const Place&, const Action&)>;
  Effects(const Source& source, Sets& sets, const Interfaces& interfaces, Writer& writer, Remarks& remarks,
          FindChain find_chain)
      : source_(source),
        sets_(sets),
        interfaces_(interfaces),
        writer_(writer),
        remarks_(remarks),
        find_chain_(std::move(find_chain)) {}

  void add(const Place& place, const Rule& rule);
  /// What the rules that were added ask of the limits that this one shares with them cannot be told: packets come to it
  /// from elsewhere.
  void distrust_limits(const Table& table, std::string_view chain, const Rule& rule);
  /// A rule that may drop, or not.
  void add_uncertain_drop(const Place& place, Extent where, const std::string& text);

 private:
  struct Work;
  const std::vector<Group>* groups(const Elements& elements, bool is_map);
  const Elements* elements_of(const Lookup& lookup, const Rule& rule);
  bool matters_elsewhere(const Rule& rule);
  bool is_understood(const Lookup& lookup, const Rule& rule);
  void add_to_notice(Work work);
  void ask(Work& work, const Match& match);
  void ask_lookup(Work& work, const Lookup& lookup);
  void ask_unknown(Work& work, const Unknown& unknown);
  void ask_text(Work& work, const std::string& text, Extent where, bool fixed, bool negated = false);
  void ask_not_understood(Work& work, const Lookup& lookup);
  std::vector<Conditions> with_groups(const std::vector<Conditions>& before, const Lookup& lookup,
                                      const std::vector<Group>& groups);
  Conditions narrowed(Conditions conditions, const Lookup& lookup, const Group& group);
  std::optional<filter::Action> action(const Work& work, const Action& action);
  filter::LimitId limit(const Work& work, const LimitUse& use, std::size_t place);
  static std::string name_of_shared(const LimitUse& use);
  Conditions any(const Work& work) const;
  void ask_limits(Work& work, std::size_t place, bool decides);
  void ask_limit(Work& work, std::size_t index);
  filter::ChainId pass_limits(const Work& work, filter::ChainId chain, std::size_t count);
  void decide(Work& work);
  void decide_plainly(Work& work, std::optional<filter::LimitId> limit);
  bool decide_in_helper(Work& work);
  void decide_anything(Work& work, const std::string& text, Extent where);
  void add_to(filter::ChainId chain, const Work& work, const Conditions& conditions, const filter::Action& action,
              std::optional<filter::LimitId> limit);

  const Source& source_;
  Sets& sets_;
  const Interfaces& interfaces_;
  Writer& writer_;
  Remarks& remarks_;
  FindChain find_chain_;
  std::unordered_map<const Elements*, std::optional<std::vector<Group>>> groups_;
  std::deque<Elements> kept_;  ///< sets of rules, which others refer to
  std::map<std::pair<const Table*, std::string>, filter::LimitId> limits_;
};

}  // namespace portpolicy::nft::text
