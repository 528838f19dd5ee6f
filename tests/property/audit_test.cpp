#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/audit/chain_maps.h"
#include "compiler/audit/standing.h"
#include "compiler/filter/meaning.h"
#include "tests/support/effort.h"
#include "tests/support/random_filter.h"

// What is said of each rule of a random filter, with all that rule sets of others may have, against a filter that does
// without the rule, for every packet of a small world, every truth of the conditions and every answer of the limits.

using namespace portpolicy;
using audit::RuleId;
using audit::Standing;
using filter::Filter;
using Kind = Standing::Kind;

namespace {

constexpr std::array<std::string_view, 4> sources{"10.0.0.1", "10.0.0.2", "11.0.0.1", "2001:db8::1"};
constexpr std::array<std::uint16_t, 4> ports{1, 2, 3, 9};
constexpr std::array<std::string_view, 3> conditions{"mark 1", "mark 2", "quota (line 7)"};
constexpr std::size_t limits = 2;

/// Every packet that the filters below tell apart.
std::vector<Packet> world() {
  std::vector<Packet> packets;
  for (const std::string_view source : sources)
    for (const Protocol protocol : {protocols::tcp, protocols::udp, protocols::esp})
      for (const std::uint16_t port : ports) {
        if (protocol == protocols::esp && port != ports[0]) continue;
        Packet packet;
        packet.source = Address::parse(source).value();
        packet.destination = Address::parse(packet.source.family == Family::ipv4 ? "192.0.2.1" : "2001:db8::2").value();
        packet.protocol = protocol;
        if (has_ports(protocol)) packet.destination_port = Port(port);
        packets.push_back(packet);
      }
  return packets;
}

struct Dice : test::RandomFilters {
  using RandomFilters::RandomFilters;

  filter::Action action(std::size_t chain, std::size_t chains) {
    // Of two chains, the first leads to the other often enough that packets come there twice.
    const bool leads = chain + 1 < chains && one_in(chains == 2 ? 2 : 3);
    const filter::ChainId to(chain + 1 + (leads ? below(chains - chain - 1) : 0));
    if (leads) return one_in(4) ? filter::Action(filter::Goto{to}) : filter::Action(filter::Jump{to});
    if (one_in(8)) return filter::Return{};
    if (one_in(12)) return filter::Continue{};
    return one_in(2) ? Verdict::allow : one_in(5) ? Verdict::reject : Verdict::deny;
  }

  filter::Rule rule(const Filter& of, std::size_t chain, std::size_t chains) {
    filter::Rule rule;
    if (one_in(2)) rule.all_of.push_back(filter::SourceIn{filter::AddressSetId(below(of.address_sets.size()))});
    if (one_in(2)) {
      rule.all_of.push_back(filter::ProtocolIn{{one_in(3) ? protocols::udp : protocols::tcp}});
      const std::uint16_t a = any_of(ports), b = any_of(ports);
      if (!one_in(4)) rule.all_of.push_back(filter::DestinationPortIn{PortSet::of({std::min(a, b), std::max(a, b)})});
    }
    for (int i = 0; i < 2; ++i)
      if (one_in(8)) rule.all_of.push_back(filter::Opaque{filter::OpaqueId(below(one_in(3) ? 3 : 1)), one_in(4)});
    if (one_in(14)) rule.limit = filter::LimitId(below(limits));
    if (one_in(14)) rule.log = filter::Log{};
    rule.action = action(chain, chains);
    return rule;
  }

