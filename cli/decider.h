#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/diagnostics/source_map.h"
#include "compiler/graph/graph.h"

/// How answers call what decides a packet.
namespace portpolicy::cli {

/// `allow`, or `unmanaged`
std::string_view verdict_word(const Decision& decision);

/// The name of the rule, `base:icmp`, `default` or `unmanaged`: `decided_by` in JSON.
std::string decided_by(const Decision& decision);

/// The place in the policy that says so, if there is one.
std::optional<Span> place(const Graph& graph, const Decision& decision, Direction direction);

/// ` at policy.yaml:12`; empty without a place.
std::string at(const SourceMap& sources, std::optional<Span> where);

/// ``rule `ssh` at policy.yaml:12``
std::string decider(const Graph& graph, const Decision& decision, Direction direction, const SourceMap& sources);

}  // namespace portpolicy::cli
