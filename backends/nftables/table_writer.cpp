#include "backends/nftables/table_writer.h"

#include <algorithm>
#include <array>

#include "backends/common/limits.h"
#include "backends/common/text.h"
#include "backends/nftables/address_lists.h"
#include "backends/nftables/alternatives.h"
#include "compiler/base/overloaded.h"

namespace portpolicy::nft {
namespace {

std::string_view side_prefix(Side side) {
  return side == Side::source ? "from_" : "to_";
}

/// What asks for the same addresses on this side.
std::vector<Match> with_side(std::vector<Match> matches, Side side) {
  for (Match& match : matches) {
    if (auto* in = std::get_if<AddressIn>(&match)) in->side = side;
    if (auto* found = std::get_if<FoundIn>(&match)) found->side = side;
  }
  return matches;
}

/// nft up to 1.0.6 at least lists a TCP reset that stands behind a family test without that test, as if the answer
/// implied the family. It keeps a test of addresses, so this asks for all of them.
Match any_address_of(Family family) {
  AddressIn in{Side::source, family, {}};
  if (family == Family::ipv4) in.addresses = Addresses(IntervalSet<std::uint32_t>::all());
  else in.addresses = Addresses(IntervalSet<Uint128>::all());
  return in;
}

/// A match of ICMP types implies its family. Behind a family test nft lists `meta l4proto icmp` without that test,
/// and what it lists would then mean both families; the other way round it keeps both.
void add_family_test(Family family, const Action& action, Matches& protocol) {
  if (!protocol.empty() && std::holds_alternative<IcmpIn>(protocol.front())) return;
  const Protocol icmp = family == Family::ipv4 ? protocols::icmp : protocols::icmpv6;
  const auto* in = protocol.empty() ? nullptr : std::get_if<ProtocolIn>(&protocol.front());
  const bool just_icmp = in != nullptr && in->protocols == std::vector{icmp};
  const auto* answer = std::get_if<Answer>(&action);
  const bool resets = answer != nullptr && *answer == Answer::reset;
  if (resets) protocol.insert(protocol.begin(), any_address_of(family));
  else protocol.insert(just_icmp ? protocol.end() : protocol.begin(), FamilyIs{family});
}

Matches protocol_matches(const std::optional<std::vector<Protocol>>& protocols, const Conditions& conditions) {
  if (!protocols) return {};
  if (!conditions.has_ports()) return {ProtocolIn{*protocols}};
  Matches result;
  std::optional<Protocol> keyword;
  if (protocols->size() == 1) keyword = protocols->front();
  else result.push_back(ProtocolIn{*protocols});
  for (const Side side : {Side::source, Side::destination}) {
    const PortSet& ports = conditions.ports[static_cast<std::size_t>(side)];
    if (!ports.is_all()) result.push_back(PortIn{side, keyword, ports});
  }
  return result;
}

std::vector<Matches> icmp_or_protocol_matches(const Conditions& conditions, Family family) {
  if (!conditions.icmp.is_all()) return icmp_alternatives(family, conditions.icmp);
  return {protocol_matches(protocols_of(conditions, family), conditions)};
}

}  // namespace

std::string_view suffix_of(Family family) {
  return family == Family::ipv4 ? "_4" : "_6";
}

// Chains and comments.

ChainId TableWriter::add_chain(std::string_view prefix, std::string_view name, std::string_view suffix) {
  table_.chains.push_back({identifiers_.make(prefix, name, suffix), std::nullopt, {}, {}});
  return ChainId(table_.chains.size() - 1);
}

ChainId TableWriter::add_base_chain(std::string name, Hook hook) {
  table_.chains.push_back({std::move(name), hook, {}, {}});
  return ChainId(table_.chains.size() - 1);
}

std::optional<ChainId> TableWriter::called(std::uint32_t filter_chain) const {
  const auto found = called_.find({only_, filter_chain});
  return found == called_.end() ? std::nullopt : std::optional(found->second);
}

std::uint32_t TableWriter::new_comment(std::string_view text) {
  comments_.push_back(backend::printable(text, most_comment_bytes));
  return static_cast<std::uint32_t>(comments_.size() - 1);
}

std::uint32_t TableWriter::comment_of(const std::vector<std::uint32_t>& origins) {
  const auto [first, last] = std::minmax_element(origins.begin(), origins.end());
  if (*first == *last) return *first;
  std::vector<std::uint32_t> distinct = origins;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto said = [&](std::uint32_t origin) {
    const filter::Origin& of = filter_.origins[origin];
    return of.place.empty() ? of.name : of.place;
  };
  // `policy.yaml:14-60`; the end in full where it is in another file.
  const std::string begin = said(*first);
  std::string end = said(*last);
  const std::size_t line = end.rfind(':') + 1;
  const bool same_file =
      line != 0 && begin.starts_with(end.substr(0, line)) && begin.find(':', line) == std::string::npos;
  end = same_file ? "-" + end.substr(line) : " to " + end;
  return new_comment(std::to_string(distinct.size()) + " rules, " + begin + end);
}

// Rules.

std::vector<Family> TableWriter::families_of_rule(const Conditions& conditions) const {
  std::vector<Family> result = families_of(filter_, conditions);
  if (only_) std::erase_if(result, [&](Family family) { return family != *only_; });
  return result;
}

void TableWriter::lower_rule(const filter::Rule& rule, ChainId to) {
  const Conditions conditions = backend::conditions_of(filter_, rule);
  if (families_of_rule(conditions).empty()) return;
  const TcpShare tcp = tcp_share(conditions);
  const bool rejects_both = backend::is_reject(rule) && tcp == TcpShare::some;
  if (rule.log || (rejects_both && rule.limit)) {
    const ChainId ending = ending_of(rule, tcp);
    // What comes back from a jump must come back to this chain, so the ending is called as the jump would be.
    const bool returns = std::holds_alternative<filter::Jump>(rule.action);
    lower_lines(rule, conditions, returns ? Action(Jump{ending}) : Action(Goto{ending}), to);
  } else if (rejects_both) {
    Conditions part = conditions;
    part.protocols = {protocols::tcp};
    lower_lines(rule, part, Answer::reset, to);
    part.protocols = conditions.protocols;
    if (part.protocols) std::erase(*part.protocols, protocols::tcp);
    lower_lines(rule, part, Answer::admin_prohibited, to);
  } else {
    lower_lines(rule, conditions, plain_action(rule, tcp), to);
  }
}

/// For all but a reject of TCP and others, which needs two rules.
Action TableWriter::plain_action(const filter::Rule& rule, TcpShare tcp) const {
  if (const auto* jump = std::get_if<filter::Jump>(&rule.action)) return Jump{*called(jump->chain.index)};
  return answer_of(std::get<Verdict>(rule.action), tcp);
}

/// The chain that logs, where the rule asks for it, and then does what the rule does. All rules of one origin with
/// the same ending share it, and with it the limit of log lines.
ChainId TableWriter::ending_of(const filter::Rule& rule, TcpShare tcp) {
  const std::string prefix = rule.log ? log_prefix(rule) : std::string();
  const auto* jump = std::get_if<filter::Jump>(&rule.action);
  const std::uint32_t what = jump != nullptr ? jump->chain.index : std::to_underlying(std::get<Verdict>(rule.action));
  const EndingKey key{
      rule.origin, prefix, rule.log.has_value(), jump != nullptr, what, tcp, jump != nullptr ? only_ : std::nullopt};
  const auto found = endings_.find(key);
  if (found != endings_.end()) return found->second;
  const ChainId id = add_chain(rule.log ? "log_" : "reject_", name_of(rule));
  endings_.emplace(key, id);
  if (rule.log) add(id, {{}, {}, LogLine{prefix}, rule.origin});
  if (backend::is_reject(rule) && tcp == TcpShare::some) {
    add(id, {{ProtocolIn{{protocols::tcp}}}, {}, Answer::reset, rule.origin});
    add(id, {{}, {}, Answer::admin_prohibited, rule.origin});
  } else {
    Action action = plain_action(rule, tcp);
    if (const auto* to = std::get_if<Jump>(&action)) action = Goto{to->chain};
    add(id, {{}, {}, action, rule.origin});
  }
  return id;
}

ChainId TableWriter::rejecting_chain(Answer answer) {
  const auto found = rejecting_.find(answer);
  if (found != rejecting_.end()) return found->second;
  const bool reset = answer == Answer::reset;
  const ChainId id = add_chain("reject_with_", reset ? "reset" : "error");
  add(id, {{}, {}, answer, new_comment(reset ? "TCP" : "what is not TCP")});
  rejecting_.emplace(answer, id);
  return id;
}

std::string TableWriter::log_prefix(const filter::Rule& rule) const {
  if (!rule.log->prefix.empty()) return log_prefix_text(rule.log->prefix);
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  const std::string end = verdict != nullptr ? " " + std::string(to_string(*verdict)) + ": " : ": ";
  const std::string start = "portpolicy " + name_of(rule);
  return log_prefix_text(start.substr(0, most_log_prefix_bytes - end.size()) + end);
}

// Lines: what one rule needs for its interfaces, families, lists and ICMP types. No two match the same packet, so that
// a packet over the limit meets it once.

void TableWriter::lower_lines(const filter::Rule& rule, const Conditions& conditions, const Action& action,
                              ChainId to) {
  const auto in = interface_alternatives(Side::source, conditions.interfaces[0]);
  const auto out = interface_alternatives(Side::destination, conditions.interfaces[1]);
  for (auto& [family, packets] : packet_alternatives(rule, conditions, action)) {
    for (const Matches& came_in : in) {
      for (const Matches& goes_out : out) {
        Rule line{came_in, limit_test(rule, family), action, rule.origin, options_.counters};
        line.all_of.insert(line.all_of.end(), goes_out.begin(), goes_out.end());
        line.all_of.insert(line.all_of.end(), packets.begin(), packets.end());
        if (conditions.states != StateSet::all()) line.all_of.push_back(StateIn{conditions.states});
        add(to, std::move(line));
      }
    }
  }
}

/// The matches of family, addresses, protocol and what the protocol has.
std::vector<TableWriter::PacketAlternative> TableWriter::packet_alternatives(const filter::Rule& rule,
                                                                             const Conditions& conditions,
                                                                             const Action& action) {
  const bool by_family = only_ || (rule.limit && filter_.limits[rule.limit->index].limit.per_source);
  if (!by_family && alike_in_both_families(filter_, conditions)) {
    return {{std::nullopt, protocol_matches(conditions.protocols, conditions)}};
  }
  std::vector<PacketAlternative> result;
  for (const Family family : families_of_rule(conditions)) {
    const std::vector<Match> sources = address_matches(rule, conditions, Side::source, family);
    const std::vector<Match> destinations = address_matches(rule, conditions, Side::destination, family);
    const auto either = [](const std::vector<Match>& matches, std::size_t i) {
      return matches.empty() ? Matches{} : Matches{matches[i]};
    };
    for (Matches& protocol : icmp_or_protocol_matches(conditions, family)) {
      for (std::size_t s = 0; s < std::max<std::size_t>(sources.size(), 1); ++s) {
        for (std::size_t d = 0; d < std::max<std::size_t>(destinations.size(), 1); ++d) {
          Matches matches = either(sources, s);
          const Matches to = either(destinations, d);
          matches.insert(matches.end(), to.begin(), to.end());
          Matches rest = protocol;
          if (matches.empty() && !only_) add_family_test(family, action, rest);
          matches.insert(matches.end(), rest.begin(), rest.end());
          result.push_back({family, std::move(matches)});
        }
      }
    }
  }
  return result;
}

// Addresses.

/// None where all addresses will do.
std::vector<Match> TableWriter::address_matches(const filter::Rule& rule, const Conditions& conditions, Side side,
                                                Family family) {
  const AddressSet* set = backend::addresses_of(filter_, conditions, side);
  if (set == nullptr || set->is_all(family)) return {};
  const Addresses addresses = family == Family::ipv4 ? Addresses(set->v4) : Addresses(set->v6);
  const Conditions::Addresses& from = conditions.addresses[static_cast<std::size_t>(side)];
  if (from.narrowed) return list_matches(side, addresses, side_prefix(side), name_of(rule));
  const auto [found, fresh] = lists_.try_emplace(std::pair(*from.id, family));
  if (fresh) {
    const std::string& name = filter_.address_sets[from.id->index].name;
    found->second = name.empty() ? list_matches(side, addresses, side_prefix(side), name_of(rule))
                                 : list_matches(side, addresses, "net_", name);
  }
  return with_side(found->second, side);
}

std::vector<Match> TableWriter::list_matches(Side side, const Addresses& addresses, std::string_view prefix,
                                             std::string_view name) {
  const Family family = family_of(addresses);
  const std::size_t ranges = range_count(addresses);
  if (!fast()) {
    const bool named = prefix == "net_";
    if (ranges <= (named ? 1 : most_inline_ranges)) return {AddressIn{side, family, addresses}};
    return {AddressIn{side, family, add_set(addresses, prefix, name, false)}};
  }
  switch (cheapest_list(addresses, options_.costs)) {
    case ListShape::lines:
      return one_by_one(side, addresses);
    case ListShape::intervals:
      return {AddressIn{side, family, add_set(addresses, prefix, name, false)}};
    case ListShape::padded:
      return {AddressIn{side, family, add_set(addresses, prefix, name, true)}};
    case ListShape::hashes:
      break;
  }
  std::vector<Match> matches;
  for (Lookup& lookup : hashes_by_length(addresses)) {
    const int length = lookup.key.address->length;
    const std::string by = length == address_bits(family) ? "" : "_by" + std::to_string(length);
    lookup.name = identifiers_.make(prefix, std::string(name) + by, suffix_of(family));
    table_.lookups.push_back(std::move(lookup));
    matches.push_back(FoundIn{LookupId(table_.lookups.size() - 1), side});
  }
  return matches;
}

LookupId TableWriter::add_lookup(std::string_view stem, Lookup lookup) {
  if (!stem.empty()) lookup.name = identifiers_.make("", stem, only_ ? suffix_of(*only_) : "");
  table_.lookups.push_back(std::move(lookup));
  return LookupId(table_.lookups.size() - 1);
}

SetId TableWriter::add_set(const Addresses& addresses, std::string_view prefix, std::string_view name, bool padded) {
  table_.sets.push_back({identifiers_.make(prefix, name, suffix_of(family_of(addresses))), addresses, padded});
  return SetId(table_.sets.size() - 1);
}

// Limits.

LimitTest TableWriter::limit_test(const filter::Rule& rule, std::optional<Family> family) {
  if (!rule.limit) return std::monostate{};
  const filter::NamedLimit& named = filter_.limits[rule.limit->index];
  if (!named.limit.per_source) {
    const auto [found, fresh] = limits_.try_emplace(*rule.limit, LimitId(table_.limits.size()));
    if (fresh) table_.limits.push_back({identifiers_.make("limit_", named.name), named.limit});
    return WithinShared{found->second};
  }
  const auto key = std::pair(*rule.limit, *family);
  const auto [found, fresh] = source_tables_.try_emplace(key, SourceTableId(table_.source_tables.size()));
  if (fresh) {
    const std::uint64_t timeout = backend::source_timeout(named.limit);
    const std::string name = identifiers_.make("source_", named.name, suffix_of(*family));
    table_.source_tables.push_back({name, *family, named.limit, timeout});
  }
  return WithinSource{found->second};
}

}  // namespace portpolicy::nft
