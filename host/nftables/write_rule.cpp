#include "host/nftables/write_rule.h"

#include <algorithm>
#include <compare>
#include <span>
#include <tuple>
#include <utility>

namespace portpolicy::host {
namespace {

using Kind = Stage::Kind;

/// So many rules may stand for one before it becomes several chains.
constexpr std::size_t most_flat = 64;

ProtocolSet just(std::initializer_list<Protocol> protocols) {
  ProtocolSet set;
  for (const Protocol protocol : protocols) set.set(protocol.number);
  return set;
}

/// The protocols that a filter's `ProtocolIn` does not find in packets of this family.
const ProtocolSet& unusual(Family family) {
  static const ProtocolSet in_v4 = just({protocols::icmpv6}), in_v6 = just({protocols::icmp, protocols::igmp});
  return family == Family::ipv4 ? in_v4 : in_v6;
}

bool has(const Box& box, Family family) {
  return !box.source.empty(family) && !box.destination.empty(family);
}

/// The unusual protocols of a family that the box has.
ProtocolSet unusual_in(const Box& box, Family family) {
  return has(box, family) ? box.protocols & unusual(family) : ProtocolSet();
}

/// Whether one rule of a filter can say it.
bool usual(const Box& box) {
  if (box.protocols.all()) return true;
  return std::ranges::all_of(families, [&](Family family) { return unusual_in(box, family).none(); });
}

Case both(const Case& a, const Case& b) {
  Case result{intersect(a.box, b.box), a.opaque};
  for (const filter::OpaqueId condition : b.opaque)
    if (std::ranges::find(result.opaque, condition) == result.opaque.end()) result.opaque.push_back(condition);
  return result;
}

bool alike(const Case& a, const Case& b) {
  const auto fields_alike = [&](auto... field) { return (... && (a.box.*field == b.box.*field)); };
  return std::apply(fields_alike, Box::fields()) && a.opaque == b.opaque;
}

filter::ProtocolIn protocols_in(const ProtocolSet& set) {
  filter::ProtocolIn match;
  for (unsigned number = 0; number < set.size(); ++number)
    if (set.test(number)) match.protocols.push_back({static_cast<std::uint8_t>(number)});
  return match;
}

AddressSet all_of(Family family) {
  AddressSet set;
  if (family == Family::ipv4) set.v4 = IntervalSet<std::uint32_t>::all();
  else set.v6 = IntervalSet<Uint128>::all();
  return set;
}

bool within(const AddressSet& part, const AddressSet& whole) {
  return intersect(part, whole) == part;
}

bool is_limit(const Stage& stage) {
  return stage.kind == Kind::within || stage.kind == Kind::over;
}

/// What all packets have in common that something is asked of behind a stage of the rule.
const Case& needed_behind(const ReadRule& rule, const Stage& stage) {
  const auto begin = rule.stages.begin() + (&stage - rule.stages.data());
  const auto limit = std::find_if(begin, rule.stages.end(), is_limit);
  return limit == rule.stages.end() ? rule.base : limit->cases.front();
}

/// The packets of a case that get through stages which ask for one of several; nothing when that makes too many cases.
std::optional<std::vector<Case>> union_of(const Case& base, std::span<const Stage> stages) {
  std::vector<Case> cases{base};
  unsigned choices = 0;
  for (const Stage& stage : stages) {
    if (stage.kind != Kind::any_of) continue;
    if (++choices > 1 && cases.size() * stage.cases.size() > most_flat) return std::nullopt;
    std::vector<Case> next;
    for (const Case& one : cases)
      for (const Case& other : stage.cases)
        if (Case meet = both(one, other); !empty(meet.box)) next.push_back(std::move(meet));
    cases = std::move(next);
  }
  return cases;
}

bool all_imply(const ProtocolSet& protocols, Family family) {
  for (unsigned number = 0; number < protocols.size(); ++number)
    if (protocols.test(number) && family_of({static_cast<std::uint8_t>(number)}) != family) return false;
  return protocols.any();
}

}  // namespace

bool AddressSets::Less::operator()(const AddressSet& a, const AddressSet& b) const {
  const auto compare = [](const auto& one, const auto& other) {
    return std::lexicographical_compare_three_way(one.intervals().begin(), one.intervals().end(),
                                                  other.intervals().begin(), other.intervals().end());
  };
  const auto order = compare(a.v4, b.v4);
  return order != 0 ? order < 0 : compare(a.v6, b.v6) < 0;
}

filter::AddressSetId AddressSets::id(const AddressSet& addresses) {
  const auto [place, is_new] = known_.try_emplace(addresses, filter::AddressSetId(filter_.address_sets.size()));
  if (is_new) filter_.address_sets.push_back({"", addresses});
  return place->second;
}

filter::ChainId ChainWriter::new_chain() {
  const filter::ChainId id(filter_.chains.size());
  std::string name = filter_.chains[at_.index].name;
  name = name.substr(0, name.find('#')) + "#" + std::to_string(id.index);
  filter_.chains.push_back({std::move(name), {}});
  return id;
}

std::vector<filter::Match> ChainWriter::matches(const Case& when) {
  const Box& box = when.box;
  std::vector<filter::Match> all_of_it;
  if (!box.in.is_all()) all_of_it.push_back(filter::InterfaceIn{box.in});
  if (!box.out.is_all()) all_of_it.push_back(filter::InterfaceOut{box.out});
  // What says no more than another match does is left out.
  AddressSet seen = family_ ? all_of(*family_) : AddressSet::all();
  for (const Family family : families)
    if (all_imply(box.protocols, family)) seen = all_of(family);
  const bool destination_matters = !within(seen, box.destination);
  for (const Family family : families)
    if (box.destination.empty(family)) seen = subtract(seen, all_of(family));
  if (!within(seen, box.source)) all_of_it.push_back(filter::SourceIn{sets_.id(box.source)});
  if (destination_matters) all_of_it.push_back(filter::DestinationIn{sets_.id(box.destination)});
  if (!box.protocols.all()) all_of_it.push_back(protocols_in(box.protocols));
  if (!box.source_ports.is_all()) all_of_it.push_back(filter::SourcePortIn{box.source_ports});
  if (!box.destination_ports.is_all()) all_of_it.push_back(filter::DestinationPortIn{box.destination_ports});
  if (!box.icmp.is_all()) all_of_it.push_back(filter::IcmpTypeIn{box.icmp});
  if (box.states != StateSet::all()) all_of_it.push_back(filter::StateIn{box.states});
  for (const filter::OpaqueId condition : when.opaque) all_of_it.push_back(filter::Opaque{condition, false});
  return all_of_it;
}

void ChainWriter::append(const Case& when, const Step& step) {
  if (empty(when.box)) return;
  filter_.chains[at_.index].rules.push_back({matches(when), step.limit, log_, step.action, origin_});
}

void ChainWriter::append_except(const Case& when, const ProtocolSet& except, const filter::Action& action) {
  Case of_any = when;
  of_any.box.protocols.set();
  if (empty(of_any.box)) return;
  const filter::ChainId inside = new_chain(), next = new_chain();
  append(of_any, {std::nullopt, filter::Goto{inside}});
  append({}, {std::nullopt, filter::Goto{next}});
  at_ = inside;
  Case others;
  others.box.protocols = except;
  append(others, {std::nullopt, filter::Goto{next}});
  append({}, {std::nullopt, action});
  at_ = next;
}

// Of ICMP over IPv6 and the like a filter has no match; but it has one of everything else.
void ChainWriter::append_unusual(Case when, Family family, const ProtocolSet& wanted, const filter::Action& action) {
  when.box.source = intersect(when.box.source, all_of(family));
  if (wanted != unusual(family)) {
    when.opaque.push_back(filter::OpaqueId(filter_.opaques.size()));
    filter_.opaques.push_back(filter_.chains[at_.index].name + ": ICMP or IGMP over IPv6, whichever a rule asks for");
  }
  append_except(when, ~unusual(family), action);
}

void ChainWriter::append_any(const Case& when, const filter::Action& action) {
  if (empty(when.box)) return;
  if (usual(when.box)) return append(when, {std::nullopt, action});
  if (((unusual(Family::ipv4) | unusual(Family::ipv6)) & ~when.box.protocols).none())
    return append_except(when, ~when.box.protocols, action);
  append(when, {std::nullopt, action});  // finds the usual ones among its packets
  for (const Family family : families)
    if (const ProtocolSet wanted = unusual_in(when.box, family); wanted.any())
      append_unusual(when, family, wanted, action);
}

/// Nothing when the rule is no such union, or a large one.
std::optional<ChainWriter::Flat> ChainWriter::flat(const ReadRule& rule) const {
  const bool other = std::ranges::any_of(
      rule.stages, [](const Stage& stage) { return stage.kind == Kind::none_of || stage.kind == Kind::over; });
  if (rule.overlapping || other || std::ranges::count_if(rule.stages, is_limit) > 1) return std::nullopt;
  const auto limit = std::ranges::find_if(rule.stages, is_limit);
  std::optional<std::vector<Case>> cases = union_of(rule.base, rule.stages);
  if (!cases || (cases->size() > 1 && rule.endings.size() > 1 && cases->size() * rule.endings.size() > most_flat))
    return std::nullopt;
  for (const Case& one : *cases)
    for (const Ending& ending : rule.endings)
      if (!usual(intersect(one.box, ending.when.box))) return std::nullopt;
  if (limit == rule.stages.end()) return Flat{std::move(*cases), std::nullopt, {}};
  std::optional<std::vector<Case>> asking = union_of(limit->cases.front(), {rule.stages.begin(), limit});
  if (!asking || !std::ranges::all_of(*asking, [](const Case& one) { return usual(one.box); })) return std::nullopt;
  return Flat{std::move(*cases), limit->limit, std::move(*asking)};
}

void ChainWriter::write_flat(const ReadRule& rule, const Flat& flat) {
  const bool all_ask = std::ranges::equal(flat.asking, flat.cases, alike) && rule.endings.size() == 1 &&
                       alike(rule.endings.front().when, rule.base);
  if (flat.limit && !all_ask) {
    // The rules below ask the limit for fewer packets than come to it.
    const std::optional<filter::Log> log = rule.endings.empty() ? log_ : std::exchange(log_, std::nullopt);
    for (const Case& one : flat.asking) append(one, {flat.limit, filter::Continue{}});
    log_ = log;
  }
  for (const Case& one : flat.cases)
    for (const Ending& ending : rule.endings) append(both(one, ending.when), {flat.limit, ending.action});
}

void ChainWriter::write_limit(const ReadRule& rule, const Stage& stage, filter::ChainId rest) {
  if (const Case& asking = stage.cases.front(); !matches(asking).empty()) {
    const filter::ChainId inside = new_chain();
    append_any(asking, filter::Goto{inside});
    append({}, {std::nullopt, filter::Goto{rest}});
    at_ = inside;
  }
  if (rule.endings.empty() && &stage == &rule.stages.back()) return append({}, {stage.limit, filter::Continue{}});
  if (stage.kind == Kind::over) return append({}, {stage.limit, filter::Goto{rest}});
  const filter::ChainId next = new_chain();
  append({}, {stage.limit, filter::Goto{next}});
  append({}, {std::nullopt, filter::Goto{rest}});
  at_ = next;
}

void ChainWriter::write_stage(const ReadRule& rule, const Stage& stage, filter::ChainId rest) {
  if (stage.kind == Kind::perhaps) return;
  if (stage.kind == Kind::within || stage.kind == Kind::over) return write_limit(rule, stage, rest);
  const Case& needed = needed_behind(rule, stage);
  if (stage.kind == Kind::none_of) {
    for (const Case& one : stage.cases) append_any(both(needed, one), filter::Goto{rest});
    return;
  }
  const filter::ChainId next = new_chain();
  for (const Case& one : stage.cases) append_any(both(needed, one), filter::Goto{next});
  append({}, {std::nullopt, filter::Goto{rest}});
  at_ = next;
}

void ChainWriter::write_endings(const ReadRule& rule, filter::ChainId rest) {
  for (const Ending& ending : rule.endings) {
    const filter::ChainId last = new_chain();
    append_any(both(rule.base, ending.when), filter::Goto{last});
    const filter::ChainId back = std::exchange(at_, last);
    append({}, {std::nullopt, ending.action});
    append({}, {std::nullopt, filter::Goto{rest}});
    at_ = back;
  }
  append({}, {std::nullopt, filter::Goto{rest}});
}

void ChainWriter::write_stages(const ReadRule& rule) {
  const filter::ChainId rest = new_chain();
  for (const Stage& stage : rule.stages) write_stage(rule, stage, rest);
  write_endings(rule, rest);
  at_ = rest;
}

/// Where a way may end in some manner that is not understood, it may do so before the rule asks anything else.
void ChainWriter::write_perhaps(const ReadRule& rule) {
  for (const Stage& stage : rule.stages) {
    if (stage.kind != Kind::perhaps) continue;
    for (std::size_t i = 0; i < stage.cases.size(); ++i) append_any(stage.cases[i], perhaps[i]);
  }
}

void ChainWriter::write_deciding(const ReadRule& rule) {
  if (const std::optional<Flat> cases = flat(rule)) {
    log_ = rule.log;
    write_flat(rule, *cases);
  } else {
    write_stages(rule);
  }
}

/// Of a rule that decides nothing, only who comes to its limits is of interest: others may ask the same ones.
void ChainWriter::write_idle(ReadRule rule) {
  while (!rule.stages.empty() && (!is_limit(rule.stages.back()) || empty(rule.stages.back().cases.front().box)))
    rule.stages.pop_back();
  if (rule.stages.empty()) {
    log_ = rule.log;
    return append({rule.base.box, {}}, {std::nullopt, filter::Continue{}});
  }
  rule.base = rule.stages.back().cases.front();
  rule.stages.back().kind = Kind::within;  // whether it must hold makes no difference
  rule.endings.clear();
  rule.overlapping = false;
  write_deciding(rule);
}

void ChainWriter::write(const ReadRule& rule, std::uint32_t origin) {
  origin_ = origin;
  log_ = std::nullopt;
  write_perhaps(rule);
  if (rule.endings.empty()) write_idle(rule);
  else write_deciding(rule);
  log_ = std::nullopt;
}

}  // namespace portpolicy::host
