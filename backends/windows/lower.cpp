#include "backends/windows/lower.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "backends/windows/blocks.h"
#include "backends/windows/domain.h"
#include "backends/windows/expressible.h"
#include "backends/windows/names.h"
#include "backends/windows/rule_maker.h"
#include "compiler/filter/boxes.h"

namespace portpolicy::windows {
namespace {

/// Pairs of boxes that may be compared, over the whole policy: a second or two.
constexpr std::size_t most_work = 20'000'000;

/// Something that rules have in common and that is told once: of the first, and how many others there are.
class ToldOnce {
 public:
  void add(std::uint32_t origin) {
    if (origins_.empty()) first_ = origin;
    origins_.insert(origin);
  }
  void tell(const filter::Filter& filter, std::string_view what, Diagnostics& diagnostics) const {
    if (origins_.empty()) return;
    const filter::Origin& first = filter.origins[first_];
    std::string message =
        (first.name == "default" ? "the default" : "rule `" + first.name + "`") + " " + std::string(what);
    if (const std::size_t more = origins_.size() - 1; more != 0)
      message += "; so it is with " + std::to_string(more) + (more == 1 ? " other" : " others");
    diagnostics.add(Code::said_otherwise, first.where, std::move(message));
  }

 private:
  std::set<std::uint32_t> origins_;
  std::uint32_t first_ = 0;
};

/// Where the default says the same, nothing remains to be said by a rule.
bool has_every_packet(const Entry& entry) {
  return std::ranges::any_of(entry.boxes, [](const Box& box) {
    return box.protocols.all() && box.source.is_all() && box.destination.is_all();
  });
}

/// Whether nothing of the direction is denied on the loopback interface, as far as base traffic has it.
bool lets_loopback_pass(const filter::Filter& filter, const filter::Chain& chain, Direction direction) {
  return std::ranges::any_of(chain.rules, [&](const filter::Rule& rule) {
    const auto* verdict = std::get_if<Verdict>(&rule.action);
    if (verdict == nullptr || *verdict != Verdict::allow || rule.limit) return false;
    return std::ranges::any_of(filter::boxes_of(filter, rule, direction), [&](const Box& box) {
      return box.protocols.all() && box.source.is_all() && box.destination.is_all() && box.states == StateSet::all() &&
             is_only_loopback(direction == Direction::inbound ? box.in : box.out);
    });
  });
}

class Lowering {
 public:
  Lowering(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics)
      : filter_(filter), options_(options), diagnostics_(diagnostics) {}

  Ruleset run() {
    refuse_or_leave_out();
    if (diagnostics_.has_errors()) return std::move(result_);
    for (const Direction direction : {Direction::inbound, Direction::outbound})
      if (const auto& hook = filter_.hooks[static_cast<std::size_t>(direction)]) lower_hook(*hook, direction);
    tell();
    give_names(result_.rules);
    return std::move(result_);
  }

 private:
  void refuse_or_leave_out();
  void lower_hook(const filter::Hook& hook, Direction direction);
  std::vector<Entry> entries_of(const filter::Chain& chain, Direction direction);
  void note(const filter::Rule& rule, Verdict verdict);
  void note_unfiltered(const filter::Rule& rule, Verdict verdict, const std::vector<Box>& judged_boxes);
  void lower_allow(const Entry& entry, Direction direction, bool default_denies);
  void lower_deny(const std::vector<Entry>& entries, std::size_t place, Direction direction, bool default_denies);
  bool add(const std::vector<Box>& boxes, Action action, Direction direction, std::uint32_t origin,
           const std::string& description);
  std::string description_of(std::uint32_t origin, const std::vector<std::uint32_t>& cut_by) const;
  void report(const Explosion& explosion, std::string_view what);
  void report_too_many(const Entry& last);
  void tell() const;

