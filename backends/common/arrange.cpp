#include "backends/common/arrange.h"

#include <algorithm>
#include <utility>

#include "backends/common/conditions.h"

namespace portpolicy::backend {
namespace {

std::size_t range_count(const AddressSet& set, Family family) {
  return family == Family::ipv4 ? set.v4.intervals().size() : set.v6.intervals().size();
}

/// How many elements these ports are at least; nothing where one of their ranges is long.
std::optional<std::size_t> enumerated(const PortSet& ports, const MergeLimits& most) {
  std::size_t count = 0;
  for (const auto& range : ports.intervals()) {
    const std::size_t size = std::size_t{range.last} - range.first + 1;
    if (size > most.ports_of_range) return std::nullopt;
    count += size > most.enumerated_ports ? 1 : size;
  }
  return count;
}

bool decides_only(const filter::Rule& rule) {
  return !rule.limit && !rule.log && std::holds_alternative<Verdict>(rule.action);
}

/// Nothing for what is not tabular.
std::optional<Tabular> tabular(const filter::Filter& filter, const filter::Rule& rule, Family family,
                               const MergeLimits& most) {
  if (!decides_only(rule)) return std::nullopt;
  Tabular result{&rule, std::nullopt, nullptr, nullptr, nullptr};
  for (const filter::Match& match : rule.all_of) {
    const auto* from = std::get_if<filter::SourceIn>(&match);
    const auto* to = std::get_if<filter::DestinationIn>(&match);
    if (from != nullptr || to != nullptr) {
      const AddressSet& set = filter.address_sets[(from != nullptr ? from->addresses : to->addresses).index].addresses;
      if (set.is_all(family)) continue;
      if (result.addresses != nullptr) return std::nullopt;
      result.addresses = &set;
      result.side = from != nullptr ? Side::source : Side::destination;
    } else if (const auto* protocols = std::get_if<filter::ProtocolIn>(&match)) {
      if (result.protocols != nullptr ||
          !std::all_of(protocols->protocols.begin(), protocols->protocols.end(), has_ports))
        return std::nullopt;
      result.protocols = &protocols->protocols;
    } else if (const auto* ports = std::get_if<filter::DestinationPortIn>(&match)) {
      if (result.ports != nullptr) return std::nullopt;
      result.ports = &ports->ports;
    } else {
      return std::nullopt;
    }
  }
  if (result.protocols == nullptr || result.ports == nullptr) return std::nullopt;
  const auto ports = enumerated(*result.ports, most);
  if (!ports) return std::nullopt;
  const std::size_t ranges = result.addresses == nullptr ? 1 : range_count(*result.addresses, family);
  if (ranges * *ports * result.protocols->size() > most.tuples_of_rule) return std::nullopt;
  return result;
}

bool apart(const std::optional<std::vector<Protocol>>& a, const std::optional<std::vector<Protocol>>& b) {
  if (!a || !b) return false;
  return std::none_of(a->begin(), a->end(), [&](Protocol p) { return std::binary_search(b->begin(), b->end(), p); });
}

/// Whether no packet of the family meets both; what cannot be told easily counts as not.
bool apart(const filter::Filter& filter, const Conditions& a, const Conditions& b, Family family) {
  for (const Side side : {Side::source, Side::destination}) {
    const auto i = static_cast<std::size_t>(side);
    const AddressSet* of_a = addresses_of(filter, a, side);
    const AddressSet* of_b = addresses_of(filter, b, side);
    if (of_a != nullptr && of_b != nullptr &&
        (family == Family::ipv4 ? disjoint(of_a->v4, of_b->v4) : disjoint(of_a->v6, of_b->v6)))
      return true;
    if (disjoint(a.ports[i], b.ports[i]) || intersect(a.interfaces[i], b.interfaces[i]).empty()) return true;
  }
  return apart(a.protocols, b.protocols) || disjoint(a.icmp, b.icmp) || (a.states & b.states) == StateSet{};
}

class Arrangement {
 public:
  Arrangement(const filter::Filter& filter, Family family, const MergeLimits& most)
      : filter_(filter), family_(family), most_(most) {}

  void add(const Tabular& rule) {
    const std::optional<std::size_t> place = block_for(rule);
    if (!place) pieces_.push_back({});
    Piece& piece = place ? pieces_[*place] : pieces_.back();
    if (!place) begin_block(pieces_.size() - 1);
    if (rule.side) piece.side = rule.side;
    piece.tabular.push_back(rule);
  }

