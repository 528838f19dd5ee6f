#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "backends/nftables/read_elements.h"
#include "backends/nftables/read_keys.h"
#include "backends/nftables/read_script.h"
#include "compiler/base/limit.h"

namespace portpolicy::nft::text {

/// One field against values that stand in the rule.
struct Test {
  Key key;
  std::vector<Range> ranges;
  bool negated = false;
};
/// Fields against a set of the table, or against a concatenation in the rule.
struct Lookup {
  std::vector<Key> keys;
  const Set* set = nullptr;  ///< nothing: `own`
  std::size_t own = 0;       ///< into `Rule::own`
  bool negated = false;
  std::string text;  ///< to call it by where it is not understood
  Extent where;
};
/// A condition that the model of packets does not have.
struct Unknown {
  std::string text;
  bool negated = false;
  bool fixed = true;             ///< of one packet it is always the same
  std::optional<Family> family;  ///< what nft asks before it
  std::optional<std::uint8_t> protocol;
  Extent where;
};
using Match = std::variant<Test, Lookup, Unknown>;

struct LimitUse {
  Limit limit;
  bool over = false;
  std::string_view shared;  ///< the name of the limit or set that holds the bucket; empty: the rule's own
  bool is_meter = false;
  std::size_t before = 0;  ///< so many matches of the rule are asked before it
};

struct Rule {
  Extent where;
  std::vector<Match> matches;
  std::vector<LimitUse> limits;
  std::optional<std::string> log;
  std::optional<Lookup> map;  ///< `vmap`; its actions come before `action`, which is for `continue`
  std::vector<std::pair<Unknown, Action>> unknown_map;  ///< a verdict map of which the keys are not understood
  Action action;
  std::vector<Elements> own;
  /// A statement that may do anything to the packet, also change what later rules see.
  std::optional<Unknown> does_anything;
  bool changes = false;               ///< it sets a mark or its like, which nothing here asks for
  std::optional<Extent> does_beside;  ///< something that matters elsewhere, such as an offload
};

struct RuleContext {
  const Source& source;
  const Definitions& definitions;
  const Table& table;
  Sets& sets;
  Interfaces& interfaces;
  /// The words before `set` in statements that change something: what is asked of it is not one and the same for a packet.
  const std::set<std::string_view>& changed;
};
/// Nothing when nft would refuse it, which was said.
std::optional<Rule> read_rule(const RuleContext& context, Extent where);
/// What stands between the braces of a limit of a table. False when nft would refuse it, which was said.
bool check_limit(const RuleContext& context, Extent where);

}  // namespace portpolicy::nft::text
