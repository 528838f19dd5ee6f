#include "compiler/diagnostics/finding_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "compiler/diagnostics/packet_json.h"

namespace portpolicy {

namespace {

nlohmann::ordered_json finding_json(const Diagnostic& finding, const SourceMap& sources) {
  nlohmann::ordered_json json = {
      {"code", to_string(finding.code)}, {"severity", to_string(finding.severity)}, {"message", finding.message}};
  json.update(place_json(sources, finding.primary.where));
  const Position end = sources.end(finding.primary.where);
  json["end_line"] = end.line;
  json["end_column"] = end.column;
  json["related"] = nlohmann::ordered_json::array();
  for (const Label& label : finding.related) {
    nlohmann::ordered_json related = {{"message", label.text}};
    related.update(place_json(sources, label.where));
    json["related"].push_back(std::move(related));
  }
  json["witness"] = finding.witness ? to_json(*finding.witness) : nlohmann::ordered_json();
  if (!finding.help.empty()) json["help"] = finding.help;
  return json;
}

}  // namespace

nlohmann::ordered_json place_json(const SourceMap& sources, Span where) {
  const Position begin = sources.begin(where);
  return {{"file", sources.path(where.file)}, {"line", begin.line}, {"column", begin.column}};
}

nlohmann::ordered_json to_json(const std::vector<Diagnostic>& findings, const SourceMap& sources) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Diagnostic& finding : findings) list.push_back(finding_json(finding, sources));
  return list;
}

std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace portpolicy
