#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/nftables/read_script.h"
#include "backends/nftables/read_values.h"

namespace portpolicy::nft::text {

struct Action {
  enum class Kind : std::uint8_t { none, accept, drop, reject, jump, go_to, go_back, go_on, queue };
  Kind kind = Kind::none;
  std::string_view chain;  ///< of jump and goto
  Extent where;
};
/// A verdict other than reject and queue, which a map may hold. Nothing when none stands here.
std::optional<Action> read_verdict(Lexer& lexer);

/// What a set or a verdict map holds.
struct Elements {
  std::vector<Type> types;             ///< one, or those of a concatenation
  bool known = true;                   ///< false: what it holds cannot be told, or changes while packets pass
  std::vector<Range> ranges;           ///< for each element one of each type
  std::vector<std::uint32_t> actions;  ///< of a map, for each element: into `distinct`
  std::vector<Action> distinct;
  bool has_others = false;   ///< `*`
  std::uint32_t others = 0;  ///< in a map, its action

  std::size_t width() const { return types.size(); }
  std::size_t size() const { return types.empty() ? 0 : ranges.size() / types.size(); }
};

/// The sets of the script. Each is read when it is first asked for.
class Sets {
 public:
  Sets(const Source& source, const Definitions& definitions, Interfaces& interfaces);

  /// Nothing when it cannot be read, which was said.
  const Elements* of(const Set& set);
  /// `{ ... }`, from behind its brace on, which goes behind the closing one.
  Read anonymous(Lexer& lexer, std::vector<Type> types, bool is_map, Elements& elements);
  /// Whether some rule adds to a set of this name, or takes from it.
  bool changes(std::string_view name) const { return changing_.contains(name); }
  /// Whether all rules that do do the same.
  bool changes_in_one_way(std::string_view name) const {
    const auto known = changing_.find(name);
    return known == changing_.end() || known->second.size() == 1;
  }

 private:
  struct Known {
    Elements elements;
    bool refused = false;
  };
  bool read(const Set& set, Elements& elements);
  std::vector<Type> types_of(const Set& set);
  Read read_list(Lexer& lexer, bool is_map, Elements& elements, std::string_view close);
  Read read_one(Lexer& lexer, bool is_map, Elements& elements);
  Read read_action(Lexer& lexer, std::uint32_t& action, Elements& elements);
  bool skip_options(Lexer& lexer);
  bool remove(const Elements& gone, Elements& from);
  bool check(const Set& set, const Elements& elements);

  const Source& source_;
  const Definitions& definitions_;
  Interfaces& interfaces_;
  std::unordered_map<std::string_view, std::set<std::string>> changing_;
  std::unordered_map<const Set*, Known> known_;
};

}  // namespace portpolicy::nft::text
