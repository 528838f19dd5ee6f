#include <algorithm>
#include <cassert>
#include <memory>

#include "compiler/packets/diagram.h"

// Where nodes stand: their edges in an arena, which of them are alike in a table, which of them are in use by the roots
// that the diagrams hold.

namespace portpolicy {

Diagram::Diagram(const Diagram& other) : owner_(other.owner_), root_(other.root_) {
  if (owner_ != nullptr) ++owner_->roots_[root_].uses;
}

Diagram::~Diagram() {
  if (owner_ != nullptr && --owner_->roots_[root_].uses == 0) owner_->free_roots_.push_back(root_);
}

bool operator==(const Diagram& a, const Diagram& b) {
  assert(a.owner_ == b.owner_);
  return a.owner_->node_of(a) == b.owner_->node_of(b);
}

bool operator<(const Diagram& a, const Diagram& b) {
  assert(a.owner_ == b.owner_);
  return a.owner_->node_of(a) < b.owner_->node_of(b);
}

Values Diagram::values() const {
  return owner_->values_of(owner_->node_of(*this));
}

const Diagrams::Edge* Diagrams::Arena::store(std::span<const Edge> edges) {
  constexpr std::size_t block = 1 << 16;
  if (edges.size() > left_) {
    left_ = std::max(block, edges.size());
    next_ = blocks_.emplace_back(std::make_unique_for_overwrite<Edge[]>(left_)).get();
  }
  Edge* const begin = next_;
  next_ = std::ranges::copy(edges, begin).out;
  left_ -= edges.size();
  return begin;
}

namespace {

std::size_t least_to_sweep(const DiagramBudget& budget) {
  return std::min<std::size_t>(4'000'000, budget.edges / 2);
}

}  // namespace

Diagrams::Diagrams(DiagramBudget budget)
    : budget_(budget),
      nodes_(most_values),
      sweep_at_(least_to_sweep(budget)),
      table_(1 << 12),
      memory_(1 << 12, Remembered{}) {}

Diagram Diagrams::hold(Node node) {
  std::uint32_t root = 0;
  if (free_roots_.empty()) {
    root = static_cast<std::uint32_t>(roots_.size());
    roots_.emplace_back();
  } else {
    root = free_roots_.back();
    free_roots_.pop_back();
  }
  roots_[root] = {node, 1};
  return {this, root};
}

void Diagrams::make_room() {
  ++operations_;
  if (live_edges_ < std::min(sweep_at_, budget_.edges)) return;
  sweep();
  // Not before half of what is free has been used: where most is alive, to sweep each time would cost all the time.
  const std::size_t free = budget_.edges - std::min(live_edges_, budget_.edges);
  sweep_at_ = std::max(least_to_sweep(budget_), live_edges_ + std::min(live_edges_, free / 2));
}

void Diagrams::mark(Node node, std::vector<bool>& reached) const {
  if (is_terminal(node) || reached[node]) return;
  reached[node] = true;
  for (const Edge& edge : nodes_[node].all()) mark(edge.target, reached);
}

void Diagrams::sweep() {
  std::vector<bool> reached(nodes_.size());
  for (const Root& root : roots_)
    if (root.uses != 0) mark(root.node, reached);

  // A node is made after those that it leads to, so that new numbers are known when they are needed.
  std::vector<Node> renumbered(nodes_.size());
  std::vector<Stored> kept(most_values);
  Arena arena;
  live_edges_ = 0;
  for (Node node = 0; node < most_values; ++node) renumbered[node] = node;
  for (Node node = most_values; node < nodes_.size(); ++node) {
    if (!reached[node]) continue;
    Stored stored = nodes_[node];
    std::vector<Edge> edges(stored.all().begin(), stored.all().end());
    for (Edge& edge : edges) edge.target = renumbered[edge.target];
    stored.edges = arena.store(edges);
    live_edges_ += edges.size();
    renumbered[node] = static_cast<Node>(kept.size());
    kept.push_back(stored);
  }
  for (Root& root : roots_)
    if (root.uses != 0) root.node = renumbered[root.node];
  nodes_ = std::move(kept);
  arena_ = std::move(arena);
  std::ranges::fill(memory_, Remembered{});
  // The numbers of targets have changed, and with them the hashes.
  std::ranges::fill(table_, 0);
  for (Node node = most_values; node < nodes_.size(); ++node) {
    std::uint64_t hash = nodes_[node].level;
    for (const Edge& edge : nodes_[node].all()) hash = mixed(mixed(hash, edge.last), edge.target);
    nodes_[node].hash = static_cast<std::uint32_t>(hash >> 32);
    insert(node);
  }
}

void Diagrams::insert(Node node) {
  const std::size_t mask = table_.size() - 1;
  std::size_t slot = nodes_[node].hash & mask;
  while (table_[slot] != 0) slot = (slot + 1) & mask;
  table_[slot] = node;
}

void Diagrams::grow_table() {
  table_.assign(table_.size() * 2, 0);
  for (Node node = most_values; node < nodes_.size(); ++node) insert(node);
  if (memory_.size() < table_.size() && memory_.size() < (std::size_t{1} << 22)) memory_.assign(table_.size(), {});
}

Diagrams::Node Diagrams::make(Level level, std::size_t base) {
  const std::span<const Edge> edges(stack_.data() + base, stack_.size() - base);
  assert(!edges.empty() && edges.back().last == greatest);
  if (edges.size() == 1) {
    const Node target = edges[0].target;
    stack_.resize(base);
    return target;
  }
  std::uint64_t hash = level;
  Values values = 0;
  for (const Edge& edge : edges) {
    hash = mixed(mixed(hash, edge.last), edge.target);
    values |= values_of(edge.target);
  }
  const auto short_hash = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = table_.size() - 1;
  for (std::size_t slot = short_hash & mask; table_[slot] != 0; slot = (slot + 1) & mask) {
    const Stored& known = nodes_[table_[slot]];
    if (known.hash == short_hash && known.level == level && std::ranges::equal(known.all(), edges)) {
      stack_.resize(base);
      return table_[slot];
    }
  }
  live_edges_ += edges.size();
  if (live_edges_ > budget_.edges) {
    stack_.clear();
    throw TooComplex{};
  }
  const auto node = static_cast<Node>(nodes_.size());
  nodes_.push_back({arena_.store(edges), static_cast<std::uint32_t>(edges.size()), short_hash, values, level});
  stack_.resize(base);
  if (nodes_.size() > table_.size() / 2) grow_table();
  else insert(node);
  return node;
}

void Diagrams::spend(std::size_t steps) {
  if (steps <= budget_.steps) {
    budget_.steps -= steps;
    return;
  }
  budget_.steps = 0;
  stack_.clear();
  throw TooComplex{};
}

}  // namespace portpolicy
