#include <string>

#include "compiler/diagnostics/render.h"
#include "compiler/graph/graph.h"

namespace portpolicy {
namespace {

std::string text_of(const AddressSet& set) {
  constexpr std::size_t most = 8;  // a list of a million prefixes is not for reading
  std::string text;
  std::size_t count = 0;
  for (const Family family : families)
    for (const AddressRange& range : set.ranges(family))
      if (count++ < most) text += (text.empty() ? "" : ", ") + to_string(range);
  if (count > most) text += ", and " + std::to_string(count - most) + " more";
  return text.empty() ? "nobody" : text;
}

std::string addresses(const Graph& graph, AddressSetId id) {
  const NamedAddresses& set = graph.address_sets[id.index];
  return set.name.empty() ? text_of(set.addresses) : set.name;
}

std::string text_of(const Transport& transport) {
  std::string text = to_string(transport.protocol);
  if (!transport.ports.is_all()) text = to_string(transport.ports) + "/" + text;
  if (transport.icmp.is_all()) return text;
  for (const auto& range : transport.icmp.intervals()) {
    text += "/" + std::to_string(range.first >> 8);
    if (range.last >> 8 != range.first >> 8) text += "-" + std::to_string(range.last >> 8);
    else if (range.last - range.first != 0xff) text += ":" + std::to_string(range.first & 0xff);
  }
  return text;
}

std::string text_of(const Graph& graph, const Selector& packets) {
  std::string text;
  for (const Transport& transport : packets.transports) text += (text.empty() ? "" : ", ") + text_of(transport);
  if (text.empty()) text = "any";
  if (packets.source.index != 0) text += " from " + addresses(graph, packets.source);
  if (packets.destination.index != 0) text += " to " + addresses(graph, packets.destination);
  if (!packets.source_ports.is_all()) text += " source-port " + to_string(packets.source_ports);
  if (packets.in.index != 0) text += " in " + to_string(graph.interface_sets[packets.in.index]);
  if (packets.out.index != 0) text += " out " + to_string(graph.interface_sets[packets.out.index]);
  return text;
}

std::string text_of(const Graph& graph, const Rule& rule, const SourceMap& sources) {
  std::string text =
      "  " + escaped(rule.name) + ": " + std::string(to_string(rule.verdict)) + " " + text_of(graph, rule.packets);
  if (rule.limit) text += " limit " + to_string(*rule.limit);
  if (rule.log) text += " log";
  return text + "  # " + escaped(sources.title(rule.where.file)) + ":" +
         std::to_string(sources.begin(rule.where).line) + ", " + std::string(to_string(rule.tier)) + "\n";
}

}  // namespace

std::string print(const Graph& graph, const SourceMap& sources) {
  std::string text = "base:";
  for (const Base base : syntax::all_bases)
    if (graph.base.contains(base)) text += " " + std::string(to_string(base));
  text += "\n";
  for (const Direction direction : directions) {
    const Section& section = graph.section(direction);
    text += std::string(to_string(direction)) + ": ";
    text += section.managed ? "default " + std::string(to_string(section.otherwise)) : std::string("unmanaged");
    text += "\n";
    for (const Rule& rule : section.rules) text += text_of(graph, rule, sources);
  }
  for (const Claim& claim : graph.claims)
    text += "claim " + escaped(claim.name) + ": " + std::string(to_string(claim.verdict)) + " " +
            std::string(to_string(claim.direction)) + " " + text_of(graph, claim.packets) + "\n";
  return text;
}

}  // namespace portpolicy
