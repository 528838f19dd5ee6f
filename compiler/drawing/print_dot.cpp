#include <algorithm>
#include <string_view>
#include <utility>

#include "compiler/diagnostics/render.h"
#include "compiler/drawing/drawing.h"

namespace portpolicy::drawing {
namespace {

// A quoted string of the language, which takes `\` and quotes for its own, and in labels `&` too: `&lt;` means `<`.
// `line_end` is put behind each line.
std::string quoted(const std::vector<std::string>& lines, std::string_view line_end) {
  std::string text = "\"";
  for (const std::string& line : lines) {
    for (const char c : escaped(line)) {
      if (c == '&') text += "&amp;";
      else {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
    }
    text += line_end;
  }
  return text + "\"";
}

std::string quoted(const std::string& text) {
  return quoted(std::vector{text}, "");
}

// Form and colour say the same twice; the word stands in the node besides.
std::string_view look(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::allow:
      return "shape=box, style=\"rounded,filled\", fillcolor=\"#e4f2e4\", color=\"#3d7a3d\"";
    case Node::Kind::deny:
      return "shape=box, style=filled, penwidth=2, fillcolor=\"#f8e3e0\", color=\"#8f2d20\"";
    case Node::Kind::reject:
      return "shape=box, style=\"filled,diagonals\", penwidth=2, fillcolor=\"#fbeed5\", color=\"#8a6116\"";
    case Node::Kind::files:
      return "shape=folder, style=filled, fillcolor=\"#eeeeee\", color=\"#555555\"";
    case Node::Kind::base:
    case Node::Kind::otherwise:
      return "shape=box, style=\"filled,dashed\", fillcolor=white, color=\"#555555\"";
    case Node::Kind::claim:
      return "shape=note, style=filled, fillcolor=\"#efe4f7\", color=\"#6a2c91\"";
    case Node::Kind::joint:
      return "shape=point, style=invis, width=0, height=0";
  }
  std::unreachable();
}

std::string_view look(Group::Kind kind) {
  switch (kind) {
    case Group::Kind::direction:
      return "style=solid; color=\"#999999\"; fontsize=14;";
    case Group::Kind::tier:
      return "style=dashed; color=\"#777777\"; fontsize=11;";
    case Group::Kind::file:
      return "style=\"rounded,filled\"; fillcolor=\"#f7f7f7\"; color=\"#bbbbbb\"; fontsize=11;";
  }
  std::unreachable();
}

std::string_view colour_of(Code code) {
  switch (code) {
    case Code::conflict:
      return "#c00000";
    case Code::claim_broken:
    case Code::management_broken:
    case Code::test_failed:
      return "#6a2c91";
    case Code::shadowed:
      return "#7a4a1e";
    default:
      break;
  }
  switch (info(code).severity) {
    case Severity::error:
      return "#c00000";
    case Severity::warning:
      return "#b36b00";
    case Severity::note:
      return "#2f6690";
  }
  std::unreachable();
}

std::string finding_look(Code code) {
  const std::string colour(colour_of(code));
  return "color=\"" + colour + "\", fontcolor=\"" + colour + "\", style=dashed, penwidth=2, dir=none";
}

// Findings are seen between the rules as they are laid out, and do not move them.
std::string look(const Edge& edge) {
  switch (edge.kind) {
    case Edge::Kind::next:
    case Edge::Kind::before:
      return "color=\"#444444\"";
    case Edge::Kind::unseen:
      return "style=invis";
    case Edge::Kind::includes:
      return "color=\"#444444\", fontcolor=\"#444444\", arrowhead=empty";
    case Edge::Kind::overrides:
      return "color=\"#1f5fa8\", fontcolor=\"#1f5fa8\", penwidth=2, arrowhead=diamond";
    case Edge::Kind::finding:
      return finding_look(edge.code) + ", constraint=false";
    case Edge::Kind::decides:
      return finding_look(edge.code);
  }
  std::unreachable();
}

void print(const Node& node, const std::string& indent, std::string& text) {
  text += indent + node.id + " [" + std::string(look(node.kind)) + ", label=" + quoted(node.lines, "\\l");
  if (!node.place.empty()) text += ", tooltip=" + quoted(node.place);
  text += "];\n";
}

void print(const Group& group, const std::string& indent, std::string& text) {
  text += indent + "subgraph " + group.id + " {\n";
  const std::string inner = indent + "  ";
  text += inner + "label=" + quoted(group.title) + "; " + std::string(look(group.kind)) + "\n";
  for (const Node& node : group.nodes) print(node, inner, text);
  for (const Group& each : group.groups) print(each, inner, text);
  text += indent + "}\n";
}

void print(const Edge& edge, std::string& text) {
  text += "  " + edge.from + " -> " + edge.to + " [" + look(edge);
  if (!edge.label.empty()) text += ", label=" + quoted(edge.label);
  if (!edge.from_group.empty()) text += ", ltail=" + edge.from_group;
  if (!edge.to_group.empty()) text += ", lhead=" + edge.to_group;
  text += "];\n";
}

}  // namespace

std::string print_dot(const Drawing& drawing) {
  std::string text =
      "digraph portpolicy {\n"
      "  graph [rankdir=TB, compound=true, nodesep=0.35, ranksep=0.3, labeljust=l, fontname=\"Helvetica\", "
      "fontsize=10];\n"
      "  node [fontname=\"Helvetica\", fontsize=10, margin=\"0.12,0.06\", height=0.3];\n"
      "  edge [fontname=\"Helvetica\", fontsize=9, arrowsize=0.7];\n";
  std::vector<std::string> below{drawing.title};
  below.insert(below.end(), drawing.notes.begin(), drawing.notes.end());
  for (const Code code : drawing.codes) below.push_back(to_string(code) + ": " + std::string(info(code).title));
  text += "  label=" + quoted(below, "\\l") + ";\n";
  for (const Group& group : drawing.groups) print(group, "  ", text);
  for (const Edge& edge : drawing.edges) print(edge, text);
  return text + "}\n";
}

}  // namespace portpolicy::drawing
