#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "backends/iptables/read_conditions.h"
#include "backends/iptables/read_rule.h"
#include "backends/iptables/read_tables.h"
#include "compiler/filter/remark.h"

namespace portpolicy::iptables::text {

/// What is said of the texts beside the filter.
class Remarks {
 public:
  void not_understood(Span where, std::string text) { add(unknown_, where, std::move(text)); }
  void passed_over(Span where, std::string text) { add(passed_, where, std::move(text)); }
  void unused_chain(Span where, std::string name) { add(unused_, where, std::move(name)); }
  /// In order of the texts, each once.
  std::vector<filter::Remark> not_understood() const { return list(unknown_); }
  std::vector<filter::Remark> passed_over() const { return list(passed_); }
  std::vector<filter::Remark> unused_chains() const { return list(unused_); }

 private:
  using Places = std::map<std::tuple<FileId, std::uint32_t, std::string>, Span>;
  static void add(Places& places, Span where, std::string text) {
    places.try_emplace({where.file, where.begin, std::move(text)}, where);
  }
  static std::vector<filter::Remark> list(const Places& places);

  Places unknown_, passed_, unused_;
};

/// Where a rule stands.
struct Place {
  const Table& table;
  const Chain& chain;
  const RuleLine& line;
  filter::ChainId into;
};

/// A limit that a rule asks.
struct LimitUse {
  filter::LimitId limit;
  bool over = false;
  bool asked = false;  ///< of all packets that come to it, in a rule before
};

/// One rule on its way into the filter.
struct Work {
  const Place& place;
  const Rule& rule;
  std::uint32_t line = 0;
  std::string name;
  std::uint32_t origin = 0;
  std::vector<Conditions> branches;  ///< any of these, of which no packet meets two
  std::vector<LimitUse> limits;
  std::optional<filter::Log> log;
  std::vector<std::pair<Extent, std::string>> not_understood;
  bool matters = true;  ///< false: it decides nothing, and takes from no bucket of others

  const Source& source() const { return *place.line.source; }
  bool refuse(Extent where, std::string message, std::string help = {}) const {
    return source().refuse(where, std::move(message), std::move(help));
  }
  /// What is not understood is asked of all branches. What is not fixed is equal to nothing on other lines.
  void ask_text(const std::string& text, Extent where, bool negated, bool fixed = true);
  /// The branches, once with each of these changes.
  template <class... Changes>
  void fork(Changes... changes) {
    std::vector<Conditions> after;
    after.reserve(branches.size() * sizeof...(changes));
    for (const Conditions& branch : branches)
      (
          [&] {
            after.push_back(branch);
            changes(after.back());
          }(),
          ...);
    branches = std::move(after);
  }
};

/// An option as it would be written behind the `!`.
std::string text_of(const Given& given);
std::string text_of(std::string_view before, const std::vector<Given>& all);
const Given* find(const std::vector<Given>& all, Option option);
/// What stands between the separators; at least one.
std::vector<std::string_view> parts(std::string_view text, char separator);

}  // namespace portpolicy::iptables::text
