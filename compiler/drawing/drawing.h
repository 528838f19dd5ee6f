#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/graph.h"

/// The rule graph as a picture: what stands in it, without a word on how it is laid out.
namespace portpolicy::drawing {

struct Node {
  enum class Kind : std::uint8_t {
    allow,
    deny,
    reject,
    files,      ///< the rules of a file together, where there are too many to draw each
    base,       ///< base traffic, which comes before all rules
    otherwise,  ///< the default
    claim,      ///< a test or a claim that does not hold
    joint,      ///< not seen: what is above it comes before what is below it
  } kind = Kind::allow;
  std::string id;
  std::vector<std::string> lines;
  std::string place{};  ///< `policy.yaml:12`
};

/// A frame around nodes and other frames. A tier has files, a direction has tiers, or files where all are of one tier.
struct Group {
  enum class Kind : std::uint8_t { direction, tier, file } kind = Kind::file;
  std::string id;
  std::string title;
  std::vector<Node> nodes{};
  std::vector<Group> groups{};
};

struct Edge {
  enum class Kind : std::uint8_t {
    next,       ///< the next rule of a list
    before,     ///< base before rules, a tier before a tier, all before the default
    unseen,     ///< the same, where another edge shows it
    includes,   ///< from the last rule of a file to the first of one that it includes
    overrides,  ///< as written
    finding,    ///< two rules that take part in a finding together
    decides,    ///< from what decides a packet to the claim that it breaks
  } kind = Kind::next;
  std::string from, to;                  ///< ids of nodes
  std::string from_group{}, to_group{};  ///< the edge ends at the frames of these groups; empty: at the nodes
  std::string label{};
  Code code{};  ///< of a finding
};

struct Drawing {
  std::string title;
  std::vector<std::string> notes;  ///< what stands below the picture
  std::set<Code> codes;            ///< of the findings that are drawn, to be explained there
  std::vector<Group> groups;
  std::vector<Edge> edges;
};

/// So many rules are drawn one by one. Of more, each file is drawn as one node with counts.
inline constexpr std::size_t most_rules = 120;

/// So many tests and claims that do not hold are drawn.
inline constexpr std::size_t most_broken = 20;

/// The rules of `directions`, in order, with their precedence and with those of `findings` that are about rules. Of the
/// precedence only what implies the rest is drawn, so that there are not many more edges than rules.
Drawing draw(const syntax::Policy& policy, const Graph& graph, const std::vector<Diagnostic>& findings,
             const SourceMap& sources, const std::vector<Direction>& directions);

/// The drawing in the language of Graphviz.
std::string print_dot(const Drawing& drawing);

}  // namespace portpolicy::drawing
