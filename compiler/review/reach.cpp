#include "compiler/review/reach.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "compiler/graph/boxes.h"
#include "compiler/graph/space.h"
#include "compiler/packets/packet_space.h"
#include "compiler/review/layers.h"

namespace portpolicy::review {
namespace {

constexpr std::size_t most_parts = 200'000;  // more is no answer

/// The service first, for each of them has its answer; then the side that is asked for.
constexpr FieldOrder by_source{Field::protocol, Field::port, Field::family, Field::source,     Field::destination,
                               Field::in,       Field::out,  Field::state,  Field::source_port};
constexpr FieldOrder by_destination{Field::protocol, Field::port, Field::family, Field::destination, Field::source,
                                    Field::in,       Field::out,  Field::state,  Field::source_port};
constexpr std::size_t fields_of_service = 2;

/// The packets asked about, one box for each service.
std::vector<Box> asked_boxes(const Graph& graph, const Question& question) {
  std::vector<Box> boxes;
  if (question.services.empty()) {
    Selector own_family;
    Box& others = boxes.emplace_back();
    for (int number = 0; number < 256; ++number) {
      const Protocol protocol{static_cast<std::uint8_t>(number)};
      if (!family_of(protocol)) continue;
      others.protocols.reset(protocol.number);
      own_family.transports.push_back({protocol, PortSet::all(), IcmpSet::all()});
    }
    std::ranges::move(boxes_of(graph, own_family), std::back_inserter(boxes));
  } else {
    Selector named;
    named.transports = question.services;
    boxes = boxes_of(graph, named);
  }
  for (Box& box : boxes) {
    box.source = intersect(box.source, question.from);
    box.destination = intersect(box.destination, question.to);
    if (question.direction != Direction::outbound) box.in = question.in;
    if (question.direction != Direction::inbound) box.out = question.out;
    leave_out_loopback(box, question.direction);
    box.source_ports = question.source_ports;
  }
  std::erase_if(boxes, [](const Box& box) { return empty(box); });
  return boxes;
}

/// Boxes that have packets asked about. No decider tells new from untracked, so the state goes unsaid.
std::vector<Box> relevant(std::vector<Box> boxes, const std::vector<Box>& asked) {
  std::erase_if(boxes, [&](const Box& box) {
    return (box.states & opening_states) != opening_states ||
           std::ranges::all_of(asked, [&](const Box& each) { return disjoint(box, each); });
  });
  for (Box& box : boxes) box.states = StateSet::all();
  return boxes;
}

class Answer {
 public:
  Answer(PacketSpace& space, const Graph& graph, const Question& question, const std::vector<Box>& asked)
      : space_(space),
        diagrams_(space.diagrams),
        section_(graph.section(question.direction)),
        boxes_(asked),
        asked_(space.of(asked, 1)) {
    collect(graph, question.direction);
  }

  std::vector<Reached> run();

 private:
  /// All packets that one decides while limits hold.
  struct Decided {
    Decision decision;
    Diagram packets;
    std::vector<Decided> over_limit{};  // of a rule with a limit: by whom, once all limits are exhausted
  };

  void collect(const Graph& graph, Direction direction);
  void decide_all();
  std::vector<Decided> split(Layers& layers, const Diagram& packets);
  Diagram who_decides(const std::vector<const Diagram*>& sets, std::size_t begin, std::size_t end);
  void find_services();
  void take_in_those_of_one_family(std::vector<Diagram> maps);
  /// Calls `take(reached, boxes)` for each of `reached_` that has some of these packets.
  template <class Take>
  void for_each_service(const Diagram& packets, Take take);
  std::vector<Box> boxes_of_rest(const Diagram& rest);
  Box asked_of(const Transport& service) const;

