#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/filter/filter.h"
#include "compiler/packets/box.h"
#include "host/nftables/held.h"

namespace portpolicy::host {

/// Packets, as far as they can be told; and what else must be true of them.
struct Case {
  Box box;
  std::vector<filter::OpaqueId> opaque;
};

/// What a rule asks besides its `base`.
struct Stage {
  enum class Kind : std::uint8_t {
    any_of,   ///< goes on when one of the cases holds
    none_of,  ///< goes on when none does
    within,   ///< goes on while the limit holds; the one case is what the rule asked before it
    over,     ///< goes on when it does not; the same
    perhaps   ///< in one of the cases the way may end here, with the verdict of the same place in `perhaps`
  } kind;
  std::vector<Case> cases;
  std::optional<filter::LimitId> limit;
};
/// The verdicts of a stage `perhaps`.
inline constexpr std::array perhaps{Verdict::allow, Verdict::deny, Verdict::reject};

struct Ending {
  Case when;
  filter::Action action;
};

/// A rule in terms of packets. It matches the packets of `base` that get through all stages; then the first ending that holds
/// says what becomes of them. Limits take from their buckets for more packets than the rule matches.
struct ReadRule {
  Case base;
  std::vector<Stage> stages;
  std::vector<Ending> endings;  ///< none: the rule decides nothing, or matches nothing
  bool overlapping = false;     ///< whether two endings with different actions may hold at once
  std::optional<filter::Log> log;
};

/// What a rule is read into, besides itself. Chains and sets are those of the rule's table.
class RuleContext {
 public:
  virtual ~RuleContext() = default;
  virtual filter::OpaqueId opaque(const std::string& condition) = 0;
  /// A limit of its own; nothing when portpolicy has no word for it.
  virtual std::optional<filter::LimitId> limit(const HeldLimit& limit) = 0;
  /// That of the table's limit of this name.
  virtual std::optional<filter::LimitId> named_limit(const std::string& name) = 0;
  /// That of the set, whose elements are sources; nothing also when the set has another use.
  virtual std::optional<filter::LimitId> source_limit(const std::string& set, const HeldLimit& limit) = 0;
  /// Something is done with the set besides taking from the limits of its elements.
  virtual void other_use(const std::string& set) = 0;
  virtual const HeldLimit* limit_named(const std::string& name) = 0;
  virtual const HeldSet* set(const std::string& name) = 0;
  virtual std::optional<filter::ChainId> chain(const std::string& name) = 0;
};

/// `known` is what is known of every packet that the table sees.
ReadRule read_rule(const HeldRule& rule, const Box& known, RuleContext& context);

}  // namespace portpolicy::host
