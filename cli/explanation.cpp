#include "cli/explanation.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/render.h"

namespace portpolicy::cli {

namespace {

std::string_view verdict_word(const Decision& decision) {
  return decision.verdict ? to_string(*decision.verdict) : "unmanaged";
}

std::string decided_by(const Decision& decision) {
  if (!decision.verdict) return "unmanaged";
  if (decision.base) return "base:" + std::string(to_string(*decision.base));
  return decision.rule != nullptr ? decision.rule->name : "default";
}

/// The place in the policy that says so, if there is one.
std::optional<Span> place(const Graph& graph, const Decision& decision, Direction direction) {
  if (!decision.verdict || decision.base) return std::nullopt;
  return decision.rule != nullptr ? decision.rule->where : graph.section(direction).default_where;
}

std::string at(const SourceMap& sources, std::optional<Span> where) {
  if (!where) return {};
  return " at " + escaped(sources.path(where->file)) + ":" + std::to_string(sources.begin(*where).line);
}

/// ``rule `ssh` at policy.yaml:12``
std::string decider(const Graph& graph, const Decision& decision, Direction direction, const SourceMap& sources) {
  const std::string name =
      decision.rule != nullptr ? "rule `" + escaped(decided_by(decision)) + "`" : decided_by(decision);
  return name + at(sources, place(graph, decision, direction));
}

/// The first part of the rule that is not true of the packet; nothing if the rule matches.
std::string_view mismatch(const Graph& graph, const Selector& selector, const Packet& packet) {
  const auto differs = [&](auto part) {
    Selector only;
    only.*part = selector.*part;
    return !matches(graph, only, packet);
  };
  if (differs(&Selector::transports)) return "other service";
  if (differs(&Selector::source)) return "other source";
  if (differs(&Selector::destination)) return "other destination";
  if (differs(&Selector::in) || differs(&Selector::out)) return "other interface";
  if (differs(&Selector::source_ports)) return "other source port";
  return {};
}

/// What was asked on the way to the verdict, and the answer.
struct Step {
  std::string name;
  std::string answer;
};

std::vector<Step> base_steps(const Graph& graph, const Decision& decision) {
  std::vector<Step> steps;
  for (const Base base : syntax::all_bases) {
    const bool decides = decision.base == base;
    steps.push_back({"base:" + std::string(to_string(base)), decides ? std::string(verdict_word(decision))
                                                             : graph.base.contains(base) ? "no"
                                                                                         : "off"});
    if (decides) break;
  }
  return steps;
}

std::vector<Step> rule_steps(const Graph& graph, const Decision& decision, const Packet& packet,
                             const SourceMap& sources) {
  constexpr std::size_t most = 20;
  const std::vector<Rule>& rules = graph.section(packet.direction).rules;
  const auto asked = [&] {
    const auto found = std::ranges::find_if(rules, [&](const Rule& rule) { return &rule == decision.rule; });
    return static_cast<std::size_t>(found - rules.begin());
  }();
  std::vector<Step> steps;
  const std::size_t first = asked > most ? asked - most : 0;
  if (first != 0) steps.push_back({std::to_string(first) + " rules", "do not match"});
  for (std::size_t i = first; i < asked; ++i) {
    steps.push_back({"rule `" + escaped(rules[i].name) + "`" + at(sources, rules[i].where),
                     std::string(mismatch(graph, rules[i].packets, packet))});
  }
  steps.push_back({decider(graph, decision, packet.direction, sources), std::string(verdict_word(decision))});
  return steps;
}

std::string table(const std::vector<Step>& steps) {
  std::size_t width = 0;
  for (const Step& step : steps) width = std::max(width, step.name.size());
  std::string text;
  for (const Step& step : steps) {
    text += "  " + step.name + std::string(width - step.name.size() + 2, ' ') + step.answer + '\n';
  }
  return text;
}

std::string source_line(const SourceMap& sources, Span where) {
  const std::uint32_t number = sources.begin(where).line;
  constexpr std::size_t widest = 200;
  std::string_view line = sources.line(where.file, number);
  const bool cut = line.size() > widest;
  if (cut) line = line.substr(0, widest);
  return "  " + std::to_string(number) + " | " + escaped(line) + (cut ? "..." : "") + '\n';
}

}  // namespace

std::string answer_json(const Graph& graph, const Packet& packet, const SourceMap& sources) {
  const Decision decision = evaluate(graph, packet, Limits::hold);
  const Decision over = evaluate(graph, packet, Limits::exhausted);
  const std::optional<Span> where = place(graph, decision, packet.direction);
  nlohmann::ordered_json json = {{"verdict", verdict_word(decision)}, {"decided_by", decided_by(decision)}};
  json["file"] = nullptr;
  json["line"] = nullptr;
  if (where) {
    json["file"] = sources.path(where->file);
    json["line"] = sources.begin(*where).line;
  }
  json["limited"] = decision.rule != nullptr && decision.rule->limit.has_value();
  json["over_limit_verdict"] = verdict_word(over);
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string answer_text(const Graph& graph, const Packet& packet, const SourceMap& sources) {
  const Decision decision = evaluate(graph, packet, Limits::hold);
  if (!decision.verdict) {
    return "unmanaged  the policy says nothing of " + std::string(to_string(packet.direction)) +
           " packets, and portpolicy installs nothing for them\n";
  }
  std::string text =
      std::string(verdict_word(decision)) + "  by " + decider(graph, decision, packet.direction, sources) + '\n';
  if (const std::optional<Span> where = place(graph, decision, packet.direction)) text += source_line(sources, *where);
  if (decision.rule != nullptr && decision.rule->limit) {
    const Decision over = evaluate(graph, packet, Limits::exhausted);
    text += "over the limit of " + to_string(*decision.rule->limit) + ": " + std::string(verdict_word(over)) + "  by " +
            decider(graph, over, packet.direction, sources) + '\n';
  }
  text += "\npacket: " + std::string(to_string(packet.direction)) + " " + escaped(to_string(packet)) + '\n';
  std::vector<Step> steps = base_steps(graph, decision);
  if (!decision.base) std::ranges::move(rule_steps(graph, decision, packet, sources), std::back_inserter(steps));
  return text + "considered, in this order:\n" + table(steps);
}

}  // namespace portpolicy::cli