  void add(const filter::Rule& rule) {
    pieces_.push_back({&rule, {}, {}});
    if (!last_block_) return;
    const bool decides = decides_only(rule);
    if (!decides || (since_.verdict && *since_.verdict != std::get<Verdict>(rule.action))) since_.alike = false;
    if (decides) since_.verdict = std::get<Verdict>(rule.action);
    since_.conditions.emplace_back();
  }

  std::vector<Piece> take() {
    lift_established();
    return std::move(pieces_);
  }

 private:
  void begin_block(std::size_t place) {
    last_block_ = place;
    since_ = {};
  }

  /// The block that the rule can be the last of.
  std::optional<std::size_t> block_for(const Tabular& rule) {
    if (!last_block_) return std::nullopt;
    const Piece& block = pieces_[*last_block_];
    if (rule.side && block.side && rule.side != block.side) return std::nullopt;
    const Verdict verdict = std::get<Verdict>(rule.rule->action);
    const bool alike = since_.alike && (!since_.verdict || *since_.verdict == verdict);
    return alike || crosses_all(*rule.rule, *last_block_ + 1) ? last_block_ : std::nullopt;
  }

  /// Whether the rule, which only decides, can go before all pieces from this one on, which are no blocks.
  bool crosses_all(const filter::Rule& rule, std::size_t first) {
    if (pieces_.size() - first > most_.rules_crossed) return false;
    std::optional<Conditions> conditions;
    for (std::size_t i = first; i < pieces_.size(); ++i) {
      const filter::Rule& other = *pieces_[i].rule;
      if (decides_only(other) && std::get<Verdict>(other.action) == std::get<Verdict>(rule.action)) continue;
      std::optional<Conditions>& of_other = since_.conditions[i - first];
      if (!of_other) of_other = conditions_of(filter_, other);
      if (!conditions) conditions = conditions_of(filter_, rule);
      if (!apart(filter_, *conditions, *of_other, family_)) return false;
    }
    return true;
  }

  /// Most packets belong to connections that are there, so the rule that lets these pass goes first, if it may.
  void lift_established() {
    for (std::size_t i = 0; i < pieces_.size() && pieces_[i].rule != nullptr; ++i) {
      const filter::Rule& rule = *pieces_[i].rule;
      if (!decides_only(rule)) return;
      if (std::get<Verdict>(rule.action) != std::get<Verdict>(pieces_.front().rule->action)) return;
      const bool established = rule.all_of.size() == 1 &&
                               std::holds_alternative<filter::StateIn>(rule.all_of.front()) &&
                               std::get<filter::StateIn>(rule.all_of.front()).states.contains(State::established);
      if (!established) continue;
      std::rotate(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(i),
                  pieces_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      return;
    }
  }

  const filter::Filter& filter_;
  Family family_;
  const MergeLimits& most_;
  std::vector<Piece> pieces_;
  std::optional<std::size_t> last_block_;
  /// The pieces behind the last block.
  struct {
    std::vector<std::optional<Conditions>> conditions;  ///< of each, once it was asked for
    bool alike = true;                                  ///< all only decide, with one verdict
    std::optional<Verdict> verdict;
  } since_;
};

/// Quickly for most rules; what it lets through may still match nothing.
bool matches_nothing(const filter::Filter& filter, const filter::Rule& rule, Family family) {
  return std::any_of(rule.all_of.begin(), rule.all_of.end(), [&](const filter::Match& match) {
    const auto* from = std::get_if<filter::SourceIn>(&match);
    const auto* to = std::get_if<filter::DestinationIn>(&match);
    if (from == nullptr && to == nullptr) return false;
    return filter.address_sets[(from != nullptr ? from->addresses : to->addresses).index].addresses.empty(family);
  });
}

}  // namespace

std::vector<Piece> arrange(const filter::Filter& filter, const filter::Chain& chain, Family family,
                           const MergeLimits& most, bool merge) {
  Arrangement arrangement(filter, family, most);
  for (const filter::Rule& rule : chain.rules) {
    if (matches_nothing(filter, rule, family)) continue;
    const std::optional<Tabular> of_table = merge ? tabular(filter, rule, family, most) : std::nullopt;
    if (of_table) arrangement.add(*of_table);
    else arrangement.add(rule);
  }
  return arrangement.take();
}

}  // namespace portpolicy::backend
