#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "backends/iptables/read_limits.h"
#include "backends/iptables/read_match.h"
#include "backends/iptables/read_set_match.h"
#include "backends/iptables/read_work.h"

namespace portpolicy::iptables::text {

/// Turns the rules of one family into those of a filter.
class Effects {
 public:
  /// Finds the chain that a rule calls; nothing when there is none, which is then said by the caller.
  using FindChain = std::function<std::optional<filter::ChainId>(const Place&, std::string_view)>;
  Effects(Family family, Sets& sets, Writer& writer, Remarks& remarks, FindChain find_chain)
      : family_(family),
        writer_(writer),
        remarks_(remarks),
        find_chain_(std::move(find_chain)),
        matches_(family, writer),
        set_matches_(family, sets, writer),
        limits_(family, writer, remarks) {}

  void add(const Place& place, const Rule& rule);
  /// Rules that are not in the filter take from the limits that they name.
  void distrust_limits(const RuleLine& line, const Rule& rule) { limits_.distrust(line, rule); }
  /// When all rules are added.
  void finish() { limits_.finish(); }

 private:
  void add_one(const Place& place, const Rule& rule, std::optional<std::size_t> source,
               std::optional<std::size_t> destination);
  bool ask_match(Work& work, const MatchUse& use);
  void ask_limits_before(Work& work);
  bool decide(Work& work);
  std::optional<filter::Action> action(Work& work, bool& refused);
  bool reject(Work& work);
  bool log(Work& work);
  void decide_anything(Work& work);
  void put_noticed(Work& work);
  void put(Work& work, const filter::Action& action);
  void put_through(Work& work, std::size_t count, const filter::Action& action);

  Family family_;
  Writer& writer_;
  Remarks& remarks_;
  FindChain find_chain_;
  Matches matches_;
  SetMatches set_matches_;
  Limits limits_;
};

}  // namespace portpolicy::iptables::text
