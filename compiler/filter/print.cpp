#include <string>

#include "compiler/base/overloaded.h"
#include "compiler/diagnostics/render.h"
#include "compiler/filter/filter.h"

namespace portpolicy::filter {
namespace {

std::string icmp_text(const IcmpSet& types) {
  std::string text;
  for (const auto& range : types.intervals()) {
    const auto value = [](std::uint16_t v) { return std::to_string(v >> 8) + ":" + std::to_string(v & 0xff); };
    text += (text.empty() ? "" : ", ") + value(range.first);
    if (range.last != range.first) text += "-" + value(range.last);
  }
  return text;
}

std::string states_text(StateSet set) {
  std::string text;
  for (const State state : states)
    if (set.contains(state)) text += (text.empty() ? "" : ", ") + std::string(to_string(state));
  return text;
}

std::string set_name(const Filter& filter, AddressSetId id) {
  const NamedAddresses& set = filter.address_sets[id.index];
  return set.name.empty() ? "#" + std::to_string(id.index) : set.name;
}

std::string text_of(const Filter& filter, const Match& match) {
  return std::visit(Overloaded{
                        [&](const SourceIn& m) { return "source in " + set_name(filter, m.addresses); },
                        [&](const DestinationIn& m) { return "destination in " + set_name(filter, m.addresses); },
                        [&](const InterfaceIn& m) { return "in " + to_string(m.interfaces); },
                        [&](const InterfaceOut& m) { return "out " + to_string(m.interfaces); },
                        [&](const ProtocolIn& m) {
                          std::string text;
                          for (const Protocol protocol : m.protocols)
                            text += (text.empty() ? "" : "|") + to_string(protocol);
                          return text;
                        },
                        [&](const SourcePortIn& m) { return "source-port " + to_string(m.ports); },
                        [&](const DestinationPortIn& m) { return "port " + to_string(m.ports); },
                        [&](const IcmpTypeIn& m) { return "type " + icmp_text(m.types); },
                        [&](const StateIn& m) { return "state " + states_text(m.states); },
                        [&](const Opaque& m) {
                          return (m.negated ? "not `" : "`") + escaped(filter.opaques[m.condition.index]) + "`";
                        },
                    },
                    match);
}

std::string text_of(const Filter& filter, const Rule& rule) {
  std::string text = "  ";
  for (const Match& match : rule.all_of) text += text_of(filter, match) + "; ";
  if (rule.limit) text += "limit " + to_string(filter.limits[rule.limit->index].limit) + "; ";
  if (rule.log) text += "log; ";
  text += std::visit(Overloaded{
                         [](Verdict verdict) { return std::string(to_string(verdict)); },
                         [&](const Jump& jump) { return "jump " + filter.chains[jump.chain.index].name; },
                         [&](const Goto& go) { return "goto " + filter.chains[go.chain.index].name; },
                         [](Return) { return std::string("return"); },
                         [](Continue) { return std::string("continue"); },
                     },
                     rule.action);
  const Origin& origin = filter.origins[rule.origin];
  return text + "  # " + escaped(origin.name) + (origin.place.empty() ? "" : " " + escaped(origin.place)) + "\n";
}

}  // namespace

std::string print(const Filter& filter) {
  std::string text;
  for (std::size_t i = 0; i < filter.address_sets.size(); ++i) {
    const AddressSet& set = filter.address_sets[i].addresses;
    if (set.is_all()) continue;
    text += "addresses " + set_name(filter, AddressSetId{i}) + ":";
    for (const Family family : families)
      for (const AddressRange& range : set.ranges(family)) text += " " + to_string(range);
    text += "\n";
  }
  for (std::size_t i = 0; i < filter.chains.size(); ++i) {
    text += "chain " + filter.chains[i].name + ":\n";
    for (const Rule& rule : filter.chains[i].rules) text += text_of(filter, rule);
    for (const Direction direction : directions) {
      const std::optional<Hook>& hook = filter.hooks[static_cast<std::size_t>(direction)];
      if (hook && hook->chain.index == i) text += "  otherwise " + std::string(to_string(hook->otherwise)) + "\n";
    }
  }
  return text;
}

}  // namespace portpolicy::filter
