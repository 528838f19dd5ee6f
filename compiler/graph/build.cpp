#include "compiler/graph/build.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "compiler/graph/precedence.h"
#include "compiler/graph/resolve.h"

namespace portpolicy {
namespace {

// What `overrides` and `waive` can name.
struct NamedRule {
  const syntax::Rule* rule;
  Direction direction;
  std::optional<std::uint32_t> live;  // its index among the rules of its direction, unless it expired or is broken
};
using RuleNames = std::map<std::string, NamedRule, std::less<>>;

class Builder {
 public:
  Builder(const syntax::Policy& policy, const Host& host, Diagnostics& diagnostics)
      : policy_(policy), host_(host), diagnostics_(diagnostics), resolver_(policy, graph_, diagnostics) {}

  Graph build() {
    settings();
    for (const Direction direction : directions) collect(direction);
    for (const Direction direction : directions) order(direction);
    for (std::uint32_t file = 0; file < policy_.files.size(); ++file) claims(file);
    return std::move(graph_);
  }

 private:
  Section& section(Direction direction) { return graph_.sections[static_cast<std::size_t>(direction)]; }
  static const std::vector<syntax::Rule>& rules_of(const syntax::File& file, Direction direction) {
    return file.rules[static_cast<std::size_t>(direction)];
  }

  void settings();
  void base();
  void default_of(Direction direction);
  void collect(Direction direction);
  void add_rule(const syntax::Rule& rule, Direction direction, std::uint32_t file, std::uint32_t index);
  bool expired(const syntax::Rule& rule, const std::string& name);
  void order(Direction direction);
  std::optional<std::uint32_t> overridden(const syntax::Located<std::string>& target, Direction direction);
  std::optional<std::uint32_t> overridden_by_place(const syntax::Located<std::string>& target, Direction direction);
  void only_from(const syntax::Rule& rule, const Rule& resolved, Direction direction);
  void claims(std::uint32_t file);
  void add_claim(const syntax::Claim& written, Claim::Kind kind, Direction direction, std::uint32_t file);
  template <class Written>
  std::optional<Selector> selector(const Written& written);