  PacketSpace& space_;
  Diagrams& diagrams_;
  const Section& section_;
  const std::vector<Box>& boxes_;
  Diagram asked_;
  std::vector<Decider> deciders_;
  std::vector<Decided> decided_;
  std::vector<Reached> reached_;
  std::map<std::uint8_t, std::map<std::uint16_t, std::size_t>> first_of_;  // a port of each of `reached_`
  std::size_t parts_left_ = most_parts;
};

void Answer::collect(const Graph& graph, Direction direction) {
  const auto take = [&](Decision decision, bool limited, std::vector<Box> boxes) {
    boxes = relevant(std::move(boxes), boxes_);
    if (boxes.empty()) return;
    Diagram match = diagrams_.within(space_.of(boxes, 1), asked_);
    if (match.takes(1)) deciders_.push_back({decision, limited, std::move(match)});
  };
  for (const Base base : syntax::all_bases)
    if (graph.base.contains(base)) take({verdict_of(base), base, nullptr}, false, boxes_of(base, direction));
  for (const Rule& rule : section_.rules)
    take({rule.verdict, std::nullopt, &rule}, rule.limit.has_value(), boxes_of(graph, rule.packets));
}

std::vector<Answer::Decided> Answer::split(Layers& layers, const Diagram& packets) {
  std::vector<Decided> result;
  Diagram rest = layers.split(packets, [&](const Decider& decider, const Diagram& part) {
    result.push_back({decider.decision, part});
  });
  if (rest.takes(1)) result.push_back({{section_.otherwise, std::nullopt, nullptr}, std::move(rest)});
  return result;
}

void Answer::decide_all() {
  std::vector<const Decider*> all, unlimited;
  for (const Decider& decider : deciders_) {
    all.push_back(&decider);
    if (!decider.limited) unlimited.push_back(&decider);
  }
  Layers while_limits_hold(diagrams_, all);
  Layers once_exhausted(diagrams_, unlimited);
  decided_ = split(while_limits_hold, asked_);
  for (Decided& decided : decided_)
    if (decided.decision.rule != nullptr && decided.decision.rule->limit)
      decided.over_limit = split(once_exhausted, decided.packets);
}

/// Which of some sets it is that has a packet, as the number at the level behind the fields: a map with as many values as are
/// needed.
Diagram Answer::who_decides(const std::vector<const Diagram*>& sets, std::size_t begin, std::size_t end) {
  if (end - begin == 1) {
    const std::vector<Interval<std::uint64_t>> number{{begin, begin}};
    return diagrams_.within(diagrams_.narrow(space_.beyond_packets, number, diagrams_.constant(1)), *sets[begin]);
  }
  const std::size_t middle = begin + (end - begin) / 2;
  return diagrams_.over(who_decides(sets, begin, middle), who_decides(sets, middle, end));
}

std::vector<Transport> transports_of(const Box& box) {
  std::vector<Transport> transports;
  for (std::size_t number = 0; number < box.protocols.size(); ++number) {
    if (!box.protocols[number]) continue;
    Transport& transport = transports.emplace_back(Protocol{static_cast<std::uint8_t>(number)});
    if (has_ports(transport.protocol)) transport.ports = box.destination_ports;
    if (transport.protocol == protocols::icmp || transport.protocol == protocols::icmpv6)
      transport.icmp = box.destination_ports;
  }
  return transports;
}

void Answer::find_services() {
  std::vector<const Diagram*> sets;
  for (const Decided& decided : decided_) {
    if (decided.over_limit.empty()) sets.push_back(&decided.packets);
    for (const Decided& over_limit : decided.over_limit) sets.push_back(&over_limit.packets);
  }
  const Diagram map = who_decides(sets, 0, sets.size());
  std::map<Diagram, std::size_t> index_of;
  std::vector<Diagram> maps;
  for (const PacketSpace::Part& part : space_.parts(map, 0, fields_of_service, most_parts)) {
    const auto [known, is_new] = index_of.try_emplace(part.rest, reached_.size());
    if (is_new) {
      reached_.emplace_back();
      maps.push_back(part.rest);
    }
    std::ranges::move(transports_of(part.box), std::back_inserter(reached_[known->second].services));
  }
  take_in_those_of_one_family(std::move(maps));
  for (std::size_t i = 0; i < reached_.size(); ++i) {
    const Transport& first = reached_[i].services.front();
    const IcmpSet& numbers = has_ports(first.protocol) ? first.ports : first.icmp;
    first_of_[first.protocol.number].emplace(numbers.intervals().front().first, i);
    reached_[i].asked = asked_of(first);
    std::ranges::stable_sort(reached_[i].services, {}, &Transport::protocol);
  }
}

/// A service of one family joins one of both families of which the same is true there.
void Answer::take_in_those_of_one_family(std::vector<Diagram> maps) {
  std::array<std::map<Diagram, std::size_t>, 2> of_both;
  std::vector<std::array<Diagram, 2>> in_family;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    std::array<Diagram, 2>& each = in_family.emplace_back();
    each.fill(diagrams_.constant(silent));
    for (const PacketSpace::Part& part : space_.parts(maps[i], fields_of_service, fields_of_service + 1, 2))
      each[part.box.source.v4.empty() ? 1 : 0] = part.rest;
    if (each[0].takes(1) && each[1].takes(1))
      for (std::size_t family = 0; family < 2; ++family) of_both[family].emplace(each[family], i);
  }
  std::vector<Reached> kept;
  std::vector<Reached*> joined(maps.size(), nullptr);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    for (std::size_t family = 0; family < 2; ++family) {
      if (in_family[i][1 - family].takes(1)) continue;
      const auto other = of_both[family].find(in_family[i][family]);
      if (other != of_both[family].end()) joined[i] = &reached_[other->second];
    }
    if (joined[i] != nullptr) std::ranges::move(reached_[i].services, std::back_inserter(joined[i]->services));
  }
  for (std::size_t i = 0; i < maps.size(); ++i)
    if (joined[i] == nullptr) kept.push_back(std::move(reached_[i]));
  reached_ = std::move(kept);
}

