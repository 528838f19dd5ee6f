#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/packets/diagram.h"

namespace portpolicy::review {

/// What may decide packets: a kind of base traffic or a rule.
struct Decider {
  Decision decision;
  bool limited = false;
  Diagram match;  // of the packets asked about
};

/// Deciders from the first to the last, as a tree of halves, so that a set of packets meets only those that have some.
class Layers {
 public:
  Layers(Diagrams& diagrams, std::vector<const Decider*> deciders)
      : diagrams_(diagrams), deciders_(std::move(deciders)) {
    if (!deciders_.empty()) build(1, 0, deciders_.size());
  }

  /// Calls `visit(decider, part)` for each that decides a part of `set`, in their order; returns what none decides.
  template <class Visit>
  Diagram split(const Diagram& set, Visit visit) {
    if (deciders_.empty()) return set;
    walk(1, 0, deciders_.size(), set, visit);
    return beside(set, tree_[1]);
  }

 private:
  void build(std::size_t node, std::size_t begin, std::size_t end) {
    if (tree_.size() <= node) tree_.resize(node + 1);
    if (end - begin == 1) {
      tree_[node] = deciders_[begin]->match;
      return;
    }
    const std::size_t middle = begin + (end - begin) / 2;
    build(2 * node, begin, middle);
    build(2 * node + 1, middle, end);
    tree_[node] = diagrams_.over(tree_[2 * node], tree_[2 * node + 1]);
  }

  template <class Visit>
  void walk(std::size_t node, std::size_t begin, std::size_t end, const Diagram& all, Visit& visit) {
    const Diagram set = diagrams_.within(all, tree_[node]);
    if (!set.takes(1)) return;
    if (end - begin == 1) return visit(*deciders_[begin], set);
    const std::size_t middle = begin + (end - begin) / 2;
    walk(2 * node, begin, middle, set, visit);
    walk(2 * node + 1, middle, end, beside(set, tree_[2 * node]), visit);
  }

  Diagram beside(const Diagram& set, const Diagram& taken) {
    return diagrams_.within(set, diagrams_.where(taken, only(silent)));
  }

  Diagrams& diagrams_;
  std::vector<const Decider*> deciders_;
  std::vector<Diagram> tree_;  // of halves: the root is 1, the halves of n are 2n and 2n+1
};

}  // namespace portpolicy::review
