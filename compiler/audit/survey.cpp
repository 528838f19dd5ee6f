#include <algorithm>
#include <cassert>
#include <set>
#include <utility>

#include "compiler/audit/chain_maps.h"
#include "compiler/audit/crossing.h"
#include "compiler/audit/standing.h"
#include "compiler/checks/exposure.h"
#include "compiler/filter/boxes.h"

// Chains are looked at in the order in which packets come to them, so that what may arrive at a chain, and what becomes of
// what leaves it, is known from all who call it. Both are too large rather than too small: who calls a chain is forgotten.
// So a rule that gets nothing here never gets anything, and what all callers agree on is what happens.

namespace portpolicy::audit {
namespace {

using Kind = Standing::Kind;

constexpr std::size_t most_named = 6;  // rules that explain one finding

/// A rule that leads to a chain, with what it sends there and what becomes of what comes back.
struct Call {
  RuleId rule;
  Diagram packets;  ///< 1 for those that may be sent
  Diagram plainly;  ///< of these, the ones that no condition which is not understood had to let through
  Diagram after;    ///< over these, guarded: which verdicts they get once they leave the chain
};

/// Less than a sixteenth of all addresses of each family.
bool is_small(const AddressSet& set) {
  const auto is_few = [](const auto& addresses, Uint128 few) {
    Uint128 count = 0;
    for (const auto& range : addresses.intervals()) count += Uint128{range.last} - range.first;
    return count < few;
  };
  return is_few(set.v4, Uint128{1} << 28) && is_few(set.v6, Uint128{1} << 124);
}

/// Whether both do the same with each packet that is theirs.
bool do_the_same(const filter::Action& a, const filter::Action& b) {
  if (a.index() != b.index()) return false;
  if (const auto* verdict = std::get_if<Verdict>(&a)) return *verdict == std::get<Verdict>(b);
  if (const auto* jump = std::get_if<filter::Jump>(&a)) return jump->chain == std::get<filter::Jump>(b).chain;
  if (const auto* go = std::get_if<filter::Goto>(&a)) return go->chain == std::get<filter::Goto>(b).chain;
  return std::holds_alternative<filter::Return>(a);
}

class Surveyor {
 public:
  Surveyor(PacketSpace& space, const filter::Filter& filter, Direction direction, filter::Families families,
           bool with_crossing)
      : space_(space),
        diagrams_(space.diagrams),
        filter_(filter),
        direction_(direction),
        families_(families),
        with_crossing_(with_crossing),
        exposure_(space, direction),
        crossings_(space, filter, direction),
        chains_(filter.chains.size()),
        calls_(filter.chains.size()),
        callers_(filter.chains.size()) {}

  Survey run();

 private:
  using Place = ChainMaps::Place;
  /// Rules before, which all ask for the same that is not understood and let nothing go on.
  struct Met {
    std::vector<std::size_t> rules;
    Diagram packets;  ///< 1 for those of all of them
  };
  /// A chain with what comes to it.
  struct Here {
    filter::ChainId chain;
    const ChainMaps& maps;
    Diagram arriving;  ///< 1 for what may
    Diagram plainly;   ///< the same where no condition that is not understood had to let it through
    Diagram after;     ///< which verdicts packets get that leave it
    std::map<std::vector<std::pair<std::uint32_t, bool>>, Met> met{};  ///< by what is asked
  };
  const filter::Rule& rule(RuleId id) const { return filter_.chains[id.chain.index].rules[id.index]; }
  void look_at(Here& here);
  void look_at(Here& here, const Place& place);
  Standing standing(Here& here, const Place& place, const Diagram& packets, const Diagram& rest);
  Standing where_nothing_arrives(const Here& here, const Place& place);
  Standing where_nothing_comes(const Here& here, const Place& place);
  Standing where_all_is_said_later(const Here& here, const Place& place, const Diagram& packets);
  std::optional<Standing> where_the_condition_was_met(Here& here, const Place& place, const Diagram& packets);
  Standing met_before(const Here& here, const Place& place, std::span<const std::size_t> before,
                      const Diagram& packets);
  void name_takers(Standing& standing, const Here& here, Diagram of, const Packet& first, std::size_t from);
  void reduce(std::vector<RuleId>& takers, const Diagram& of);
  void call(const Here& here, RuleId id, const Diagram& packets, const Diagram& rest);
  bool may_come_twice(filter::ChainId chain, const Diagram& packets);
  const Diagram& coming_twice(filter::ChainId chain);
  std::vector<bool> leading_to(filter::ChainId chain) const;
  void look_at_exposure(const Here& here, RuleId id, const Diagram& packets);
  Diagram plainly(const Here& here, RuleId id, const Diagram& packets);
  void make_default(std::vector<Diagnostic>& found) const;
  void look_at_the_end();
  Box from_anywhere() const;