Box Answer::asked_of(const Transport& service) const {
  Box asked;
  for (const Box& box : boxes_) {
    if (box.protocols.test(service.protocol.number)) asked = box;
  }
  asked.protocols = ProtocolSet{}.set();
  asked.destination_ports = PortSet::all();
  asked.icmp = IcmpSet::all();
  asked.states = opening_states;
  return asked;
}

/// The boxes of one family each, put together where only one of each family says the same otherwise.
std::vector<Box> families_together(std::vector<Box> boxes) {
  std::map<std::string, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < boxes.size(); ++i)
    alike[to_string(boxes[i].in) + "/" + to_string(boxes[i].out) + "/" + to_string(boxes[i].source_ports)].push_back(i);
  std::vector<bool> taken(boxes.size());
  for (const auto& [fields, indices] : alike) {
    if (indices.size() != 2) continue;
    Box& first = boxes[indices[0]];
    const Box& second = boxes[indices[1]];
    if (first.source.empty(Family::ipv4) == second.source.empty(Family::ipv4)) continue;
    first.source = unite(first.source, second.source);
    first.destination = unite(first.destination, second.destination);
    taken[indices[1]] = true;
  }
  std::vector<Box> result;
  for (std::size_t i = 0; i < boxes.size(); ++i)
    if (!taken[i]) result.push_back(std::move(boxes[i]));
  return result;
}

std::vector<Box> Answer::boxes_of_rest(const Diagram& rest) {
  std::vector<Box> boxes;
  for (PacketSpace::Part& part : space_.parts(rest, fields_of_service, field_count, parts_left_))
    boxes.emplace_back(std::move(part.box)).states = opening_states;
  parts_left_ -= boxes.size();
  return families_together(std::move(boxes));
}

template <class Take>
void Answer::for_each_service(const Diagram& packets, Take take) {
  for (const PacketSpace::Part& part : space_.parts(packets, 0, fields_of_service, most_parts)) {
    std::optional<std::vector<Box>> boxes;
    for (const auto& [protocol, ports] : first_of_) {
      if (!part.box.protocols.test(protocol)) continue;
      for (const Interval<std::uint16_t>& range : part.box.destination_ports.intervals()) {
        for (auto port = ports.lower_bound(range.first); port != ports.end() && port->first <= range.last; ++port) {
          if (!boxes) boxes = boxes_of_rest(part.rest);
          else if (parts_left_ < boxes->size()) throw TooComplex{};
          else parts_left_ -= boxes->size();
          take(reached_[port->second], *boxes);
        }
      }
    }
  }
}

bool alike(const Access& x, const Access& y) {
  return x.decision.base == y.decision.base && x.decision.rule == y.decision.rule &&
         std::ranges::equal(x.over_limit, y.over_limit, alike);
}

/// Whether one decides everything, whether limits hold or not.
bool is_simple(const Reached& reached) {
  return reached.access.size() == 1 && reached.access.front().over_limit.size() <= 1;
}