  Filter small_filter() {
    Filter result;
    for (const std::string_view text : conditions) result.opaques.emplace_back(text);
    for (std::size_t i = 0; i < limits; ++i) result.limits.push_back({"", Limit::parse("1/minute").value()});
    for (const std::vector<std::string_view>& some : std::vector<std::vector<std::string_view>>{
             {sources[0]}, {sources[1]}, {sources[0], sources[1]}, {"10.0.0.0/8"}, {"0.0.0.0/0"}, {"::/0"}, {}}) {
      std::vector<AddressRange> ranges;
      for (const std::string_view text : some) ranges.push_back(AddressRange::parse(text).value());
      result.address_sets.push_back({"", AddressSet::of(ranges)});
    }
    const std::size_t chains = one_in(2) ? 2 : 1 + below(5);
    for (std::size_t chain = 0; chain < chains; ++chain) {
      result.chains.push_back({"chain." + std::to_string(chain), {}});
      for (std::size_t i = below(6); i != 0; --i) {
        result.chains[chain].rules.push_back(rule(result, chain, chains));
        const auto number = static_cast<std::uint32_t>(result.origins.size());
        result.chains[chain].rules.back().origin = number;
        result.origins.push_back({"r" + std::to_string(number), "", {FileId(0), number, number + 1}});
      }
    }
    result.hooks[0] = filter::Hook{filter::ChainId(0), one_in(2) ? Verdict::deny : Verdict::allow};
    return result;
  }
};

/// What is true in one of the worlds.
struct Truths {
  std::vector<bool> conditions, limits;
};

std::vector<Truths> all_truths() {
  std::vector<Truths> all;
  for (unsigned bits = 0; bits < 1u << (conditions.size() + limits); ++bits) {
    Truths& truths = all.emplace_back();
    for (std::size_t i = 0; i < conditions.size(); ++i) truths.conditions.push_back((bits >> i & 1) != 0);
    for (std::size_t i = 0; i < limits; ++i) truths.limits.push_back((bits >> (conditions.size() + i) & 1) != 0);
  }
  return all;
}

/// One packet on its way, told step by step.
class Walk {
 public:
  Walk(const Filter& filter, const Packet& packet, const Truths& truths, std::optional<RuleId> without)
      : filter_(filter), packet_(packet), truths_(truths), without_(without) {
    const auto verdict = through(filter.hooks[0]->chain);
    result = verdict ? *verdict : filter.hooks[0]->otherwise;
  }

  Verdict result{};
  std::vector<RuleId> met;  ///< rules that matched
  std::vector<RuleId>
      passed;  ///< rules of entered chains whose conditions are true, whether the packet came so far or not
  std::vector<RuleId> effects;  ///< what was logged, counted and taken from limits

 private:
  bool conditions_hold(const filter::Rule& rule) const {
    return std::ranges::all_of(rule.all_of, [&](const filter::Match& match) {
      if (const auto* opaque = std::get_if<filter::Opaque>(&match))
        return truths_.conditions[opaque->condition.index] != opaque->negated;
      if (const auto* source = std::get_if<filter::SourceIn>(&match))
        return filter_.address_sets[source->addresses.index].addresses.contains(packet_.source);
      if (const auto* port = std::get_if<filter::DestinationPortIn>(&match))
        return has_ports(packet_.protocol) && port->ports.contains(packet_.destination_port.number());
      return std::get<filter::ProtocolIn>(match).protocols.front() == packet_.protocol;
    });
  }

  /// Nothing where it comes back.
  std::optional<Verdict> through(filter::ChainId chain) {
    const auto& rules = filter_.chains[chain.index].rules;
    for (std::size_t i = 0; i < rules.size(); ++i)
      if (conditions_hold(rules[i])) passed.push_back({chain, i});
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const RuleId id{chain, i};
      const filter::Rule& rule = rules[i];
      if (id == without_ || !conditions_hold(rule)) continue;
      met.push_back(id);
      if (audit::does_more(filter_, rule)) effects.push_back(id);
      if (rule.limit && !truths_.limits[rule.limit->index]) continue;
      if (const auto* verdict = std::get_if<Verdict>(&rule.action)) return *verdict;
      if (std::holds_alternative<filter::Return>(rule.action)) return std::nullopt;
      if (const auto* go = std::get_if<filter::Goto>(&rule.action)) return through(go->chain);
      if (const auto* jump = std::get_if<filter::Jump>(&rule.action))
        if (const auto verdict = through(jump->chain)) return verdict;
    }
    return std::nullopt;
  }

