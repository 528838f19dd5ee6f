#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/checks/checks.h"
#include "compiler/checks/expressions.h"
#include "compiler/checks/icmp_states.h"
#include "compiler/graph/boxes.h"

// Checks regard the state of a packet as free, so nothing else sees that an echo reply is never new. With `established`
// and `invalid` in `base`, no rule decides about what only answers; and with `icmp`, about what that allows. It is a finding
// where base traffic may have another verdict than the rule.

namespace portpolicy::checks {
namespace {

/// What base traffic can say of the packets of a service, which it decides all; by a packet for each verdict.
struct Decided {
  std::optional<Packet> allowed, denied;
};

/// Whether a packet of this type can be one of a connection that stands, by its own right: the replies.
bool is_reply(Family family, unsigned type) {
  if (family == Family::ipv4) return type == 0 || type == 14 || type == 16 || type == 18;
  return type == 129 || type == 140;
}

/// Whether it tells of a packet of a connection.
bool is_error(Family family, unsigned type) {
  if (family == Family::ipv4) return (3 <= type && type <= 5) || type == 11 || type == 12;
  return type < 128;
}

class Search {
 public:
  Search(const syntax::Policy& policy, const Graph& graph, Direction direction, Diagnostics& diagnostics)
      : policy_(policy),
        graph_(graph),
        direction_(direction),
        diagnostics_(diagnostics),
        expressions_(policy),
        base_(boxes_of_base(graph, direction)) {
    if (graph.base.contains(Base::icmp))
      for (const Box& box : boxes_of(Base::icmp, direction))
        for (const Family family : families)
          if (box.protocols.test(protocol_of(family).number)) needed(family) = box.icmp;
  }

  void look_at(const Rule& rule);

 private:
  static Protocol protocol_of(Family family) { return family == Family::ipv4 ? protocols::icmp : protocols::icmpv6; }
  IcmpSet& needed(Family family) { return needed_[static_cast<std::size_t>(family)]; }

  std::optional<Decided> decided(const Rule& rule, const std::vector<Transport>& transports);
  bool take(Box box, Family family, Decided& decided);
  /// Whether base traffic decides all of the rule in every state; then that is what is said of it.
  bool is_base_traffic(const Rule& rule) const;
  void report(const Rule& rule, Span where, const Packet& packet);

  const syntax::Policy& policy_;
  const Graph& graph_;
  Direction direction_;
  Diagnostics& diagnostics_;
  Expressions expressions_;
  std::vector<Box> base_;
  std::array<IcmpSet, 2> needed_;  // by family: what base traffic allows in every state
};

void Search::look_at(const Rule& rule) {
  const auto is_icmp = [](const Transport& transport) {
    return transport.protocol == protocols::icmp || transport.protocol == protocols::icmpv6;
  };
  if (rule.library || std::ranges::none_of(rule.packets.transports, is_icmp) || is_base_traffic(rule)) return;
  for (const syntax::ServiceExpr& entry : written(policy_, rule, direction_).services) {
    const auto transports = expressions_.transports(entry);
    if (!transports || transports->empty() || !std::ranges::all_of(*transports, is_icmp)) continue;
    const auto by_base = decided(rule, *transports);
    if (!by_base) continue;
    const auto& other = rule.verdict == Verdict::allow ? by_base->denied : by_base->allowed;
    if (other) report(rule, entry.where, *other);
    else if (rule.verdict == Verdict::reject && by_base->denied) report(rule, entry.where, *by_base->denied);
  }
}

bool Search::is_base_traffic(const Rule& rule) const {
  std::vector<const Box*> covers;
  for (const Box& box : base_) covers.push_back(&box);
  return std::ranges::all_of(boxes_of(graph_, rule.packets), [&](const Box& box) {
    Budget budget{1'000};
    const auto left = uncovered(box, covers, budget);
    return left && !*left;
  });
}

/// Nothing when the rule decides some of these packets, or has none of them.
std::optional<Decided> Search::decided(const Rule& rule, const std::vector<Transport>& transports) {
  Selector packets = rule.packets;
  packets.transports = transports;
  Decided result;
  for (Box& box : boxes_of(graph_, packets)) {
    if (graph_.base.contains(Base::loopback)) leave_out_loopback(box, direction_);
    if (empty(box)) continue;
    const Family family = box.protocols.test(protocols::icmp.number) ? Family::ipv4 : Family::ipv6;
    if (!take(std::move(box), family, result)) return std::nullopt;
  }
  return result.allowed || result.denied ? std::optional(result) : std::nullopt;
}

bool Search::take(Box box, Family family, Decided& decided) {
  const IcmpSet types = box.icmp;
  for (const auto& range : types.intervals())
    for (unsigned type = range.first >> 8; type <= range.last >> 8u; ++type) {
      const std::uint16_t value = std::max(range.first, icmp_value(static_cast<std::uint8_t>(type), 0));
      box.icmp = IcmpSet::of({value, value});
      if (needed(family).contains(value)) {
        box.states = StateSet::of(State::new_);
        if (!decided.allowed) decided.allowed = example(box, direction_);
        continue;
      }
      if (!only_answers(family, static_cast<std::uint8_t>(type))) return false;
      const bool belongs = is_reply(family, type) || is_error(family, type);
      box.states = StateSet::of(is_reply(family, type) ? State::established : State::related);
      if (belongs && !decided.allowed) decided.allowed = example(box, direction_);
      box.states = StateSet::of(State::invalid);
      if (!decided.denied) decided.denied = example(box, direction_);
    }
  return true;
}

void Search::report(const Rule& rule, Span where, const Packet& packet) {
  const bool needed = base_traffic(graph_, packet) == Base::icmp;
  Diagnostic finding{Code::icmp_answers,
                     Severity::warning,
                     "rule `" + rule.name + "` never decides about this ICMP: " +
                         (needed ? "`base` allows it before any rule"
                                 : "it is never new to connection tracking, so `base` decides before any rule"),
                     {where, ""}};
  finding.help =
      rule.verdict == Verdict::allow
          ? "take it out: answers to what is allowed pass anyway, and others only where `base` has no `invalid`"
          : "take it out, or leave out of `base` what decides it";
  finding.witness = packet;
  diagnostics_.add(std::move(finding));
}

}  // namespace

void icmp_answers(const syntax::Policy& policy, const Graph& graph, Diagnostics& diagnostics) {
  if (!graph.base.contains(Base::established) || !graph.base.contains(Base::invalid)) return;
  for (const Direction direction : directions) {
    Search search(policy, graph, direction, diagnostics);
    for (const Rule& rule : graph.section(direction).rules) search.look_at(rule);
  }
}

}  // namespace portpolicy::checks
