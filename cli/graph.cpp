#include "cli/graph.h"

#include <CLI/App.hpp>
#include <algorithm>
#include <vector>

#include "cli/choices.h"
#include "cli/deliver.h"
#include "cli/exit_code.h"
#include "cli/graphviz.h"
#include "compiler/drawing/drawing.h"

namespace portpolicy::cli::graph {

namespace {

std::vector<Direction> wanted_directions(const Options& options) {
  std::vector<Direction> wanted;
  for (const Direction direction : directions)
    if (!options.direction || *options.direction == to_string(direction)) wanted.push_back(direction);
  return wanted;
}

/// Whether the error leaves no graph to draw: all but those of what the rules mean together.
bool leaves_no_graph(const Diagnostic& finding) {
  const auto number = static_cast<unsigned>(finding.code);
  return finding.severity == Severity::error && (number < 300 || number >= 400);
}

}  // namespace

void add(CLI::App& program, Options& options) {
  CLI::App* command = program.add_subcommand("graph", "Draw the rules of a policy and what comes before what");
  cli::add(*command, options.policy);
  command
      ->add_option("--format", options.format,
                   "The language of Graphviz (dot, the default), or an image made by the `dot` of Graphviz")
      ->type_name("dot|svg");
  add_output(*command, options.output);
  command->add_option("--direction", options.direction, "Draw this direction only")->type_name(choice_of(directions));
  command->footer(
      "An arrow leads from what comes first: down the list of a file, from a file to one that it includes, and from a\n"
      "rule to one that it overrides. Dashed lines join rules that a finding is about, conflicts say, and have its\n"
      "code; such findings do not keep a policy from being drawn.\n"
      "\n"
      "Examples:\n"
      "  portpolicy graph policy.yaml --format svg -o policy.svg\n"
      "  portpolicy graph policy.yaml --direction inbound | dot -Tpdf -o policy.pdf\n"
      "\n"
      "Exit codes: 0 done; 1 the policy has errors of syntax or names, so that there is no graph; 2 wrong usage; 3 a\n"
      "file cannot be read or written; 4 SVG is asked for and Graphviz is not there or fails; 70 internal error");
}

int run(const Options& options, Io& io) {
  const auto loaded = load(options.policy, "graph", Thoroughness::all, io);
  if (!loaded) return loaded.error();
  const std::vector<Diagnostic> findings = loaded->diagnostics.sorted();
  if (std::ranges::any_of(findings, leaves_no_graph)) {
    report(findings, loaded->sources, options.policy, io);
    return exit_findings;
  }
  const Compiled& compiled = loaded->compiled;
  std::string text = drawing::print_dot(
      drawing::draw(compiled.policy, compiled.graph, findings, loaded->sources, wanted_directions(options)));
  if (options.format == "svg") {
    Result<std::string> svg = svg_of(text);
    if (!svg) {
      io.err << "portpolicy: cannot draw an image: " << escaped(svg.error().message) << '\n';
      return exit_host;
    }
    text = std::move(*svg);
  }
  return deliver(text, options.output, loaded->sources, "graph", io);
}

}  // namespace portpolicy::cli::graph