  const syntax::Policy& policy_;
  const Host& host_;
  Diagnostics& diagnostics_;
  Graph graph_;
  Resolver resolver_;
  RuleNames names_;
  std::array<std::map<std::string, std::optional<std::uint32_t>, std::less<>>, 3> places_;  // of rules without a name
};

// --- defaults and base ---

void Builder::settings() {
  base();
  for (const Direction direction : directions) default_of(direction);
}

void Builder::base() {
  const syntax::Located<BaseSet>* first = nullptr;
  for (const syntax::File& file : policy_.files) {
    if (!file.base) continue;
    if (first == nullptr) {
      first = &*file.base;
      graph_.base = first->value;
    } else if (file.base->value != first->value) {
      diagnostics_.add(Code::settings_disagree, file.base->where, "two files give `base`, and they differ",
                       "let one of them leave it out", {{first->where, "the other one"}});
    }
  }
}

void Builder::default_of(Direction direction) {
  const std::size_t index = static_cast<std::size_t>(direction);
  const std::string name{to_string(direction)};
  const syntax::Located<syntax::Default>* given = nullptr;
  std::optional<Span> rules;
  for (const syntax::File& file : policy_.files) {
    if (!rules && !file.rules[index].empty()) rules = file.sections[index];
    const auto& here = file.defaults[index];
    if (!here) continue;
    if (given == nullptr) given = &*here;
    else if (here->value != given->value)
      diagnostics_.add(Code::settings_disagree, here->where,
                       "two files give a default for " + name + ", and they differ", "let one of them leave it out",
                       {{given->where, "the other one"}});
  }
  Section& to = section(direction);
  if (given == nullptr) {
    to.managed = rules.has_value();
    to.otherwise = direction == Direction::outbound ? Verdict::allow : Verdict::deny;
    return;
  }
  to.default_where = given->where;
  to.log = given->value.log;
  to.managed = given->value.verdict.has_value();
  if (to.managed) to.otherwise = *given->value.verdict;
  else if (rules)
    diagnostics_.add(Code::unmanaged_with_rules, given->where, name + " is `unmanaged`, but there are rules for it",
                     "take the rules out, or choose a verdict as the default", {{*rules, "these rules"}});
}

// --- rules ---

void Builder::collect(Direction direction) {
  for (std::uint32_t file = 0; file < policy_.files.size(); ++file) {
    const auto& rules = rules_of(policy_.files[file], direction);
    for (std::uint32_t index = 0; index < rules.size() && !diagnostics_.too_many_errors(); ++index)
      add_rule(rules[index], direction, file, index);
  }
}

bool Builder::expired(const syntax::Rule& rule, const std::string& name) {
  if (!rule.until || std::chrono::sys_days{rule.until->value} >= std::chrono::sys_days{host_.today}) return false;
  diagnostics_.add(Code::expired, rule.until->where,
                   "rule `" + name + "` ended with " + to_string(rule.until->value) + " and no longer counts",
                   "take it out, or give it a new date");
  return true;
}

void Builder::add_rule(const syntax::Rule& rule, Direction direction, std::uint32_t file, std::uint32_t index) {
  NamedRule named{&rule, direction, std::nullopt};
  Rule node;
  node.name = syntax::name_of(policy_, file, to_string(direction), rule);
  const bool out = expired(rule, node.name);
  std::optional<Selector> packets = selector(rule);
  if (packets && !out) {
    node.where = rule.where;
    node.verdict = rule.verdict;
    node.packets = std::move(*packets);
    if (rule.limit) node.limit = rule.limit->value;
    if (rule.log) node.log = rule.log->value;
    node.file = file;
    node.place = index;
    node.tier = policy_.files[file].tier;
    node.library = policy_.files[file].library;
    node.ends = rule.until.has_value();
    node.says_more = rule.only_from;
    if (rule.only_from) only_from(rule, node, direction);
    named.live = static_cast<std::uint32_t>(section(direction).rules.size());
    section(direction).rules.push_back(std::move(node));
  }
  if (!rule.name) return;
  if (rule.name->value == "default" || rule.name->value == "unmanaged")
    diagnostics_.add(
        Code::bad_name, rule.name->where,
        "a rule cannot be called `" + rule.name->value + "`: what decides a packet is called so where no rule does",
        "choose another name");
  const auto [known, is_new] = names_.try_emplace(rule.name->value, named);
  if (!is_new)
    diagnostics_.add(Code::defined_twice, rule.name->where, "two rules are called `" + rule.name->value + "`",
                     "give one of them another name", {{known->second.rule->name->where, "the other one"}});
}

template <class Written>
std::optional<Selector> Builder::selector(const Written& written) {
  Selector selector;
  bool whole = true;
  const auto take = [&whole](auto& into, auto&& found) {
    if (found) into = std::move(*found);
    else whole = false;
  };
  if (written.from) take(selector.source, resolver_.addresses(*written.from));
  if (written.to) take(selector.destination, resolver_.addresses(*written.to));
  if (written.in) take(selector.in, resolver_.interfaces(*written.in));
  if (written.out) take(selector.out, resolver_.interfaces(*written.out));
  take(selector.transports, resolver_.transports(written.services));
  if (written.source_ports.empty() || !whole) return whole ? std::optional(std::move(selector)) : std::nullopt;

  std::vector<Interval<std::uint16_t>> ports;
  ports.reserve(written.source_ports.size());
  for (const auto& range : written.source_ports) ports.push_back(range.value);
  selector.source_ports = PortSet::of(std::move(ports));
  const bool all_have =
      !selector.transports.empty() &&
      std::ranges::all_of(selector.transports, [](const Transport& t) { return has_ports(t.protocol); });
  if (all_have) return selector;
  diagnostics_.add(Code::ports_needed, written.source_ports.front().where,
                   "`source-port` stands beside a service that has no ports",
                   "only tcp, udp, sctp, dccp and udplite have ports; name one of them");
  return std::nullopt;
}

// --- order ---

std::optional<std::uint32_t> Builder::overridden(const syntax::Located<std::string>& target, Direction direction) {
  const auto found = names_.find(target.value);
  if (found == names_.end()) {
    if (target.value.ends_with(']')) return overridden_by_place(target, direction);
    if (resolver_.may_be_left_out(target.value)) return std::nullopt;
    diagnostics_.add(Code::unknown_name, target.where, "there is no rule `" + target.value + "`",
                     resolver_.help_for_unknown(target.value, names_));
    return std::nullopt;
  }
  if (found->second.direction == direction) return found->second.live;
  diagnostics_.add(Code::not_in_this_direction, target.where,
                   "`" + target.value + "` is a rule of " + std::string(to_string(found->second.direction)) +
                       "; it never meets a rule of " + std::string(to_string(direction)),
                   "take it out of `overrides`", {{found->second.rule->name->where, "this rule"}});
  return std::nullopt;
}

// A rule without a name is called by its place.
std::optional<std::uint32_t> Builder::overridden_by_place(const syntax::Located<std::string>& target,
                                                          Direction direction) {
  auto& places = places_[static_cast<std::size_t>(direction)];
  if (places.empty()) {
    const std::vector<Rule>& rules = section(direction).rules;  // still in the order in which they were collected
    std::uint32_t live = 0;
    for (std::uint32_t file = 0; file < policy_.files.size(); ++file) {
      const auto& written = rules_of(policy_.files[file], direction);
      for (std::uint32_t place = 0; place < written.size(); ++place) {
        const bool is_live = live < rules.size() && rules[live].file == file && rules[live].place == place;
        if (!written[place].name)
          places.emplace(syntax::place_name(policy_, file, to_string(direction), written[place].place),
                         is_live ? std::optional(live) : std::nullopt);
        if (is_live) ++live;
      }
    }
  }
  if (const auto found = places.find(target.value); found != places.end()) return found->second;
  if (!resolver_.may_be_left_out(target.value))
    diagnostics_.add(
        Code::unknown_name, target.where,
        "no rule of " + std::string(to_string(direction)) + " without a name stands at `" + target.value + "`",
        "give the rule a name, and use that");
  return std::nullopt;
}

void Builder::order(Direction direction) {
  std::vector<Rule>& rules = section(direction).rules;
  std::vector<Override> overrides;
  for (std::uint32_t i = 0; i < rules.size(); ++i) {
    for (const auto& target : written(policy_, rules[i], direction).overrides)
      if (const auto to = overridden(target, direction)) overrides.push_back({i, *to, target.where});
  }
  for (const Override& each : overrides) rules[each.from].says_more = rules[each.to].says_more = true;
  section(direction).precedence = put_in_order(rules, overrides, policy_, diagnostics_);
}

// --- claims and tests ---

// Everybody else: `only-from` says that nobody outside reaches the service, by whatever interface or source port.
void Builder::only_from(const syntax::Rule& rule, const Rule& resolved, Direction direction) {
  const AddressSet outside = subtract(AddressSet::all(), graph_.address_sets[resolved.packets.source.index].addresses);
  if (outside.empty()) return;
  Claim claim;
  claim.kind = Claim::Kind::only_from;
  claim.direction = direction;
  claim.verdict = Verdict::deny;
  claim.packets.source = AddressSetId{graph_.address_sets.size()};
  graph_.address_sets.push_back({"", outside});
  claim.packets.destination = resolved.packets.destination;
  claim.packets.transports = resolved.packets.transports;
  claim.where = rule.from->where;
  claim.name = resolved.name;
  claim.tier = resolved.tier;
  graph_.claims.push_back(std::move(claim));
}

void Builder::claims(std::uint32_t file) {
  const syntax::File& written = policy_.files[file];
  for (const syntax::Claim& claim : written.management)
    add_claim(claim, Claim::Kind::management, Direction::inbound, file);
  for (const Direction direction : directions)
    for (const syntax::Claim& claim : written.tests[static_cast<std::size_t>(direction)])
      add_claim(claim, Claim::Kind::test, direction, file);
}

void Builder::add_claim(const syntax::Claim& written, Claim::Kind kind, Direction direction, std::uint32_t file) {
  Claim claim;
  claim.kind = kind;
  claim.direction = direction;
  claim.verdict = written.verdict;
  const std::string list =
      kind == Claim::Kind::management ? "management" : "tests." + std::string(to_string(direction));
  claim.name = syntax::name_of(policy_, file, list, written);
  std::optional<Selector> packets = selector(written);
  if (!packets) return;
  claim.packets = std::move(*packets);
  if (written.states) claim.states = written.states->value;
  claim.where = written.where;
  claim.tier = policy_.files[file].tier;
  claim.library = policy_.files[file].library;
  graph_.claims.push_back(std::move(claim));
}

}  // namespace

Graph build(const syntax::Policy& policy, const Host& host, Diagnostics& diagnostics) {
  return Builder(policy, host, diagnostics).build();
}

}  // namespace portpolicy
