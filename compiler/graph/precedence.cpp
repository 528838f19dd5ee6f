#include "compiler/graph/precedence.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace portpolicy {
namespace {

using Node = std::uint32_t;

// The rules of one tier as a graph of linear size. A file's rules hang between its start and its end in their order;
// the end of a file leads to the start of each file that it includes, so "includes, directly or not" is reachability.
struct TierGraph {
  struct Arc {
    Node to;
    const Override* because = nullptr;  // nothing: place or include
  };
  std::vector<std::vector<Arc>> arcs;
  std::vector<Node> topological;  // all nodes; fewer where there is a cycle
  std::size_t files = 0;

  static Node start(std::size_t file) { return static_cast<Node>(2 * file); }
  static Node end(std::size_t file) { return static_cast<Node>(2 * file + 1); }
  Node node_of(std::size_t rule) const { return static_cast<Node>(2 * files + rule); }
};

TierGraph tier_graph(const std::vector<Rule>& rules, const std::vector<Override>& overrides,
                     const syntax::Policy& policy, Tier tier) {
  TierGraph graph;
  graph.files = policy.files.size();
  graph.arcs.resize(2 * graph.files + rules.size());
  std::vector<Node> last(graph.files);
  for (std::size_t file = 0; file < graph.files; ++file) last[file] = TierGraph::start(file);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].tier != tier) continue;
    graph.arcs[last[rules[i].file]].push_back({graph.node_of(i)});
    last[rules[i].file] = graph.node_of(i);
  }
  for (std::size_t file = 0; file < graph.files; ++file) {
    graph.arcs[last[file]].push_back({TierGraph::end(file)});
    for (const auto& include : policy.files[file].includes)
      graph.arcs[TierGraph::end(file)].push_back({TierGraph::start(include.value)});
  }
  for (const Override& override : overrides) {
    const Rule& from = rules[override.from];
    const Rule& to = rules[override.to];
    const bool known = from.file == to.file && from.place < to.place;
    if (from.tier == tier && to.tier == tier && !known)
      graph.arcs[graph.node_of(override.from)].push_back({graph.node_of(override.to), &override});
  }
  return graph;
}

// Kahn's algorithm, last in first out: a file's rules stay together and the first include follows its includer.
void sort(TierGraph& graph, const std::vector<Rule>& rules, Tier tier) {
  std::vector<std::uint32_t> waiting_for(graph.arcs.size());
  for (const auto& arcs : graph.arcs)
    for (const TierGraph::Arc& arc : arcs) ++waiting_for[arc.to];
  std::vector<Node> ready;
  for (std::size_t file = graph.files; file-- > 0;)
    if (waiting_for[TierGraph::start(file)] == 0) ready.push_back(TierGraph::start(file));
  while (!ready.empty()) {
    const Node node = ready.back();
    ready.pop_back();
    graph.topological.push_back(node);
    const auto& arcs = graph.arcs[node];
    for (auto arc = arcs.rbegin(); arc != arcs.rend(); ++arc)
      if (--waiting_for[arc->to] == 0) ready.push_back(arc->to);
  }
  const auto in_tier = std::ranges::count(rules, tier, &Rule::tier);
  if (graph.topological.size() == 2 * graph.files + static_cast<std::size_t>(in_tier)) return;
  graph.topological.clear();
}

// A cycle among the nodes, as arcs one after another; there is one.
std::vector<std::pair<Node, TierGraph::Arc>> find_cycle(const TierGraph& graph) {
  enum class Mark : std::uint8_t { fresh, open, done };
  std::vector<Mark> marks(graph.arcs.size(), Mark::fresh);
  struct Step {
    Node node;
    std::size_t next_arc = 0;
  };
  for (Node root = 0; root < graph.arcs.size(); ++root) {
    std::vector<Step> path{{root}};
    if (marks[root] != Mark::fresh) continue;
    marks[root] = Mark::open;
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next_arc == graph.arcs[step.node].size()) {
        marks[step.node] = Mark::done;
        path.pop_back();
        continue;
      }
      const Node to = graph.arcs[step.node][step.next_arc++].to;
      if (marks[to] == Mark::fresh) {
        marks[to] = Mark::open;
        path.push_back({to});
      } else if (marks[to] == Mark::open) {
        std::vector<std::pair<Node, TierGraph::Arc>> cycle;
        const auto begin = std::ranges::find(path, to, &Step::node);
        for (auto i = begin; i != path.end(); ++i) cycle.emplace_back(i->node, graph.arcs[i->node][i->next_arc - 1]);
        return cycle;
      }
    }
  }
  return {};
}

// A cycle without the files and without the rules that just stand between two others of their file.
struct Hop {
  const Rule* to;
  const Override* because;  // nothing: place or include
  bool included;
};

std::vector<Hop> hops_of(const TierGraph& graph, const std::vector<Rule>& rules) {
  auto cycle = find_cycle(graph);
  std::ranges::rotate(cycle,
                      std::ranges::find_if(cycle, [](const auto& step) { return step.second.because != nullptr; }));
  std::vector<Hop> hops;
  bool included = false;  // since the last rule
  for (const auto& [node, arc] : cycle) {
    const bool is_file = arc.to < 2 * graph.files;
    included = included || (is_file && arc.to % 2 == 0);
    if (is_file) continue;
    const Hop hop{&rules[arc.to - 2 * graph.files], arc.because, included};
    const bool by_place = hop.because == nullptr && !hop.included;
    const bool after_place = !hops.empty() && hops.back().because == nullptr && hops.back().to->file == hop.to->file;
    if (by_place && after_place) hops.back().to = hop.to;
    else hops.push_back(hop);
    included = false;
  }
  return hops;
}

