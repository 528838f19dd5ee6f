#include "backends/iptables/table_writer.h"

#include <algorithm>
#include <iterator>

#include "backends/common/prefixes.h"
#include "backends/common/text.h"

namespace portpolicy::iptables {

using backend::TcpShare;

namespace {

/// How many rules all combinations of these make.
std::size_t combinations(std::span<const Alternatives> conditions) {
  std::size_t count = 1;
  for (const Alternatives& condition : conditions)
    count = std::min<std::size_t>(count * condition.ways.size(), 1'000'000);
  return count;
}

Matches joined(Matches one, const Matches& other) {
  one.insert(one.end(), other.begin(), other.end());
  return one;
}

Match on_side(Match match, Side side) {
  if (auto* in = std::get_if<AddressIn>(&match)) in->side = side;
  if (auto* in = std::get_if<InSet>(&match)) in->side = side;
  return match;
}

}  // namespace

// What a table holds.

ChainId TableWriter::add_chain(std::string_view name) {
  table_.chains.push_back({chain_names_.make(chain_prefix, name, most_chain_bytes), {}});
  return ChainId(table_.chains.size() - 1);
}

std::uint32_t TableWriter::new_comment(std::string_view text) {
  comments_.push_back(backend::printable(text, most_comment_bytes));
  return static_cast<std::uint32_t>(comments_.size() - 1);
}

void TableWriter::add(ChainId to, Rule rule) {
  std::ranges::stable_sort(rule.all_of, {}, [](const Match& match) { return match.index(); });
  if (rule.limit) ++table_.buckets[rule.limit->index].rules;
  table_.chains[to.index].rules.push_back(std::move(rule));
}

SetId TableWriter::add_set(Set set, std::string_view name) {
  set.name = set_name(name, family(), set);
  const auto [known, is_new] = sets_.try_emplace(set.name, SetId(table_.sets.size()));
  if (is_new) table_.sets.push_back(std::move(set));
  return known->second;
}

std::optional<BucketId> TableWriter::bucket_of(const filter::Rule& rule) {
  if (!rule.limit) return std::nullopt;
  const auto [known, is_new] = buckets_.try_emplace(*rule.limit, BucketId(table_.buckets.size()));
  if (is_new) {
    const filter::NamedLimit& named = filter_.limits[rule.limit->index];
    // The kernel gives a table to whoever names it, as it was made: so all that makes it is in the name.
    const Limit& limit = named.limit;
    const std::string rate = std::to_string(limit.rate) + to_string(limit.unit).front() + std::to_string(limit.burst);
    const std::string kind = limit.per_source ? "pp-each-" : "pp-";
    table_.buckets.push_back({bucket_names_.make(kind + rate + "-", named.name, most_bucket_bytes), limit});
  }
  return known->second;
}

// Rules.

void TableWriter::lower_rule(const filter::Rule& rule, ChainId to) {
  const Conditions conditions = backend::conditions_of(filter_, rule);
  const std::vector<Family> families = families_of(filter_, conditions);
  if (std::ranges::find(families, family()) == families.end()) return;
  const TcpShare tcp = tcp_share(conditions);
  const bool rejects_both = backend::is_reject(rule) && tcp == TcpShare::some;
  if (rule.log || (rejects_both && rule.limit)) {
    const ChainId ending = ending_chain(rule, tcp);
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
Action TableWriter::plain_action(const filter::Rule& rule, TcpShare tcp) {
  if (const auto* jump = std::get_if<filter::Jump>(&rule.action)) return Jump{called(jump->chain.index)};
  return answer_of(std::get<Verdict>(rule.action), tcp);
}

ChainId TableWriter::called(std::uint32_t filter_chain) {
  if (const auto known = called_.find(filter_chain); known != called_.end()) return known->second;
  to_fill_.push_back(filter_chain);
  return called_.emplace(filter_chain, add_chain(filter_.chains[filter_chain].name)).first->second;
}

std::optional<std::pair<std::uint32_t, ChainId>> TableWriter::next_called() {
  if (to_fill_.empty()) return std::nullopt;
  const std::uint32_t chain = to_fill_.back();
  to_fill_.pop_back();
  return std::pair(chain, called_.at(chain));
}

/// The chain that logs, where the rule asks for it, and then does what the rule does. All rules of one origin with the same
/// ending share it, and with it the limit of log lines.
ChainId TableWriter::ending_chain(const filter::Rule& rule, TcpShare tcp) {
  const std::string prefix = rule.log ? log_prefix(rule) : std::string();
  const auto* jump = std::get_if<filter::Jump>(&rule.action);
  std::variant<Verdict, ChainId> what;
  if (jump != nullptr) what = called(jump->chain.index);
  else what = std::get<Verdict>(rule.action);
  const EndingKey key{rule.origin, prefix, what, tcp};
  if (const auto known = endings_.find(key); known != endings_.end()) return known->second;
  const ChainId id = add_chain((rule.log ? "log-" : "reject-") + name_of(rule));
  endings_.emplace(key, id);
  if (rule.log) add(id, {{}, {}, LogLine{prefix}, rule.origin});
  if (jump != nullptr) {
    add(id, {{}, {}, Goto{std::get<ChainId>(what)}, rule.origin});
    return id;
  }
  // The kernel takes a reset only beside the protocol.
  if (backend::is_reject(rule) && tcp != TcpShare::none)
    add(id, {{ProtocolIs{protocols::tcp}}, {}, Answer::reset, rule.origin});
  if (!backend::is_reject(rule) || tcp != TcpShare::all)
    add(id, {{}, {}, answer_of(std::get<Verdict>(rule.action), TcpShare::none), rule.origin});
  return id;
}

std::string TableWriter::log_prefix(const filter::Rule& rule) const {
  if (!rule.log->prefix.empty()) return backend::printable(rule.log->prefix, most_log_prefix_bytes);
  const auto* verdict = std::get_if<Verdict>(&rule.action);
  const std::string end = verdict != nullptr ? " " + std::string(to_string(*verdict)) + ": " : ": ";
  const std::string start = "portpolicy " + name_of(rule);
  return backend::printable(start.substr(0, most_log_prefix_bytes - end.size()) + end, most_log_prefix_bytes);
}

void TableWriter::lower_lines(const filter::Rule& rule, const Conditions& conditions, const Action& action,
                              ChainId to) {
  const Matches states = conditions.states == StateSet::all() ? Matches{} : Matches{StateIn{conditions.states}};
  const std::vector<Alternatives> interfaces{interface_alternatives(Side::source, conditions.interfaces[0]),
                                             interface_alternatives(Side::destination, conditions.interfaces[1])};
  const Alternatives from = address_alternatives(rule, conditions, Side::source);
  const Alternatives at = address_alternatives(rule, conditions, Side::destination);
  for (const Alternatives& packets : packet_alternatives(conditions)) {
    const std::vector<Alternatives> all{interfaces[0], interfaces[1], from, at, packets};
    write(to, states, all, {bucket_of(rule), action, rule.origin, name_of(rule)});
  }
}

/// A few combinations stand in a row. Of many, what is first is asked once, and the others behind it in a chain of their own,
/// which comes back where they do not match.
void TableWriter::write(ChainId to, const Matches& asked, std::span<const Alternatives> rest, const Ending& ending) {
  if (rest.empty()) return add(to, {asked, ending.limit, ending.action, ending.comment});
  const Alternatives& first = rest.front();
  const std::span<const Alternatives> others = rest.subspan(1);
  const bool many = first.ways.size() > 1 && combinations(others) > 1;
  const bool long_list = !first.common.empty() && first.ways.size() > costs().most_lines_of_rule;
  if (long_list || (many && combinations(rest) > costs().most_lines_of_rule)) {
    const ChainId behind = add_chain(ending.name);
    if (long_list) {
      add(to, {joined(asked, first.common), {}, Jump{behind}, ending.comment});
      // The kernel takes types only beside their protocol.
      for (const Alternative& way : first.ways) write_way(behind, first.common, way, others, ending);
    } else {
      write(behind, {}, others, ending);
      const Ending jump{{}, Jump{behind}, ending.comment, ending.name};
      for (const Alternative& way : first.ways) write_way(to, joined(asked, first.common), way, {}, jump);
    }
    return;
  }
  for (const Alternative& way : first.ways) write_way(to, joined(asked, first.common), way, others, ending);
}

/// What is taken out again returns from a chain before the rest is asked.
void TableWriter::write_way(ChainId to, const Matches& asked, const Alternative& way,
                            std::span<const Alternatives> rest, const Ending& ending) {
  if (way.except.empty()) return write(to, joined(asked, way.matches), rest, ending);
  const ChainId inner = add_chain(ending.name);
  add(to, {joined(asked, way.matches), {}, Jump{inner}, ending.comment});
  for (const Matches& except : way.except) add(inner, {except, {}, Return{}, ending.comment});
  write(inner, {}, rest, ending);
}

/// Protocols with their ports or ICMP types, one after the other.
std::vector<Alternatives> TableWriter::packet_alternatives(const Conditions& conditions) const {
  if (!conditions.icmp.is_all()) return {icmp_alternatives(family(), conditions.icmp)};
  const auto protocols = protocols_of(conditions, family());
  if (!protocols) return {{{}, {{}}}};
  std::vector<Alternatives> result;
  for (const Protocol protocol : *protocols) {
    Alternatives& one = result.emplace_back(Alternatives{{ProtocolIs{protocol}}, {{}}});
    for (const Side side : {Side::source, Side::destination}) {
      const std::vector<Match> ports = port_matches(side, protocol, conditions.ports[static_cast<std::size_t>(side)]);
      if (ports.empty()) continue;
      std::vector<Alternative> ways;
      for (const Alternative& way : one.ways)
        for (const Match& match : ports) ways.push_back({joined(way.matches, {match})});
      one.ways = std::move(ways);
    }
  }
  return result;
}

// Addresses.

Alternatives TableWriter::address_alternatives(const filter::Rule& rule, const Conditions& conditions, Side side) {
  const AddressSet* set = addresses_of(filter_, conditions, side);
  if (set == nullptr || set->is_all(family())) return {{}, {{}}};
  const Conditions::Addresses& from = conditions.addresses[static_cast<std::size_t>(side)];
  const std::string own_name = std::string(side == Side::source ? "from-" : "to-") + name_of(rule);
  std::vector<Match> matches;
  if (from.narrowed) {
    matches = address_matches(side, set->ranges(family()), own_name);
  } else {
    const auto [known, is_new] = lists_.try_emplace(*from.id);
    const std::string& name = filter_.address_sets[from.id->index].name;
    if (is_new) known->second = address_matches(side, set->ranges(family()), name.empty() ? own_name : name);
    matches = known->second;
  }
  Alternatives result;
  for (const Match& match : matches) result.ways.push_back({{on_side(match, side)}});
  return result;
}

std::vector<Match> TableWriter::address_matches(Side side, const std::vector<AddressRange>& ranges,
                                                std::string_view name) {
  std::vector<Match> result;
  if (ranges.size() <= costs().most_lines_of_list) {
    for (const AddressRange& range : ranges) result.emplace_back(AddressIn{side, range});
    return result;
  }
  Set set;
  for (const AddressRange& range : ranges)
    backend::for_each_prefix(family(), {range.first, range.last},
                             [&](Prefix prefix) { set.prefixes.push_back(prefix); });
  result.emplace_back(InSet{add_set(std::move(set), name), side});
  return result;
}

}  // namespace portpolicy::iptables
