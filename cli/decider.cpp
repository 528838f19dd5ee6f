#include "cli/decider.h"

#include "compiler/diagnostics/render.h"

namespace portpolicy::cli {

std::string_view verdict_word(const Decision& decision) {
  return decision.verdict ? to_string(*decision.verdict) : "unmanaged";
}

std::string decided_by(const Decision& decision) {
  if (!decision.verdict) return "unmanaged";
  if (decision.base) return "base:" + std::string(to_string(*decision.base));
  return decision.rule != nullptr ? decision.rule->name : "default";
}

std::optional<Span> place(const Graph& graph, const Decision& decision, Direction direction) {
  if (!decision.verdict || decision.base) return std::nullopt;
  return decision.rule != nullptr ? decision.rule->where : graph.section(direction).default_where;
}

std::string at(const SourceMap& sources, std::optional<Span> where) {
  if (!where) return {};
  return " at " + escaped(sources.path(where->file)) + ":" + std::to_string(sources.begin(*where).line);
}

std::string decider(const Graph& graph, const Decision& decision, Direction direction, const SourceMap& sources) {
  const std::string name =
      decision.rule != nullptr ? "rule `" + escaped(decided_by(decision)) + "`" : decided_by(decision);
  return name + at(sources, place(graph, decision, direction));
}

}  // namespace portpolicy::cli