void report_cycle(const TierGraph& graph, const std::vector<Rule>& rules, Diagnostics& diagnostics) {
  constexpr std::size_t most_hops = 20;
  std::vector<Hop> hops = hops_of(graph, rules);
  const Override& override = *hops.front().because;
  std::string chain = "`" + rules[override.from].name + "` overrides `" + hops.front().to->name + "`";
  std::vector<Label> related;
  for (std::size_t i = 1; i < std::min(hops.size(), most_hops); ++i) {
    const Hop& hop = hops[i];
    const char* how = hop.because != nullptr ? "overrides"
                      : hop.included         ? "whose file includes that of"
                                             : "which stands above";
    chain += std::string(", ") + (hop.because != nullptr ? "which " : "") + how + " `" + hop.to->name + "`";
    if (hop.because != nullptr) related.push_back({hop.because->where, "and this"});
  }
  if (hops.size() > most_hops) chain += ", and so on";
  diagnostics.add(Code::precedence_cycle, override.where, "the order of the rules goes round in a circle: " + chain,
                  "take one of the `overrides` out, or change the places of the rules", std::move(related));
}

void merge(Precedence::Reach& into, const Precedence::Reach& from) {
  for (std::size_t file = 0; file < into.size(); ++file) into[file] = std::min(into[file], from[file]);
}

// From the last node to the first: what comes after a node is what comes after its successors, and these themselves.
// Within a file only a rule with overrides adds to what comes after the rule below it, so only those are stored.
std::vector<std::vector<Precedence::Step>> steps_of(const TierGraph& graph, const std::vector<Rule>& rules) {
  const Precedence::Reach nothing(graph.files, Precedence::none);
  std::vector<Precedence::Reach> current(graph.files, nothing);  // of the topmost node of the file so far
  std::vector<std::vector<Precedence::Step>> steps(graph.files);
  const auto reach_from = [&](const Rule& rule) {
    const auto& of_file = steps[rule.file];  // descending, down to a place that is not above the rule's
    const auto after =
        std::ranges::partition_point(of_file, [&](const Precedence::Step& s) { return s.place >= rule.place; });
    Precedence::Reach reach = std::prev(after)->reach;
    reach[rule.file] = std::min(reach[rule.file], rule.place);
    return reach;
  };
  for (auto node = graph.topological.rbegin(); node != graph.topological.rend(); ++node) {
    const bool is_rule = *node >= 2 * graph.files;
    const std::size_t file = is_rule ? rules[*node - 2 * graph.files].file : *node / 2;
    if (!is_rule && *node % 2 == 0) continue;
    bool changed = !is_rule;
    for (const TierGraph::Arc& arc : graph.arcs[*node]) {
      if (is_rule && arc.because != nullptr) {
        merge(current[file], reach_from(rules[arc.to - 2 * graph.files]));
        changed = true;
      }
      if (!is_rule) {
        merge(current[file], current[arc.to / 2]);
        current[file][arc.to / 2] = 0;
      }
    }
    if (changed)
      steps[file].push_back({is_rule ? rules[*node - 2 * graph.files].place : Precedence::none, current[file]});
  }
  for (auto& of_file : steps) std::ranges::reverse(of_file);
  return steps;
}

void report_against_tier(const std::vector<Rule>& rules, const std::vector<Override>& overrides,
                         Diagnostics& diagnostics) {
  for (const Override& override : overrides) {
    const Rule& from = rules[override.from];
    const Rule& to = rules[override.to];
    if (from.tier <= to.tier) continue;
    diagnostics.add(Code::precedence_cycle, override.where,
                    "`" + from.name + "` cannot override `" + to.name + "`, whose file has a higher tier",
                    "a tier decides before everything else; change the tier of one of the files",
                    {{to.where, "this rule"}});
  }
}

}  // namespace

bool Precedence::before(const Rule& a, const Rule& b) const {
  if (a.tier != b.tier) return a.tier < b.tier;
  if (a.file == b.file) return a.place < b.place;
  const std::vector<Step>& of_file = steps[static_cast<std::size_t>(a.tier)][a.file];
  const auto step = std::ranges::lower_bound(of_file, a.place, {}, &Step::place);
  return step->reach[b.file] <= b.place;
}

Precedence put_in_order(std::vector<Rule>& rules, const std::vector<Override>& overrides, const syntax::Policy& policy,
                        Diagnostics& diagnostics) {
  report_against_tier(rules, overrides, diagnostics);
  Precedence precedence;
  std::vector<Rule> ordered;
  ordered.reserve(rules.size());
  for (const Tier tier : {Tier::mandatory, Tier::normal, Tier::baseline}) {
    if (std::ranges::find(rules, tier, &Rule::tier) == rules.end()) continue;
    TierGraph graph = tier_graph(rules, overrides, policy, tier);
    sort(graph, rules, tier);
    if (graph.topological.empty()) {
      report_cycle(graph, rules, diagnostics);
      graph = tier_graph(rules, {}, policy, tier);
      sort(graph, rules, tier);
    }
    precedence.steps[static_cast<std::size_t>(tier)] = steps_of(graph, rules);
    for (const Node node : graph.topological)
      if (node >= 2 * graph.files) ordered.push_back(std::move(rules[node - 2 * graph.files]));
  }
  rules = std::move(ordered);
  return precedence;
}

}  // namespace portpolicy
