#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "compiler/compile.h"
#include "compiler/drawing/drawing.h"
#include "tests/support/memory_reader.h"

namespace portpolicy::test {

/// A policy of these files, drawn.
inline drawing::Drawing drawn(std::map<std::string, std::string> files,
                              const std::vector<Direction>& wanted = {Direction::inbound}) {
  MemoryReader reader(std::move(files));
  SourceMap sources;
  Diagnostics diagnostics;
  const auto compiled = compile("policy.yaml", reader, {}, Thoroughness::all, sources, diagnostics);
  REQUIRE(compiled.has_value());
  return drawing::draw(compiled->policy, compiled->graph, diagnostics.sorted(), sources, wanted);
}

/// What is in a group and in those inside it.
inline std::vector<drawing::Node> all_nodes(const std::vector<drawing::Group>& groups) {
  std::vector<drawing::Node> nodes;
  for (const drawing::Group& group : groups) {
    nodes.insert(nodes.end(), group.nodes.begin(), group.nodes.end());
    const std::vector<drawing::Node> inner = all_nodes(group.groups);
    nodes.insert(nodes.end(), inner.begin(), inner.end());
  }
  return nodes;
}

/// Edges of one kind, each as `from>to label`.
inline std::vector<std::string> edges_of(const drawing::Drawing& drawing, drawing::Edge::Kind kind) {
  std::vector<std::string> all;
  for (const drawing::Edge& edge : drawing.edges)
    if (edge.kind == kind) all.push_back(edge.from + ">" + edge.to + (edge.label.empty() ? "" : " " + edge.label));
  std::ranges::sort(all);
  return all;
}

}  // namespace portpolicy::test