  const filter::Filter& filter_;
  const Options& options_;
  Diagnostics& diagnostics_;
  Ruleset result_;
  std::set<std::uint32_t> left_out_;  // origins
  Budget work_{most_work};
  std::size_t most_added_ = 1;  // by one deny
  std::optional<Explosion> largest_;
  std::size_t entries_ = 0;  // of all lists
  ToldOnce rejects_, logs_, unfiltered_, partly_unfiltered_, by_default_, other_protocols_;
};

void Lowering::refuse_or_leave_out() {
  for (Inexpressible& found : inexpressible(filter_)) {
    if (!options_.skip_unsupported || !found.may_be_left_out) {
      diagnostics_.add(Code::not_expressible, found.where, found.what + " " + found.why, found.help);
      continue;
    }
    LeftOut left_out{std::move(found.what), std::move(found.why), found.where};
    if (found.origin) {
      left_out_.insert(*found.origin);
      left_out.rule = filter_.origins[*found.origin].name;
    }
    result_.left_out.push_back(std::move(left_out));
  }
}

void Lowering::lower_hook(const filter::Hook& hook, Direction direction) {
  const bool default_denies = hook.otherwise != Verdict::allow;
  result_.defaults[static_cast<std::size_t>(direction)] = default_denies ? Action::block : Action::allow;
  const filter::Chain& chain = filter_.chains[hook.chain.index];
  if (default_denies && !lets_loopback_pass(filter_, chain, direction))
    diagnostics_.add(Code::said_otherwise, {},
                     "the policy denies " + std::string(to_string(direction)) +
                         " packets on the loopback interface, and Windows Firewall never filters these");
  const std::vector<Entry> entries = entries_of(chain, direction);
  for (std::size_t place = 0; place < entries.size(); ++place) {
    if (entries[place].allows) lower_allow(entries[place], direction, default_denies);
    else lower_deny(entries, place, direction, default_denies);
    if (!diagnostics_.has_errors()) report_too_many(entries[place]);
    // No packet comes to the rules behind a rule for every packet.
    if (diagnostics_.has_errors() || has_every_packet(entries[place])) return;
  }
}

std::vector<Entry> Lowering::entries_of(const filter::Chain& chain, Direction direction) {
  std::vector<Entry> entries;
  for (const filter::Rule& rule : chain.rules) {
    if (left_out_.contains(rule.origin)) continue;
    const Verdict verdict = std::get<Verdict>(rule.action);
    note(rule, verdict);
    std::vector<Box> boxes = judged(filter::boxes_of(filter_, rule, direction), direction);
    note_unfiltered(rule, verdict, boxes);
    if (!boxes.empty()) entries.push_back({std::move(boxes), verdict == Verdict::allow, rule.origin});
  }
  return entries;
}

void Lowering::note(const filter::Rule& rule, Verdict verdict) {
  if (verdict == Verdict::reject) rejects_.add(rule.origin);
  if (!rule.log) return;
  logs_.add(rule.origin);
  (verdict == Verdict::allow ? result_.log_allowed : result_.log_blocked) = true;
}

void Lowering::note_unfiltered(const filter::Rule& rule, Verdict verdict, const std::vector<Box>& judged_boxes) {
  if (filter_.origins[rule.origin].place.empty()) return;  // base traffic
  if (verdict == Verdict::allow && judged_boxes.empty()) unfiltered_.add(rule.origin);
  if (verdict != Verdict::allow && std::ranges::any_of(judged_boxes, names_unfiltered))
    partly_unfiltered_.add(rule.origin);
}

void Lowering::lower_allow(const Entry& entry, Direction direction, bool default_denies) {
  if (!default_denies && has_every_packet(entry)) return;
  if (!add(entry.boxes, Action::allow, direction, entry.origin, description_of(entry.origin, {})))
    unfiltered_.add(entry.origin);
}

void Lowering::lower_deny(const std::vector<Entry>& entries, std::size_t place, Direction direction,
                          bool default_denies) {
  const Entry& deny = entries[place];
  if (default_denies && has_every_packet(deny)) {
    if (filter_.origins[deny.origin].name != "default") by_default_.add(deny.origin);
    return;
  }
  const auto block = block_of(entries, place, default_denies, options_.most_rules_of_one, work_);
  if (!block)
    return report(block.error(), work_.steps == 0 ? "is too complex for Windows Firewall"
                                                  : "becomes too many rules of Windows Firewall");
  if (block->leaves_protocols_to_default) other_protocols_.add(deny.origin);
  const std::size_t before = result_.rules.size();
  add(block->boxes, Action::block, direction, deny.origin, description_of(deny.origin, block->cut_by));
  const std::size_t added = result_.rules.size() - before;
  if (block->cut_by.empty()) return;
  if (added > options_.most_rules_of_one)
    report(block->culprit, "becomes " + std::to_string(added) + " rules of Windows Firewall");
  if (added <= most_added_) return;
  most_added_ = added;
  largest_ = block->culprit;
}

bool Lowering::add(const std::vector<Box>& boxes, Action action, Direction direction, std::uint32_t origin,
                   const std::string& description) {
  bool any = false;
  for (const Box& box : boxes)
    for (Conditions& conditions : conditions_of(box, direction)) {
      any = true;
      for (const AddressSet* list : {&conditions.local, &conditions.remote})
        if (!list->is_all()) entries_ += list->v4.intervals().size() + list->v6.intervals().size();
      result_.rules.push_back(
          {{}, direction, action, std::move(conditions), filter_.origins[origin].name, description});
    }
  return any;
}

/// `policy.yaml:12; without what http and 3 others allow`
std::string Lowering::description_of(std::uint32_t origin, const std::vector<std::uint32_t>& cut_by) const {
  constexpr std::size_t most_named = 3;
  std::string text = filter_.origins[origin].place;
  if (text.empty()) text = "base traffic of the policy";
  if (cut_by.empty()) return text;
  text += "; without what ";
  for (std::size_t i = 0; i < std::min(cut_by.size(), most_named); ++i)
    text += (i == 0 ? "" : ", ") + filter_.origins[cut_by[i]].name;
  if (cut_by.size() > most_named) text += " and " + std::to_string(cut_by.size() - most_named) + " more";
  return text + (cut_by.size() == 1 ? " allows" : " allow");
}

void Lowering::report(const Explosion& explosion, std::string_view what) {
  const filter::Origin& deny = filter_.origins[explosion.deny];
  const filter::Origin& allow = filter_.origins[explosion.allow];
  std::vector<Label> related;
  if (!allow.place.empty()) related.push_back({allow.where, "`" + allow.name + "` lets a part of it pass before"});
  diagnostics_.add(Code::too_many_rules, deny.where,
                   "rule `" + deny.name + "`, without what `" + allow.name + "` allows before it, " + std::string(what),
                   "Windows knows no order, so a deny has to leave out each earlier allow; let it name protocols and "
                   "ports, such as `[tcp, udp]`, or put it above the allows",
                   std::move(related));
}

void Lowering::report_too_many(const Entry& last) {
  const std::size_t rules = result_.rules.size();
  const bool too_many_rules = rules > options_.most_rules;
  if (!too_many_rules && entries_ <= options_.most_entries) return;
  if (too_many_rules && largest_)
    return report(*largest_, "becomes " + std::to_string(most_added_) + " rules, and others are like it: up to `" +
                                 filter_.origins[last.origin].name + "` the policy has become " +
                                 std::to_string(rules) + " rules of Windows Firewall, of which it may have " +
                                 std::to_string(options_.most_rules));
  const filter::Origin& origin = filter_.origins[last.origin];
  diagnostics_.add(Code::too_many_rules, origin.where,
                   "up to rule `" + origin.name + "` the policy has become " + std::to_string(rules) +
                       " rules of Windows Firewall with " + std::to_string(entries_) +
                       " networks in their lists; it may have " + std::to_string(options_.most_rules) + " and " +
                       std::to_string(options_.most_entries),
                   "shorten its lists of addresses; Windows takes " + std::to_string(most_entries) + " a rule");
}

void Lowering::tell() const {
  rejects_.tell(filter_, "rejects, and Windows Firewall only drops: nobody gets an answer", diagnostics_);
  logs_.tell(filter_, "asks for a log, and Windows Firewall logs by profile: every packet of this verdict is logged",
             diagnostics_);
  unfiltered_.tell(filter_, "allows only what Windows Firewall never filters, and is not written", diagnostics_);
  partly_unfiltered_.tell(
      filter_,
      "names loopback or unspecified addresses too, which Windows Firewall never filters: these are left "
      "out",
      diagnostics_);
  by_default_.tell(filter_,
                   "denies all that is left, which the default of the profile does: it is not written, and rules of "
                   "others may allow more",
                   diagnostics_);
  other_protocols_.tell(
      filter_,
      "denies all protocols but some, which Windows Firewall cannot say: tcp, udp, icmp and icmpv6 are "
      "blocked, and the others denied by the default of the profile",
      diagnostics_);
}

}  // namespace

Ruleset lower(const filter::Filter& filter, const Options& options, Diagnostics& diagnostics) {
  return Lowering(filter, options, diagnostics).run();
}

}  // namespace portpolicy::windows