  const Filter& filter_;
  const Packet& packet_;
  const Truths& truths_;
  std::optional<RuleId> without_;
};

bool has(const std::vector<RuleId>& rules, RuleId rule) {
  return std::ranges::find(rules, rule) != rules.end();
}

/// Whether the rule ever matches, whether something changes without it, and whether some packet that it asks for gets another
/// verdict than its own, whatever is true.
struct Truth {
  bool matched = false, changes = false, contradicted = false;
};

Truth truth_of(const Filter& filter, RuleId id) {
  static const std::vector<Packet> packets = world();
  static const std::vector<Truths> truths = all_truths();
  const auto* verdict = std::get_if<Verdict>(&filter.chains[id.chain.index].rules[id.index].action);
  Truth truth;
  for (const Packet& packet : packets) {
    bool asked = false, agrees = false;
    for (const Truths& each : truths) {
      const Walk with(filter, packet, each, std::nullopt);
      if (has(with.passed, id)) asked = true, agrees |= verdict != nullptr && with.result == *verdict;
      if (!has(with.met, id)) continue;
      truth.matched = true;
      const Walk without(filter, packet, each, id);
      truth.changes |= with.result != without.result || with.effects != without.effects;
    }
    truth.contradicted |= asked && !agrees;
  }
  return truth;
}

/// Whether every rule matches for sure.
bool is_certain(const Filter& filter) {
  return std::ranges::all_of(filter.chains, [](const filter::Chain& chain) {
    return std::ranges::none_of(chain.rules,
                                [](const filter::Rule& rule) { return rule.limit || audit::has_opaque(rule); });
  });
}

bool gets_nothing(Kind kind) {
  return kind == Kind::can_match_nothing || kind == Kind::nothing_comes || kind == Kind::repeated ||
         kind == Kind::shadowed;
}

}  // namespace

TEST_CASE("what is said of a rule of others is true for every packet") {
  std::array<std::size_t, 7> found{};
  std::size_t missed_idle = 0, missed_unneeded = 0;
  for (unsigned seed = 0; seed < test::trials(2500); ++seed) {
    Dice dice(seed);
    const Filter filter = dice.small_filter();
    CAPTURE(seed);
    CAPTURE(filter::print(filter));
    const std::array filters{&filter};
    const InterfaceClasses interfaces = filter::interface_classes(filters);
    PacketSpace space(interfaces, field_orders[seed % field_orders.size()]);
    const audit::Survey survey = audit::survey(space, filter, Direction::inbound, 3);
    for (const auto& [id, standing] : survey.rules) {
      const filter::Rule& rule = filter.chains[id.chain.index].rules[id.index];
      CAPTURE(filter.origins[rule.origin].name);
      CAPTURE(static_cast<int>(standing.kind));
      const Truth truth = truth_of(filter, id);
      ++found[static_cast<std::size_t>(standing.kind)];
      if (gets_nothing(standing.kind)) REQUIRE_FALSE(truth.matched);
      // What is not certain may have made a packet go elsewhere before.
      if (standing.kind == Kind::repeated && std::holds_alternative<Verdict>(rule.action) && is_certain(filter))
        REQUIRE_FALSE(truth.contradicted);
      if (standing.kind == Kind::unneeded || standing.kind == Kind::idle_jump) REQUIRE_FALSE(truth.changes);
      if (standing.kind != Kind::needed) continue;
      if (!truth.matched) ++missed_idle;
      else if (!truth.changes && !audit::does_more(filter, rule)) ++missed_unneeded;
    }
  }
  MESSAGE(found[0] << " can match nothing, to " << found[1] << " nothing comes, " << found[2] << " repeat others, "
                   << found[3] << " are shadowed, " << found[4] << " idle jumps, " << found[5] << " not needed, "
                   << found[6] << " needed; of these " << missed_idle << " get nothing and " << missed_unneeded
                   << " change nothing all the same");
  for (std::size_t kind = 0; kind < found.size(); ++kind) CHECK(found[kind] > test::trials(40));
  CHECK(missed_idle * 5 < found[2] + found[3]);
}