/// Whether the answer for both families is the answer for each.
bool may_be_told_together(const Reached& a, const Reached& b) {
  if (!std::ranges::equal(a.access, b.access, alike)) return false;
  if (is_simple(a)) return true;
  const bool a_is_v4 = a.asked.source.v6.empty(), b_is_v4 = b.asked.source.v6.empty();
  const bool a_is_v6 = a.asked.source.v4.empty(), b_is_v6 = b.asked.source.v4.empty();
  return (a_is_v4 && b_is_v6) || (a_is_v6 && b_is_v4);
}

void take_in(std::vector<Access>& into, std::vector<Access>& from) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::ranges::move(from[i].packets, std::back_inserter(into[i].packets));
    into[i].packets = families_together(std::move(into[i].packets));
    take_in(into[i].over_limit, from[i].over_limit);
  }
}

/// Services of which one decides everything are told of together, and those of one family with those of the other.
void put_together(std::vector<Reached>& reached) {
  using Key = std::tuple<std::size_t, std::optional<Base>, const Rule*>;
  std::map<Key, std::vector<std::size_t>> alike;
  std::vector<Reached> result;
  for (Reached& each : reached) {
    const Decision& first = each.access.front().decision;
    std::vector<std::size_t>& candidates = alike[{each.access.size(), first.base, first.rule}];
    const auto found =
        std::ranges::find_if(candidates, [&](std::size_t known) { return may_be_told_together(result[known], each); });
    if (found == candidates.end()) {
      candidates.push_back(result.size());
      result.push_back(std::move(each));
      continue;
    }
    Reached* const other = &result[*found];
    std::ranges::move(each.services, std::back_inserter(other->services));
    other->asked.source = unite(other->asked.source, each.asked.source);
    other->asked.destination = unite(other->asked.destination, each.asked.destination);
    if (!is_simple(*other)) {
      take_in(other->access, each.access);
      continue;
    }
    Access& only = other->access.front();
    only.packets = {other->asked};
    if (!only.over_limit.empty()) only.over_limit.front().packets = only.packets;
  }
  reached = std::move(result);
}

/// What rules allow comes first, then what base traffic does, then what is not allowed.
int rank(const Reached& reached) {
  const auto by_rule = [](const Access& each) {
    return each.decision.verdict == Verdict::allow && each.decision.rule != nullptr;
  };
  if (std::ranges::any_of(reached.access, by_rule)) return 0;
  return reached.anything_allowed() ? 1 : 2;
}

std::vector<Reached> Answer::run() {
  decide_all();
  find_services();
  for (const Decided& decided : decided_) {
    for_each_service(decided.packets, [&](Reached& reached, const std::vector<Box>& boxes) {
      reached.access.push_back({decided.decision, boxes});
    });
    for (const Decided& over_limit : decided.over_limit)
      for_each_service(over_limit.packets, [&](Reached& reached, const std::vector<Box>& boxes) {
        reached.access.back().over_limit.push_back({over_limit.decision, boxes});
      });
  }
  put_together(reached_);
  for (Reached& reached : reached_) std::ranges::stable_sort(reached.services, {}, &Transport::protocol);
  std::ranges::stable_sort(reached_, {}, rank);
  const auto size = [](const Reached& reached) { return reached.services.size(); };
  constexpr std::size_t many = 100;  // protocols: all but those that something is said of
  const auto rest = std::ranges::max_element(reached_, {}, size);
  if (size(*rest) >= many) std::rotate(rest, rest + 1, reached_.end());
  return std::move(reached_);
}

}  // namespace

bool Reached::anything_allowed() const {
  return std::ranges::any_of(access, [](const Access& each) { return each.decision.verdict == Verdict::allow; });
}

std::expected<Reach, TooComplex> reach(const Graph& graph, const Question& question,
                                       std::optional<DiagramBudget> given) {
  const Section& section = graph.section(question.direction);
  if (!section.managed) return Reach{false, {}};
  const std::vector<Box> asked = asked_boxes(graph, question);
  if (asked.empty()) return Reach{};
  const InterfaceClasses interfaces = interface_classes(graph, asked);
  const std::array orders = question.direction != Direction::outbound ? std::array{by_source, by_destination}
                                                                      : std::array{by_destination, by_source};
  return decide(interfaces, given.value_or(budget_for(graph, question.direction)), orders, [&](PacketSpace& space) {
    return Reach{true, Answer(space, graph, question, asked).run()};
  });
}

}  // namespace portpolicy::review
