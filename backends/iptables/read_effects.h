#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "backends/iptables/read_conditions.h"
#include "backends/iptables/read_rule.h"
#include "backends/iptables/read_sets.h"
#include "backends/iptables/read_tables.h"
#include "compiler/filter/remark.h"

namespace portpolicy::iptables::text {

/// What is said of the texts beside the filter.
class Remarks {
 public:
  void not_understood(Span where, std::string text) { add(unknown_, where, std::move(text)); }
  void passed_over(Span where, std::string text) { add(passed_, where, std::move(text)); }
  /// In order of the texts, each once.
  std::vector<filter::Remark> not_understood() const { return list(unknown_); }
  std::vector<filter::Remark> passed_over() const { return list(passed_); }

 private:
  using Places = std::map<std::tuple<FileId, std::uint32_t, std::string>, Span>;
  static void add(Places& places, Span where, std::string text) {
    places.try_emplace({where.file, where.begin, std::move(text)}, where);
  }
  static std::vector<filter::Remark> list(const Places& places);

  Places unknown_, passed_;
};

/// Where a rule stands.
struct Place {
  const Table& table;
  const Chain& chain;
  const RuleLine& line;
  filter::ChainId into;
};

/// Turns the rules of one family into those of a filter.
class Effects {
 public:
  /// Finds the chain that a rule calls; nothing when there is none, which is then said by the caller.
  using FindChain = std::function<std::optional<filter::ChainId>(const Place&, std::string_view)>;
  Effects(Family family, Sets& sets, Writer& writer, Remarks& remarks, FindChain find_chain)
      : family_(family), sets_(sets), writer_(writer), remarks_(remarks), find_chain_(std::move(find_chain)) {}

  void add(const Place& place, const Rule& rule);
  /// Rules that are not in the filter take from the limits that they name.
  void distrust_limits(const RuleLine& line, const Rule& rule);
  /// When all rules are added.
  void finish();

 private:
  /// A limit that a rule asks, behind so many of its matches.
  struct LimitUse {
    filter::LimitId limit;
    bool over = false;
    bool asked = false;  ///< of all packets that come to it, in a rule before
  };
  struct Work;
  using Texts = std::vector<std::string_view>;

  void add_one(const Place& place, const Rule& rule, std::optional<std::size_t> source,
               std::optional<std::size_t> destination);
  bool ask_header(Work& work, const Given& given);
  bool ask_match(Work& work, const MatchUse& use);
  bool ask(Work& work, const MatchUse& use, const Given& given);
  bool ask_protocol(Work& work, const Given& given);
  bool ask_addresses(Work& work, const Given& given, std::optional<std::size_t> only);
  bool ask_interface(Work& work, const Given& given);
  bool ask_ports(Work& work, const Given& given);
  bool ask_port_lists(Work& work, const Given& given);
  bool ask_icmp(Work& work, const Given& given);
  bool ask_flags(Work& work, const Given& given);
  bool ask_states(Work& work, const MatchUse& use, const Given& given);
  bool ask_range(Work& work, const Given& given);
  bool ask_set(Work& work, const MatchUse& use);
  void ask_groups(Work& work, const std::string& name, const Set& set, const std::vector<SetGroup>& groups,
                  const Texts& directions, bool negated);
  bool ask_limit(Work& work, const MatchUse& use);
  bool ask_hashlimit(Work& work, const MatchUse& use);
  void ask_text(Work& work, const std::string& text, Extent where, bool negated, bool fixed = true);
  void ask_limits_before(Work& work);
  bool is_fixed_here(const Work& work, std::string_view match) const;

  bool decide(Work& work);
  std::optional<filter::Action> action(Work& work, bool& refused);
  bool reject(Work& work);
  bool log(Work& work);
  void decide_anything(Work& work);
  void put_noticed(Work& work);
  void put(Work& work, const filter::Action& action);
  void put_through(Work& work, std::size_t limits, const filter::Action& action);
  filter::AddressSetId address_set(const std::string& name, const AddressSet& addresses, bool outside);

  Family family_;
  Sets& sets_;
  Writer& writer_;
  Remarks& remarks_;
  FindChain find_chain_;
  struct Shared {
    filter::LimitId limit;
    std::string said;
    bool trusted = true;
  };
  std::unordered_map<std::string, Shared> hashlimits_;
  std::unordered_map<std::string, filter::AddressSetId> sets_in_filter_;
  std::vector<std::pair<filter::LimitId, std::string>> distrusted_;
};

}  // namespace portpolicy::iptables::text
