#include "compiler/diagnostics/diagnostic.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace portpolicy {

void Diagnostics::add(Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  // Warnings are kept: a waiver may still take them out.
  if (diagnostic.severity == Severity::error && errors_ > most_findings) {
    ++not_kept_;
    return;
  }
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::add(Code code, Span where, std::string message, std::string help, std::vector<Label> related) {
  add({.code = code,
       .severity = info(code).severity,
       .message = std::move(message),
       .primary = {where, {}},
       .related = std::move(related),
       .help = std::move(help)});
}

std::size_t Diagnostics::count(Severity severity) const {
  return static_cast<std::size_t>(std::ranges::count(all_, severity, &Diagnostic::severity));
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  const auto key = [](const Diagnostic& finding) {
    return std::tie(finding.primary.where, finding.code, finding.message);
  };
  std::vector<Diagnostic> result = all_;
  std::ranges::stable_sort(result, {}, key);
  const auto same = [&key](const Diagnostic& a, const Diagnostic& b) { return key(a) == key(b); };
  result.erase(std::unique(result.begin(), result.end(), same), result.end());
  std::size_t left_out = not_kept_;
  for (const Severity severity : {Severity::warning, Severity::note}) {
    std::size_t seen = 0;
    left_out += std::erase_if(
        result, [&](const Diagnostic& finding) { return finding.severity == severity && ++seen > most_findings; });
  }
  if (left_out != 0) {
    result.push_back({.code = Code::many_findings,
                      .severity = Severity::note,
                      .message = std::to_string(left_out) + " more findings are not listed",
                      .primary = {{result.back().primary.where.file, 0, 0}, {}}});
  }
  return result;
}

}  // namespace portpolicy