  Diagram united(std::span<const Diagram> sets);
  Diagram either_of(std::span<const Call> calls);
  Diagram where_it_goes_on(const Diagram& map) { return diagrams_.where(map, values_that(true)); }
  Diagram outside(const Diagram& set) { return diagrams_.where(set, only(silent)); }
  Standing made(Kind kind, Packet witness) const {
    Standing standing;
    standing.kind = kind;
    standing.witness = std::move(witness);
    return standing;
  }

  PacketSpace& space_;
  Diagrams& diagrams_;
  const filter::Filter& filter_;
  Direction direction_;
  filter::Families families_;
  bool with_crossing_;
  checks::Exposure exposure_;
  Crossings crossings_;
  std::vector<std::optional<ChainMaps>> chains_;
  std::vector<std::vector<Call>> calls_;               // of each chain
  std::vector<std::vector<filter::ChainId>> callers_;  // the same, whether packets come there or not
  std::map<filter::ChainId, Diagram> coming_twice_;
  Diagram of_families_;    // what the filter speaks of
  Diagram from_anywhere_;  // what may be open to the internet
  Survey survey_;
};

/// What opens a connection from nowhere in particular: a rule that names some of the sources that there are knows them. A
/// router mostly says by the interface who may use it, so that of what it forwards, rules that name one are passed over.
Box Surveyor::from_anywhere() const {
  Box box;
  box.states = StateSet::of(State::new_);
  std::set<std::uint32_t> sources;
  for (const filter::Chain& chain : filter_.chains)
    for (const filter::Rule& rule : chain.rules)
      for (const filter::Match& match : rule.all_of)
        if (const auto* source = std::get_if<filter::SourceIn>(&match)) sources.insert(source->addresses.index);
  std::vector<AddressRange> known;
  for (const std::uint32_t id : sources) {
    const AddressSet& set = filter_.address_sets[id].addresses;
    if (!is_small(set)) continue;
    for (const auto& range : set.v4.intervals()) known.push_back({Family::ipv4, range.first, range.last});
    for (const auto& range : set.v6.intervals()) known.push_back({Family::ipv6, range.first, range.last});
  }
  box.source = subtract(box.source, AddressSet::of(known));
  if (direction_ != Direction::forward) return box;
  for (const InterfaceSet* set : filter::interface_sets(filter_))
    for (const InterfacePattern& pattern : set->patterns())
      if (const InterfaceSet named = InterfaceSet::of(pattern); !named.is_all()) box.in = subtract(box.in, named);
  return box;
}

Survey Surveyor::run() {
  const filter::Hook& hook = *filter_.hooks[static_cast<std::size_t>(direction_)];
  const auto order = filter::called_first(filter_, hook.chain);
  assert(order && "a filter without a circle");
  for (const filter::ChainId chain : *order) {
    chains_[chain.index].emplace(space_, filter_, direction_, chain, chains_);
    for (const filter::Rule& rule : filter_.chains[chain.index].rules)
      if (const auto called = filter::called_by(rule)) callers_[called->index].push_back(chain);
  }
  Box box;
  if ((families_ & filter::bit(Family::ipv4)) == 0) box.source.v4 = box.destination.v4 = {};
  if ((families_ & filter::bit(Family::ipv6)) == 0) box.source.v6 = box.destination.v6 = {};
  of_families_ = space_.of(box, 1);
  from_anywhere_ = space_.of(from_anywhere(), 1);
  for (auto chain = order->rbegin(); chain != order->rend(); ++chain) {
    const ChainMaps& maps = *chains_[chain->index];
    if (*chain == hook.chain) {
      Here here{*chain, maps, of_families_, of_families_, diagrams_.constant(filter::bit(hook.otherwise))};
      look_at(here);
      continue;
    }
    std::vector<Diagram> packets, plainly;
    for (const Call& call : calls_[chain->index]) {
      packets.push_back(call.packets);
      plainly.push_back(call.plainly);
    }
    Here here{*chain, maps, united(packets), united(plainly), either_of(calls_[chain->index])};
    look_at(here);
  }
  look_at_the_end();
  survey_.crossed = std::move(crossings_.found);
  survey_.all_compared = crossings_.whole;
  return std::move(survey_);
}

/// Where nothing arrives, whoever leads here has a finding, if anything is wrong.
void Surveyor::look_at(Here& here) {
  if (!here.arriving.takes(1)) return;
  here.maps.visit_rules(space_, here.arriving, [&](const Place& place) { look_at(here, place); });
  const std::vector<filter::Rule>& rules = filter_.chains[here.chain.index].rules;
  for (std::size_t index = 0; index < rules.size(); ++index) {
    const auto [entry, fresh] = survey_.rules.try_emplace(RuleId{here.chain, index});
    if (fresh) entry->second.kind = Kind::can_match_nothing;
  }
}

void Surveyor::look_at(Here& here, const Place& place) {
  const RuleId id{here.chain, place.rule};
  const Diagram packets = where_it_goes_on(place.before);
  // Each cut to the packets first: what becomes of all that leaves the chain may be large.
  const Diagram rest = diagrams_.then(diagrams_.within(come_back(diagrams_, place.after), packets),
                                      diagrams_.within(here.after, packets));
  survey_.rules[id] = standing(here, place, packets, rest);
  if (with_crossing_) crossings_.look_at(id, diagrams_.within(place.match, here.arriving), packets);
  if (!packets.takes(1)) return;
  call(here, id, packets, rest);
  look_at_exposure(here, id, packets);
}

Standing Surveyor::standing(Here& here, const Place& place, const Diagram& packets, const Diagram& rest) {
  if (!packets.takes(1)) return where_nothing_arrives(here, place);
  if (auto standing = where_the_condition_was_met(here, place, packets)) return *std::move(standing);
  const filter::Rule& rule = this->rule({here.chain, place.rule});
  if (const auto* jump = std::get_if<filter::Jump>(&rule.action); jump != nullptr && !does_more(filter_, rule)) {
    const Diagram inside = diagrams_.within(chains_[jump->chain.index]->guarded(), packets);
    if (inside.values() == only(silent)) return made(Kind::idle_jump, space_.example(packets, only(1), direction_));
  }
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  if (verdict == nullptr || does_more(filter_, rule)) return {};
  if ((rest.values() & ~only(silent)) != only(filter::bit(*verdict)) || may_come_twice(here.chain, packets)) return {};
  return where_all_is_said_later(here, place, packets);
}

Standing Surveyor::where_nothing_arrives(const Here& here, const Place& place) {
  const Diagram coming = diagrams_.within(place.match, here.arriving);
  if (!coming.takes(1)) return where_nothing_comes(here, place);
  const filter::Rule& rule = this->rule({here.chain, place.rule});
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  const Value own = verdict != nullptr                                    ? filter::bit(*verdict)
                    : std::holds_alternative<filter::Return>(rule.action) ? leaves
                                                                          : Value{0};
  const Diagram taken = diagrams_.within(place.before, coming);
  Values opposed = 0, other = 0;
  for (Value value = 1; value < goes_on; ++value) {
    if (!taken.takes(value) || (value & own) != 0) continue;
    other |= only(value);
    if ((value & all_verdicts) != 0 && verdict != nullptr) opposed |= only(value);
  }
  Standing standing =
      made(Kind::shadowed, other == 0 ? space_.example(coming, only(1), direction_)
                                      : space_.example(taken, opposed != 0 ? opposed : other, direction_));
  name_takers(standing, here, coming, *standing.witness, 0);
  // Where some rule before them is not sure of these packets, it is those who are that count.
  const auto agrees = [&](RuleId taker) { return do_the_same(rule.action, this->rule(taker).action); };
  const bool only_own = taken.values() == (only(silent) | only(own)) || taken.values() == only(own);
  if (only_own || (other == 0 && standing.all_named && std::ranges::all_of(standing.others, agrees)))
    standing.kind = Kind::repeated;
  else
    standing.disagree =
        opposed != 0 || (verdict != nullptr && std::ranges::any_of(standing.others, [&](RuleId taker) {
                           return std::holds_alternative<Verdict>(this->rule(taker).action) && !agrees(taker);
                         }));
  return standing;
}

Standing Surveyor::where_nothing_comes(const Here& here, const Place& place) {
  Standing standing = made(Kind::nothing_comes, space_.example(place.match, only(1), direction_));
  for (const Call& call : calls_[here.chain.index]) {
    if (standing.others.size() == most_named) standing.all_named = false;
    else standing.others.push_back(call.rule);
  }
  return standing;
}

Standing Surveyor::where_all_is_said_later(const Here& here, const Place& place, const Diagram& packets) {
  Standing standing = made(Kind::unneeded, space_.example(packets, only(1), direction_));
  const Diagram later = diagrams_.within(place.after, packets, filter::bit(Verdict::allow));
  const Diagram to_the_end = where_it_goes_on(come_back(diagrams_, later));
  standing.by_the_end = to_the_end.takes(1);
  const Diagram taken = diagrams_.within(packets, outside(to_the_end));
  if (taken.takes(1)) name_takers(standing, here, taken, space_.example(taken, only(1), direction_), place.rule + 1);
  return standing;
}

/// Conditions that are not understood are the same for a packet wherever they stand.
std::optional<Standing> Surveyor::where_the_condition_was_met(Here& here, const Place& place, const Diagram& packets) {
  const filter::Rule& rule = this->rule({here.chain, place.rule});
  std::vector<std::pair<std::uint32_t, bool>> conditions;
  for (const filter::Match& match : rule.all_of)
    if (const auto* opaque = std::get_if<filter::Opaque>(&match))
      conditions.emplace_back(opaque->condition.index, opaque->negated);
  if (conditions.empty()) return std::nullopt;
  std::ranges::sort(conditions);
  Met& met = here.met.try_emplace(conditions, Met{{}, diagrams_.constant(silent)}).first->second;
  if (diagrams_.within(packets, met.packets) == packets) return met_before(here, place, met.rules, packets);
  const bool ends = std::holds_alternative<Verdict>(rule.action) ||
                    std::holds_alternative<filter::Return>(rule.action) ||
                    std::holds_alternative<filter::Goto>(rule.action);
  if (!ends || does_more(filter_, rule)) return std::nullopt;
  met.rules.push_back(place.rule);
  met.packets = diagrams_.over(met.packets, place.match);
  return std::nullopt;
}

Standing Surveyor::met_before(const Here& here, const Place& place, std::span<const std::size_t> before,
                              const Diagram& packets) {
  Standing standing = made(Kind::repeated, space_.example(packets, only(1), direction_));
  standing.same_condition = true;
  const filter::Action& own = rule({here.chain, place.rule}).action;
  Diagram left = packets;
  for (const std::size_t index : before) {
    const Diagram remaining = diagrams_.within(left, outside(here.maps.of_rule(index).match));
    if (remaining == left) continue;
    left = remaining;
    if (standing.others.size() == most_named) standing.all_named = false;
    else standing.others.push_back({here.chain, index});
    const filter::Action& other = rule({here.chain, index}).action;
    if (do_the_same(own, other)) continue;
    standing.kind = Kind::shadowed;
    standing.disagree |= std::holds_alternative<Verdict>(own) && std::holds_alternative<Verdict>(other);
  }
  return standing;
}

/// Of the packets in `of`, one after the other until none is left; `first` comes first.
void Surveyor::name_takers(Standing& standing, const Here& here, Diagram of, const Packet& first, std::size_t from) {
  const Diagram all = of;
  Packet packet = first;
  for (;;) {
    // Where several rules that are not sure of it take a packet between them, none can be named.
    const auto taker = here.maps.first_taker(space_, packet, from);
    if (!taker || standing.others.size() == most_named) {
      standing.all_named = false;
      return;
    }
    standing.others.push_back({here.chain, *taker});
    of = diagrams_.within(of, where_it_goes_on(here.maps.of_rule(*taker).outcomes));
    if (!of.takes(1)) break;
    packet = space_.example(of, only(1), direction_);
  }
  reduce(standing.others, all);
}

/// Leaves out whom the others make superfluous, but not the first.
void Surveyor::reduce(std::vector<RuleId>& takers, const Diagram& of) {
  for (std::size_t tried = takers.size(); tried-- > 1;) {
    Diagram left = of;
    for (std::size_t i = 0; i < takers.size(); ++i)
      if (i != tried)
        left =
            diagrams_.within(left, where_it_goes_on(chains_[takers[i].chain.index]->of_rule(takers[i].index).outcomes));
    if (!left.takes(1)) takers.erase(takers.begin() + static_cast<std::ptrdiff_t>(tried));
  }
}

void Surveyor::call(const Here& here, RuleId id, const Diagram& packets, const Diagram& rest) {
  const filter::Action& action = rule(id).action;
  if (const auto* jump = std::get_if<filter::Jump>(&action)) {
    calls_[jump->chain.index].push_back({id, packets, plainly(here, id, packets), rest});
  } else if (const auto* go = std::get_if<filter::Goto>(&action)) {
    calls_[go->chain.index].push_back({id, packets, plainly(here, id, packets), diagrams_.within(here.after, packets)});
  }
}

/// Of the packets of a rule those for which no condition that is not understood had to be true.
Diagram Surveyor::plainly(const Here& here, RuleId id, const Diagram& packets) {
  return has_opaque(rule(id)) ? diagrams_.constant(silent) : diagrams_.within(packets, here.plainly);
}

/// The chains that lead to this one, and itself.
std::vector<bool> Surveyor::leading_to(filter::ChainId chain) const {
  std::vector<bool> leading(filter_.chains.size());
  std::vector<filter::ChainId> open{chain};
  leading[chain.index] = true;
  while (!open.empty()) {
    const filter::ChainId at = open.back();
    open.pop_back();
    for (const filter::ChainId caller : callers_[at.index]) {
      if (leading[caller.index]) continue;
      leading[caller.index] = true;
      open.push_back(caller);
    }
  }
  return leading;
}

/// Packets that may come to a chain more than once: at some place two rules match them that both lead there.
const Diagram& Surveyor::coming_twice(filter::ChainId chain) {
  const auto known = coming_twice_.find(chain);
  if (known != coming_twice_.end()) return known->second;
  const std::vector<bool> leading = leading_to(chain);
  Diagram twice = diagrams_.constant(silent);
  for (std::size_t at = 0; at < leading.size(); ++at) {
    if (!leading[at] || at == chain.index) continue;
    Diagram seen = diagrams_.constant(silent);
    const std::vector<filter::Rule>& rules = filter_.chains[at].rules;
    for (std::size_t index = 0; index < rules.size(); ++index) {
      const auto called = filter::called_by(rules[index]);
      if (!called || !leading[called->index]) continue;
      const Diagram& match = chains_[at]->of_rule(index).match;
      twice = diagrams_.over(twice, diagrams_.within(match, seen));
      if (std::holds_alternative<filter::Jump>(rules[index].action)) seen = diagrams_.over(seen, match);
    }
  }
  return coming_twice_.emplace(chain, std::move(twice)).first->second;
}

bool Surveyor::may_come_twice(filter::ChainId chain, const Diagram& packets) {
  return diagrams_.within(coming_twice(chain), packets).takes(1);
}

void Surveyor::look_at_exposure(const Here& here, RuleId id, const Diagram& packets) {
  const auto* verdict = std::get_if<Verdict>(&rule(id).action);
  if (verdict == nullptr || *verdict != Verdict::allow) return;
  const filter::Origin& origin = filter_.origins[rule(id).origin];
  const std::string who = is_policy(origin)
                              ? "the policy of chain `" + origin.name.substr(0, origin.name.rfind(' ')) + "`"
                              : "rule " + quoted_name(filter_, id);
  std::vector<Diagnostic> found;
  exposure_.look_at(origin.where, who, "say who needs it, by source address",
                    diagrams_.within(plainly(here, id, packets), from_anywhere_), found);
  const bool surely = !found.empty();
  if (!surely) exposure_.look_at(origin.where, who, "", diagrams_.within(packets, from_anywhere_), found);
  if (surely && is_policy(origin)) make_default(found);
  for (Diagnostic& finding : found) survey_.exposed.push_back({id, std::move(finding), surely});
}

/// Most machines forward nothing, though their rules would let it pass.
void Surveyor::make_default(std::vector<Diagnostic>& found) const {
  for (Diagnostic& finding : found) {
    finding.help = "let the chain drop what no rule accepts";
    if (direction_ != Direction::forward) continue;
    finding.severity = Severity::note;
    finding.help += ", unless this machine forwards nothing";
  }
}

/// What no rule decides.
void Surveyor::look_at_the_end() {
  const filter::Hook& hook = *filter_.hooks[static_cast<std::size_t>(direction_)];
  if (hook.otherwise != Verdict::allow) return;
  const Diagram end = diagrams_.within(where_it_goes_on(chains_[hook.chain.index]->outcomes()), of_families_);
  const filter::Chain& chain = filter_.chains[hook.chain.index];
  const Span where = chain.rules.empty() ? Span{} : filter_.origins[chain.rules.front().origin].where;
  std::vector<Diagnostic> found;
  exposure_.look_at(where, "the policy of chain `" + chain.name + "`", "", diagrams_.within(end, from_anywhere_),
                    found);
  make_default(found);
  if (!found.empty()) survey_.exposed_by_default = std::move(found.front());
}

/// By halves, as the second: one by one would cost their number squared.
Diagram Surveyor::united(std::span<const Diagram> sets) {
  if (sets.empty()) return diagrams_.constant(silent);
  if (sets.size() == 1) return sets.front();
  const std::size_t half = sets.size() / 2;
  return diagrams_.over(united(sets.first(half)), united(sets.subspan(half)));
}

Diagram Surveyor::either_of(std::span<const Call> calls) {
  if (calls.empty()) return diagrams_.constant(silent);
  if (calls.size() == 1) return calls.front().after;
  const std::size_t half = calls.size() / 2;
  return either(diagrams_, either_of(calls.first(half)), either_of(calls.subspan(half)));
}

}  // namespace

Survey survey(PacketSpace& space, const filter::Filter& filter, Direction direction, filter::Families families,
              bool with_crossing) {
  return Surveyor(space, filter, direction, families, with_crossing).run();
}

bool is_policy(const filter::Origin& origin) {
  return origin.name.ends_with(" policy");
}

std::string quoted_name(const filter::Filter& filter, RuleId rule) {
  return "`" + filter.origins[filter.chains[rule.chain.index].rules[rule.index].origin].name + "`";
}

}  // namespace portpolicy::audit
