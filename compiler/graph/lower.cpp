#include "compiler/graph/lower.h"

#include <algorithm>
#include <string>
#include <utility>

#include "compiler/graph/boxes.h"

namespace portpolicy {
namespace {

using filter::Filter;
using filter::Match;

// Transports that a target can write as one match: the same ports, or one kind of ICMP.
struct Group {
  std::vector<Protocol> protocols;
  const Transport* like;
};

std::vector<Group> groups_of(const std::vector<Transport>& transports) {
  std::vector<Group> groups;
  for (const Transport& transport : transports) {
    const bool grouped = !family_of(transport.protocol);
    const auto same = std::ranges::find_if(groups, [&](const Group& group) {
      return grouped && !family_of(group.like->protocol) && group.like->ports == transport.ports;
    });
    if (same != groups.end()) same->protocols.push_back(transport.protocol);
    else groups.push_back({{transport.protocol}, &transport});
  }
  return groups;
}

class Lowering {
 public:
  Lowering(const Graph& graph, const SourceMap& sources) : graph_(graph), sources_(sources) {
    filter_.address_sets = graph.address_sets;
  }

  Filter lower() {
    for (const Direction direction : directions)
      if (graph_.section(direction).managed) section(direction);
    return std::move(filter_);
  }

 private:
  void section(Direction direction);
  void base_rules(filter::Chain& chain, Direction direction);
  void policy_rule(filter::Chain& chain, const Rule& rule);
  void default_rule(filter::Chain& chain, const Section& section);
  std::uint32_t origin(std::string name, std::optional<Span> where = {});
  std::string place_of(Span where) const;
  filter::AddressSetId set_of(const AddressSet& addresses);

  const Graph& graph_;
  const SourceMap& sources_;
  Filter filter_;
};

std::uint32_t Lowering::origin(std::string name, std::optional<Span> where) {
  filter_.origins.push_back({std::move(name), where ? place_of(*where) : "", where.value_or(Span{})});
  return static_cast<std::uint32_t>(filter_.origins.size() - 1);
}

std::string Lowering::place_of(Span where) const {
  return sources_.title(where.file) + ":" + std::to_string(sources_.begin(where).line);
}

filter::AddressSetId Lowering::set_of(const AddressSet& addresses) {
  filter_.address_sets.push_back({"", addresses});
  return filter::AddressSetId{filter_.address_sets.size() - 1};
}

void Lowering::section(Direction direction) {
  const Section& section = graph_.section(direction);
  filter::Chain chain{std::string(to_string(direction)), {}};
  chain.rules.reserve(section.rules.size() + 16);
  base_rules(chain, direction);
  for (const Rule& rule : section.rules) policy_rule(chain, rule);
  default_rule(chain, section);
  const Verdict end = section.otherwise == Verdict::allow ? Verdict::allow : Verdict::deny;
  filter_.hooks[static_cast<std::size_t>(direction)] = {filter::ChainId{filter_.chains.size()}, end};
  filter_.chains.push_back(std::move(chain));
}

void Lowering::base_rules(filter::Chain& chain, Direction direction) {
  for (const Base base : syntax::all_bases) {
    if (!graph_.base.contains(base)) continue;
    const std::uint32_t made_of = origin("base:" + std::string(to_string(base)));
    for (const Box& box : boxes_of(base, direction)) {
      std::vector<Match> all_of;
      if (!box.in.is_all()) all_of.push_back(filter::InterfaceIn{box.in});
      if (!box.out.is_all()) all_of.push_back(filter::InterfaceOut{box.out});
      if (!box.protocols.all()) {
        const Protocol protocol{static_cast<std::uint8_t>(box.protocols._Find_first())};
        // The family of icmp, igmp and icmpv6 is said by the protocol.
        if (!box.source.is_all() && !family_of(protocol)) all_of.push_back(filter::SourceIn{set_of(box.source)});
        all_of.push_back(filter::ProtocolIn{{protocol}});
      }
      if (!box.source_ports.is_all()) all_of.push_back(filter::SourcePortIn{box.source_ports});
      if (!box.destination_ports.is_all()) all_of.push_back(filter::DestinationPortIn{box.destination_ports});
      if (!box.icmp.is_all()) all_of.push_back(filter::IcmpTypeIn{box.icmp});
      if (box.states != StateSet::all()) all_of.push_back(filter::StateIn{box.states});
      chain.rules.push_back({std::move(all_of), {}, {}, verdict_of(base), made_of});
    }
  }
}

void Lowering::policy_rule(filter::Chain& chain, const Rule& rule) {
  const std::uint32_t made_of = origin(rule.name, rule.where);
  std::optional<filter::LimitId> limit;
  if (rule.limit) {
    limit = filter::LimitId{filter_.limits.size()};
    filter_.limits.push_back({rule.name, *rule.limit});
  }
  std::optional<filter::Log> log;
  if (rule.log) log = filter::Log{rule.log->prefix};

  const Selector& packets = rule.packets;
  const auto add = [&](const Group* group) {
    std::vector<Match> all_of;
    all_of.reserve(4);
    if (packets.in.index != 0) all_of.push_back(filter::InterfaceIn{graph_.interface_sets[packets.in.index]});
    if (packets.out.index != 0) all_of.push_back(filter::InterfaceOut{graph_.interface_sets[packets.out.index]});
    if (packets.source.index != 0) all_of.push_back(filter::SourceIn{packets.source});
    if (packets.destination.index != 0) all_of.push_back(filter::DestinationIn{packets.destination});
    if (group != nullptr) {
      all_of.push_back(filter::ProtocolIn{group->protocols});
      if (!packets.source_ports.is_all()) all_of.push_back(filter::SourcePortIn{packets.source_ports});
      if (!group->like->ports.is_all()) all_of.push_back(filter::DestinationPortIn{group->like->ports});
      if (!group->like->icmp.is_all()) all_of.push_back(filter::IcmpTypeIn{group->like->icmp});
    }
    chain.rules.push_back({std::move(all_of), limit, log, rule.verdict, made_of});
  };
  if (packets.transports.empty()) add(nullptr);
  for (const Group& group : groups_of(packets.transports)) add(&group);
}

// What a chain can end with by itself is deny and allow; all else is a last rule.
void Lowering::default_rule(filter::Chain& chain, const Section& section) {
  if (!section.log && section.otherwise != Verdict::reject) return;
  std::optional<filter::Log> log;
  if (section.log) log = filter::Log{section.log->prefix};
  const std::uint32_t made_of = origin("default", section.default_where);
  chain.rules.push_back({{}, {}, log, section.otherwise, made_of});
}

}  // namespace

filter::Filter lower(const Graph& graph, const SourceMap& sources) {
  return Lowering(graph, sources).lower();
}

}  // namespace portpolicy
