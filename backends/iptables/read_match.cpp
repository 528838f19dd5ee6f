#include "backends/iptables/read_match.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/iptables/read_values.h"

namespace portpolicy::iptables::text {
namespace {

using O = Option;

constexpr std::size_t most_port_slots = 15;

bool is_source(const Given& given) {
  return given.option == O::source || given.option == O::source_port || given.option == O::source_ports ||
         given.option == O::source_range;
}

}  // namespace

bool Matches::ask_header(Work& work, const Given& given, std::optional<std::size_t> only) {
  switch (given.option) {
    case O::source:
    case O::destination:
      return ask_addresses(work, given, only);
    case O::protocol:
      return ask_protocol(work, given);
    case O::in_interface:
    case O::out_interface:
      return ask_interface(work, given);
    case O::fragments:
      if (family_ == Family::ipv6) return work.refuse(given.where, "`-f` is not for IPv6; there it is `-m frag`");
      work.ask_text("-f", given.where, given.negated);
      return true;
    default:
      return true;  // counters
  }
}

bool Matches::ask_protocol(Work& work, const Given& given) {
  const auto protocol = read_protocol(given.values[0]);
  if (!protocol) {
    if (read_number(given.values[0], UINT64_MAX)) return work.refuse(given.where, "a protocol is a number up to 255");
    work.ask_text("-p " + quoted(given.values[0]), given.where, given.negated);
    return true;
  }
  if (*protocol == 0)
    return !given.negated || work.refuse(given.where, "no packet is of no protocol, so the rule would never match");
  ProtocolSet set;
  set.set(*protocol);
  if (given.negated) set.flip();
  for (Conditions& branch : work.branches) branch.keep_protocols(set);
  return true;
}

bool Matches::ask_addresses(Work& work, const Given& given, std::optional<std::size_t> only) {
  std::vector<std::string_view> list = parts(given.values[0], ',');
  if (list.size() > 1 && given.negated)
    return work.refuse(given.where, "`!` takes one address, not a list", "write a chain that returns for each of them");
  if (only) list = {list[*only]};
  std::vector<AddressRange> ranges;
  std::string unknown;
  for (const std::string_view text : list) {
    const auto network = read_network(text, family_);
    if (network && network->is_range) {
      ranges.push_back(network->range);
      continue;
    }
    // What has no letters is no name of a host.
    const bool name = text.find_first_of("ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ") != std::string_view::npos ||
                      (!text.contains(':') && text.find_first_of("abcdefABCDEF") != std::string_view::npos);
    if (!network && (!name || (text.contains('/') && read_address(text.substr(0, text.find('/')), family_))))
      return work.refuse(given.where,
                         "`" + std::string(text) + "` is no " + std::string(to_string(family_)) + " address");
    unknown += (unknown.empty() ? "" : ",") + std::string(text);
  }
  const auto keep = [&](Conditions& branch, filter::AddressSetId id) {
    if (given.option == O::source) branch.others.emplace_back(filter::SourceIn{id});
    else branch.others.emplace_back(filter::DestinationIn{id});
  };
  const auto id_of = [&](bool negated) {
    if (ranges.size() == 1) return writer_.addresses(ranges[0], negated);
    const AddressSet set = AddressSet::of(ranges);
    return writer_.addresses("", negated ? subtract(AddressSet::all(family_), set) : set);
  };
  if (unknown.empty()) {
    const bool all = ranges.size() == 1 && AddressSet::of(ranges).is_all(family_);
    if (all && !given.negated) return true;
    const filter::AddressSetId id = id_of(given.negated);
    for (Conditions& branch : work.branches) keep(branch, id);
    return true;
  }
  const std::string text = std::string(is_source(given) ? "-s " : "-d ") + unknown;
  if (ranges.empty()) {
    work.ask_text(text, given.where, given.negated);
    return true;
  }
  const filter::AddressSetId inside = id_of(false), outside = id_of(true);
  work.not_understood.emplace_back(given.where, text);
  work.fork([&](Conditions& branch) { keep(branch, inside); },
            [&](Conditions& branch) {
              keep(branch, outside);
              branch.opaque.emplace_back(text, false);
            });
  return true;
}

bool Matches::ask_interface(Work& work, const Given& given) {
  const std::string name(given.values[0]);
  const bool in = given.option == O::in_interface;
  InterfaceSet set = InterfaceSet::all();
  if (name.size() > 15) return work.refuse(given.where, "a name of an interface has at most 15 characters");
  if (name.empty()) return work.refuse(given.where, "the name of the interface is empty");
  if (name != "+") {
    const bool wildcard = name.ends_with('+');
    const auto pattern = InterfacePattern::parse(wildcard ? name.substr(0, name.size() - 1) + "*" : name);
    if (!pattern || pattern->wildcard != wildcard) {
      work.ask_text(std::string(in ? "-i " : "-o ") + quoted(name), given.where, given.negated);
      return true;
    }
    set = InterfaceSet::of(*pattern);
  }
  if (given.negated) set = subtract(InterfaceSet::all(), set);
  if (set.is_all()) return true;
  for (Conditions& branch : work.branches) {
    if (in) branch.others.emplace_back(filter::InterfaceIn{set});
    else branch.others.emplace_back(filter::InterfaceOut{set});
  }
  return true;
}

bool Matches::ask(Work& work, const MatchUse& use, const Given& given) {
  switch (given.option) {
    case O::source_port:
    case O::destination_port:
      return ask_ports(work, given);
    case O::source_ports:
    case O::destination_ports:
    case O::either_ports:
      return ask_port_lists(work, given);
    case O::tcp_flags:
    case O::syn:
      return ask_flags(work, given);
    case O::icmp_type:
      return ask_icmp(work, given);
    case O::state:
      return ask_states(work, use, given);
    case O::source_range:
    case O::destination_range:
      return ask_range(work, given);
    default:
      work.ask_text(text_of(given), given.where, given.negated);
      return true;
  }
}

bool Matches::ask_ports(Work& work, const Given& given) {
  Interval<std::uint16_t> ports;
  const Known known = read_ports(given.values[0], ':', ports);
  if (known == Known::nowhere)
    return work.refuse(given.where, "`" + std::string(given.values[0]) + "` is no port and no range of ports");
  if (known == Known::not_here) {
    work.ask_text((is_source(given) ? "--sport " : "--dport ") + quoted(given.values[0]), given.where, given.negated);
    return true;
  }
  const PortSet inside = ports.first <= ports.last ? PortSet::of(ports) : PortSet();
  const PortSet set = given.negated ? complement(inside) : inside;
  for (Conditions& branch : work.branches) {
    if (is_source(given)) branch.keep_source_ports(set);
    else branch.keep_destination_ports(set);
  }
  return true;
}

bool Matches::ask_port_lists(Work& work, const Given& given) {
  std::vector<Interval<std::uint16_t>> list;
  std::size_t slots = 0;
  bool all_known = true;
  for (const std::string_view text : parts(given.values[0], ',')) {
    Interval<std::uint16_t> ports;
    const Known known = read_ports(text, ':', ports);
    const bool range = text.contains(':');
    if (known == Known::nowhere || (range && known == Known::yes && ports.first >= ports.last))
      return work.refuse(given.where, "`" + std::string(text) + "` is no port and no range of ports");
    all_known = all_known && known == Known::yes;
    slots += range ? 2u : 1u;
    list.push_back(ports);
  }
  if (slots > most_port_slots)
    return work.refuse(given.where, "`-m multiport` takes " + std::to_string(most_port_slots) +
                                        " ports, of which a range counts as two");
  if (!all_known) {
    const std::string_view name = given.option == O::source_ports        ? "--sports "
                                  : given.option == O::destination_ports ? "--dports "
                                                                         : "--ports ";
    work.ask_text(std::string(name) + quoted(given.values[0]), given.where, given.negated);
    return true;
  }
  const PortSet in = PortSet::of(list), out = complement(in);
  const PortSet& set = given.negated ? out : in;
  if (given.option == O::source_ports) {
    for (Conditions& branch : work.branches) branch.keep_source_ports(set);
  } else if (given.option == O::destination_ports) {
    for (Conditions& branch : work.branches) branch.keep_destination_ports(set);
  } else if (given.negated) {
    for (Conditions& branch : work.branches) {
      branch.keep_source_ports(out);
      branch.keep_destination_ports(out);
    }
  } else {
    work.fork([&](Conditions& branch) { branch.keep_source_ports(in); },
              [&](Conditions& branch) {
                branch.keep_source_ports(out);
                branch.keep_destination_ports(in);
              });
  }
  return true;
}

bool Matches::ask_icmp(Work& work, const Given& given) {
  const auto types = read_icmp(given.values[0], family_);
  if (!types)
    return work.refuse(given.where, "`" + std::string(given.values[0]) + "` is no ICMP type that iptables knows for " +
                                        std::string(to_string(family_)));
  const IcmpSet set = given.negated ? complement(*types) : *types;
  for (Conditions& branch : work.branches) branch.icmp = intersect(branch.icmp, set);
  return true;
}

bool Matches::ask_flags(Work& work, const Given& given) {
  constexpr std::array<std::string_view, 6> names{"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
  const auto flags = [&](std::string_view text) -> std::optional<std::string> {
    std::array<bool, names.size()> set{};
    for (const std::string_view part : parts(text, ',')) {
      if (part == "NONE") continue;
      const auto known = std::ranges::find(names, part);
      if (known == names.end() && part != "ALL") return std::nullopt;
      for (std::size_t i = 0; i < names.size(); ++i) set[i] = set[i] || part == "ALL" || names[i] == part;
    }
    std::string result;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (set[i]) result += (result.empty() ? "" : ",") + std::string(names[i]);
    return result.empty() ? "NONE" : result;
  };
  const bool syn = given.option == O::syn;
  const auto mask = flags(syn ? "FIN,SYN,RST,ACK" : given.values[0]), set = flags(syn ? "SYN" : given.values[1]);
  if (!mask || !set) return work.refuse(given.where, "a TCP flag is one of FIN, SYN, RST, PSH, ACK, URG, ALL and NONE");
  work.ask_text("--tcp-flags " + *mask + " " + *set, given.where, given.negated);
  return true;
}

bool Matches::ask_states(Work& work, const MatchUse& use, const Given& given) {
  StateSet states;
  std::string translated;
  for (const std::string_view text : parts(given.values[0], ',')) {
    if (const auto state = read_state(text)) {
      states = states | StateSet::of(*state);
    } else if (use.name == "conntrack" && (text == "SNAT" || text == "DNAT")) {
      translated += (translated.empty() ? "" : ",") + std::string(text);
    } else {
      return work.refuse(given.where, "`" + std::string(text) + "` is no state");
    }
  }
  const StateSet others = StateSet::all() - states;
  const std::string text = "--ctstate " + translated;
  if (translated.empty()) {
    for (Conditions& branch : work.branches)
      branch.others.emplace_back(filter::StateIn{given.negated ? others : states});
    return true;
  }
  work.not_understood.emplace_back(given.where, text);
  const auto not_these = [&](Conditions& branch) {
    branch.others.emplace_back(filter::StateIn{others});
    branch.opaque.emplace_back(text, given.negated);
  };
  if (given.negated || states == StateSet())
    for (Conditions& branch : work.branches) not_these(branch);
  else work.fork([&](Conditions& branch) { branch.others.emplace_back(filter::StateIn{states}); }, not_these);
  return true;
}

bool Matches::ask_range(Work& work, const Given& given) {
  const std::string_view text = given.values[0];
  const std::size_t dash = text.find('-');
  const auto first = read_address(text.substr(0, dash), family_);
  const auto last = dash == std::string_view::npos ? first : read_address(text.substr(dash + 1), family_);
  if (!first || !last)
    return work.refuse(given.where,
                       "`" + std::string(text) + "` is no range of " + std::string(to_string(family_)) + " addresses");
  // A range that ends before it begins holds nothing; the kernel says so, and takes it.
  const bool none = *first > *last;
  if (none && given.negated) return true;
  const filter::AddressSetId id =
      none ? writer_.addresses("", AddressSet()) : writer_.addresses({family_, *first, *last}, given.negated);
  for (Conditions& branch : work.branches) {
    if (is_source(given)) branch.others.emplace_back(filter::SourceIn{id});
    else branch.others.emplace_back(filter::DestinationIn{id});
  }
  return true;
}

}  // namespace portpolicy::iptables::text
