#pragma once

#include <string>

#include "cli/set_words.h"
#include "compiler/base/packet.h"
#include "compiler/diagnostics/source_map.h"
#include "compiler/graph/graph.h"

namespace portpolicy::cli {

/// `{"verdict","decided_by","file","line","limited","over_limit_verdict"}` on one line.
std::string answer_json(const Graph& graph, const Packet& packet, const SourceMap& sources);

/// The verdict, what decided it with its line, and what was considered on the way there: of each rule what is not true of
/// the packet.
std::string answer_text(const Graph& graph, const SetWords& words, const Packet& packet, const SourceMap& sources);

/// What there is to say of a direction that is not managed.
std::string unmanaged_text(Direction direction);

}  // namespace portpolicy::cli
